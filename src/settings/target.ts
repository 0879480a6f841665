// The URL and the key of a run, and their sources: flag, then environment, then profile (contract § 1, precedence).
import type { KeyOrigin } from '../connection/lifecycle.ts';
import { CredentialError, UsageError } from '../errors.ts';
import { LINE_FEED } from '../events/scan-constants.ts';
import type { Flags } from '../flags/definition.ts';
import { sayNotCombinable } from '../flags/messages.ts';
import type { SOURCE_FLAGS } from '../flags/shared-flags.ts';
import type { Io } from '../io/io.ts';
import { decodeKey, parseKey } from '../io/key.ts';
import { type Profile, type ProfileFile, profilesPath, readProfileFile } from '../profiles/read.ts';
import { findKeychainEntry, KEYCHAIN_SERVICE } from './keychain.ts';
import * as say from './messages.ts';
import { parseStreamUrl, type StreamUrl } from './stream-url.ts';

export type TargetFlags = Flags<typeof SOURCE_FLAGS>;

/** A value and its source as the user knows it: `--url`, `ATLANTIS_URL`, `profile "main"`. */
interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** Stdin, a file and a command are read later, by `readKey`. */
type KeySource =
  | { readonly kind: 'stdin'; readonly source: string }
  | {
      readonly kind: 'file';
      readonly source: string;
      readonly path: string;
      /** The flag or variable with the path. */
      readonly pathSource: string;
    }
  | { readonly kind: 'given'; readonly source: string; readonly key: string }
  | { readonly kind: 'stored'; readonly source: string; readonly key: string }
  | {
      readonly kind: 'command';
      readonly source: string;
      readonly argv: readonly string[];
      /** The keychain entry that the command reads. */
      readonly keychain?: string;
    };

export interface Target {
  readonly profile: Sourced<Profile> | undefined;
  readonly url: Sourced<StreamUrl> | undefined;
  readonly key: KeySource | undefined;
  readonly warnings: readonly string[];
  /** Names of the stored profiles, if none is active. */
  readonly unused?: readonly string[];
}

/** More than any key and its line end. */
const MAX_LINE_BYTES = 64 * 1024;

/**
 * @throws UsageError for a bad URL, an unknown profile, or a stored key that would go to another origin (P3)
 * @throws StoreError if the store is needed and damaged or unsafe
 */
export function resolveTarget(flags: TargetFlags, io: Io): Target {
  const { env } = io;
  const envUrl = readVariable(env, 'ATLANTIS_URL');
  const envKey = readVariable(env, 'ATLANTIS_API_KEY');
  const envKeyFile = readVariable(env, 'ATLANTIS_API_KEY_FILE');
  const given = flags.profile ?? readVariable(env, 'ATLANTIS_PROFILE');
  const isUrlGiven = flags.url !== undefined || envUrl !== undefined;
  const ownKey = chooseOwnKey(flags, envKey, envKeyFile);
  // If URL and key are given for this run, the store is not read, so its state does not matter (contract F3).
  const isStoreNeeded = given !== undefined || !(isUrlGiven && ownKey !== undefined);
  const reading = isStoreNeeded
    ? readProfileFile(profilesPath(io), io)
    : { file: { current: undefined, profiles: new Map<string, Profile>() }, warnings: [] };
  const profile = chooseProfile(flags, given, reading.file);
  const url = chooseUrl(flags, envUrl, profile);
  const key = ownKey ?? (profile && keyOfProfile(profile.value));
  assertSameOrigin(url, key, profile);
  const unused = profile === undefined ? [...reading.file.profiles.keys()] : [];
  return { profile, url, key, warnings: reading.warnings, unused };
}

/** @param canSimulate whether the command has `--simulate`, for the hint. @throws UsageError */
export function requireUrl(target: Target, canSimulate = false): StreamUrl {
  if (target.url !== undefined) return target.url.value;
  throw new UsageError(...say.sayNoUrl(target.unused ?? [], canSimulate));
}

export function findKeyOrigin({ key, profile }: Target): KeyOrigin | undefined {
  if (key === undefined) return undefined;
  const { source } = key;
  if (key.kind === 'stdin' || key.kind === 'file') return { kind: key.kind, source };
  if (key.kind === 'given') return { kind: 'environment', source };
  const kind = key.kind === 'stored' ? 'profile' : key.keychain === undefined ? 'command' : 'keychain';
  return { kind, source, ...(profile === undefined ? {} : { profile: profile.value.name }) };
}

/**
 * Registers the text with the redactor before it is checked, since a mistyped key is still a secret.
 *
 * @throws CredentialError if there is no key or the text is not a key (contract P2); UsageError if stdin is a terminal
 */
export async function readKey(target: Target, io: Io, signal?: AbortSignal): Promise<string> {
  const { key } = target;
  if (key === undefined) throw new CredentialError(...say.sayNoKey());
  const raw = await readRawKey(key, target.profile?.value, io, signal);
  io.redactor.addSecret(raw.trim());
  return parseKey(raw, key.source);
}

async function readRawKey(
  key: KeySource,
  profile: Profile | undefined,
  io: Io,
  signal?: AbortSignal,
): Promise<string> {
  if (key.kind === 'given' || key.kind === 'stored') return key.key;
  if (key.kind === 'file') {
    const { readKeyFile } = await import('./key-file.ts');
    return readKeyFile(key.path, key.pathSource);
  }
  if (key.kind === 'command') {
    if (key.keychain !== undefined) {
      const { readFromKeychain } = await import('./keychain-store.ts');
      return readFromKeychain(key.argv, profile?.name ?? '', io, signal);
    }
    const { isRelativeProgram, runKeyCommand } = await import('./key-command.ts');
    const { source, argv } = key;
    const [program = ''] = argv;
    if (!isRelativeProgram(program, io.platform)) return runKeyCommand(argv, io, signal);
    // Older versions stored relative paths, which may now lead to another user's program.
    throw new CredentialError(...say.sayRelativeProgram(source, program, profile));
  }
  if (io.isStdinTty) throw new UsageError(...say.sayKeyOnTerminal(say.PROFILE_ADD_ASKS_FOR_KEY));
  return readFirstLine(io.stdin());
}

/**
 * For `--key-stdin` (contract P1).
 *
 * @throws CredentialError if the line is empty or too long, or stdin cannot be read
 */
export async function readFirstLine(stdin: NodeJS.ReadStream): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of stdin) {
      const bytes = Buffer.from(part as Buffer | string);
      const end = bytes.indexOf(LINE_FEED);
      parts.push(end < 0 ? bytes : bytes.subarray(0, end));
      size += bytes.length;
      if (end >= 0 || size > MAX_LINE_BYTES) break;
    }
  } catch {
    throw new CredentialError(...say.sayStdinUnreadable());
  }
  const line = Buffer.concat(parts);
  if (line.length > MAX_LINE_BYTES) throw new CredentialError(...say.sayStdinTooLong());
  const text = decodeKey(line, '--key-stdin');
  if (text.trim() === '') throw new CredentialError(...say.sayStdinEmpty());
  return text;
}

/** An empty variable counts as unset. */
export function readVariable(env: Io['env'], name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

function chooseProfile(
  flags: TargetFlags,
  given: string | undefined,
  file: ProfileFile,
): Sourced<Profile> | undefined {
  const name = given ?? file.current;
  if (name === undefined) return undefined;
  const value = file.profiles.get(name);
  if (given === undefined) return value && { value, source: say.THE_ACTIVE_PROFILE };
  const source = flags.profile !== undefined ? '--profile' : 'ATLANTIS_PROFILE';
  if (value !== undefined) return { value, source };
  throw new UsageError(...say.sayNoProfile(name, [...file.profiles.keys()], source));
}

function chooseUrl(
  flags: TargetFlags,
  envUrl: string | undefined,
  profile: Sourced<Profile> | undefined,
): Sourced<StreamUrl> | undefined {
  const candidates: [raw: string | undefined, source: string][] = [
    [flags.url, '--url'],
    [envUrl, 'ATLANTIS_URL'],
    [profile?.value.url, say.nameProfile(profile?.value.name ?? '')],
  ];
  const [raw, source] = candidates.find(([text]) => text !== undefined) ?? [];
  if (raw === undefined || source === undefined) return undefined;
  return { value: parseStreamUrl(raw, source), source };
}

/** The key given for this run, instead of a stored one. @throws UsageError if two flags or two variables set it */
function chooseOwnKey(
  flags: TargetFlags,
  envKey: string | undefined,
  envKeyFile: string | undefined,
): KeySource | undefined {
  if (flags.keyStdin === true) {
    if (flags.keyFile !== undefined) throw new UsageError(...sayNotCombinable('--key-stdin', '--key-file'));
    return { kind: 'stdin', source: '--key-stdin' };
  }
  if (flags.keyFile !== undefined) return fromFile(flags.keyFile, '--key-file');
  if (envKeyFile === undefined) {
    return envKey === undefined ? undefined : { kind: 'given', source: 'ATLANTIS_API_KEY', key: envKey };
  }
  if (envKey !== undefined) {
    throw new UsageError(...sayNotCombinable('ATLANTIS_API_KEY', 'ATLANTIS_API_KEY_FILE', say.SET_ONE));
  }
  return fromFile(envKeyFile, 'ATLANTIS_API_KEY_FILE');
}

const fromFile = (path: string, pathSource: string): KeySource => ({
  kind: 'file',
  source: `${path} (${pathSource})`,
  path,
  pathSource,
});

export function keyOfProfile({ name, key, keyCommand }: Profile): KeySource | undefined {
  if (key !== undefined) return { kind: 'stored', source: say.nameProfile(name), key };
  if (keyCommand === undefined) return undefined;
  const entry = findKeychainEntry(keyCommand);
  if (entry !== undefined) {
    const { keychain, account } = entry;
    const place = say.describeKeychainEntry(keychain.name, KEYCHAIN_SERVICE, account);
    return { kind: 'command', source: say.nameProfile(name), argv: keyCommand, keychain: place };
  }
  return { kind: 'command', source: say.nameKeyCommandOf(name), argv: keyCommand };
}

/** Whether the key, or the command that prints it, is in the store. */
export const isStored = ({ kind }: KeySource): boolean => kind === 'stored' || kind === 'command';

/** Contract P3: a stored key is only sent to the origin that it was stored with. */
function assertSameOrigin(
  url: Sourced<StreamUrl> | undefined,
  key: KeySource | undefined,
  profile: Sourced<Profile> | undefined,
): void {
  if (url === undefined || key === undefined || profile === undefined) return;
  if (!isStored(key) || url.source === say.nameProfile(profile.value.name)) return;
  const bound = parseStreamUrl(profile.value.url, say.nameProfile(profile.value.name));
  if (bound.origin === url.value.origin) return;
  throw new UsageError(
    ...say.sayForeignOrigin(url.source, url.value.origin, profile.value.name, bound.origin),
  );
}
