// Where to connect and with which key: flag, then environment, then profile (contract § 1, precedence), and
// which of them won.
//
// A key that is stored is bound to its profile's origin (contract P3).
import type { KeyOrigin } from '../connection/lifecycle.ts';
import { CredentialError, UsageError } from '../errors.ts';
import type { Flags } from '../flags/definition.ts';
import type { SOURCE_FLAGS } from '../flags/shared-flags.ts';
import type { Io } from '../io/io.ts';
import { parseKey } from '../io/key.ts';
import { type Profile, type ProfileFile, readProfileFile } from '../profiles/profile-file.ts';
import { profilesPath } from '../profiles/store-place.ts';
import { isRelativeProgram } from './key-program.ts';
import { parseStreamUrl, type StreamUrl } from './stream-url.ts';

export type TargetFlags = Flags<typeof SOURCE_FLAGS>;

/** A value and where it came from, in the user's words: `--url`, `ATLANTIS_URL`, `profile "main"`. */
interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** Where the key will come from; it is not read yet. */
export type KeySource =
  | { readonly kind: 'stdin'; readonly source: string }
  | { readonly kind: 'given'; readonly source: string; readonly key: string }
  | { readonly kind: 'command'; readonly source: string; readonly argv: readonly string[] };

export interface Target {
  readonly profile: Sourced<Profile> | undefined;
  readonly url: Sourced<StreamUrl> | undefined;
  readonly key: KeySource | undefined;
  /** Warnings about the store, whole sentences for stderr. */
  readonly warnings: readonly string[];
  /** Names of the stored profiles, where none of them is in use. */
  readonly unused?: readonly string[];
}

const URL_HINT =
  'there is no default: give --url <url>, set ATLANTIS_URL, or store one with `atlantis profile add <name>`';
const USE_HINT =
  'no profile is in use: choose one with `atlantis profile use <name>`, give --url <url>, or set ATLANTIS_URL; there are';
/** A key that is typed there would be shown. */
export const KEY_ON_TERMINAL = '--key-stdin reads a pipe or a file, not a terminal';
const SIMULATE_HINT = '; `--simulate` needs none';
const KEY_HINT =
  'store one with `atlantis profile add <name>`, set ATLANTIS_API_KEY, or pipe it in with --key-stdin';

/**
 * Resolves profile, URL and the source of the key; reads nothing secret but the store.
 *
 * @throws UsageError for a bad URL, an unknown profile, or a stored key that would go to another origin (P3)
 * @throws StoreError if the store is needed and damaged or unsafe
 */
export function resolveTarget(flags: TargetFlags, io: Io): Target {
  const { env } = io;
  const envUrl = readVariable(env, 'ATLANTIS_URL');
  const envKey = readVariable(env, 'ATLANTIS_API_KEY');
  const given = flags.profile ?? readVariable(env, 'ATLANTIS_PROFILE');
  const ownsUrl = flags.url !== undefined || envUrl !== undefined;
  const ownsKey = flags.keyStdin === true || envKey !== undefined;
  // With both given for this run the store has nothing to say, and its state is no matter (contract F3).
  const isStoreNeeded = given !== undefined || !(ownsUrl && ownsKey);
  const reading = isStoreNeeded
    ? readProfileFile(profilesPath(env, io.platform, io.homeDirectory()), io)
    : { file: { current: undefined, profiles: new Map<string, Profile>() }, warnings: [] };
  const profile = chooseProfile(flags, given, reading.file);
  const url = chooseUrl(flags, envUrl, profile);
  const key = chooseKey(flags, envKey, profile);
  assertSameOrigin(url, key, profile);
  const unused = profile === undefined ? [...reading.file.profiles.keys()] : [];
  return { profile, url, key, warnings: reading.warnings, unused };
}

/**
 * The URL, or the error that says where one can come from.
 *
 * @param canSimulate whether the command has --simulate, which needs none. @throws UsageError
 */
export function requireUrl(target: Target, canSimulate = false): StreamUrl {
  if (target.url !== undefined) return target.url.value;
  const { unused = [] } = target;
  const hint = unused.length === 0 ? URL_HINT : `${USE_HINT}: ${unused.slice(0, 5).join(', ')}`;
  throw new UsageError(
    'no URL: the base URL that came with your key',
    canSimulate ? hint + SIMULATE_HINT : hint,
  );
}

/** Where the key comes from, for messages about a key that is refused. */
export function findKeyOrigin({ key, profile }: Target): KeyOrigin | undefined {
  if (key === undefined) return undefined;
  const { source } = key;
  if (key.kind === 'stdin') return { kind: 'stdin', source };
  if (!isStored(key)) return { kind: 'environment', source };
  const kind = key.kind === 'command' ? 'command' : 'profile';
  return { kind, source, ...(profile === undefined ? {} : { profile: profile.value.name }) };
}

/**
 * Reads the key from its source, and registers it with the redactor before anything else is done with it.
 *
 * @throws CredentialError when there is none, or what was found is not a key (contract P2); UsageError for a
 *   terminal in the place of a pipe
 */
export async function readKey(target: Target, io: Io, signal?: AbortSignal): Promise<string> {
  const { key } = target;
  if (key === undefined) throw new CredentialError('no API key', KEY_HINT);
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
  if (key.kind === 'given') return key.key;
  if (key.kind === 'command') {
    refuseRelativeCommand(key, profile, io);
    const { runKeyCommand } = await import('./key-command.ts');
    return runKeyCommand(key.argv, io, signal);
  }
  // It would be shown while it is typed, and nothing would ask for it.
  if (io.isStdinTty) {
    throw new UsageError(
      KEY_ON_TERMINAL,
      '`atlantis profile add <name>` asks for a key, unseen, and keeps it',
    );
  }
  const { readFirstLine } = await import('./first-line.ts');
  return readFirstLine(io.stdin());
}

/** Older versions stored a relative path as it was given: by now it could lead to the program of someone else. */
function refuseRelativeCommand(
  { source, argv: [program = ''] }: KeySource & { readonly kind: 'command' },
  profile: Profile | undefined,
  io: Io,
): void {
  if (!isRelativeProgram(program, io.platform)) return;
  throw new CredentialError(
    `${source} has a relative path, ${program}, which leads to another program in another directory`,
    `store it again with an absolute path: atlantis profile add ${profile?.name} --force --url ${profile?.url} --key-command <absolute path> <arguments>`,
  );
}

/** An empty variable counts as unset. */
function readVariable(env: Io['env'], name: string): string | undefined {
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
  const profile = file.profiles.get(name);
  if (profile === undefined) {
    const source =
      flags.profile !== undefined ? '--profile' : given !== undefined ? 'ATLANTIS_PROFILE' : 'the store';
    const known = [...file.profiles.keys()];
    const hint =
      known.length === 0
        ? 'add one with `atlantis profile add <name>`'
        : `known: ${known.slice(0, 20).join(', ')}`;
    if (given === undefined) return undefined;
    throw new UsageError(`no profile "${name.slice(0, 64)}" (from ${source})`, hint);
  }
  const source =
    flags.profile !== undefined ? '--profile' : given !== undefined ? 'ATLANTIS_PROFILE' : 'the one in use';
  return { value: profile, source };
}

function chooseUrl(
  flags: TargetFlags,
  envUrl: string | undefined,
  profile: Sourced<Profile> | undefined,
): Sourced<StreamUrl> | undefined {
  const raw = flags.url ?? envUrl ?? profile?.value.url;
  if (raw === undefined) return undefined;
  const source =
    flags.url !== undefined
      ? '--url'
      : envUrl !== undefined
        ? 'ATLANTIS_URL'
        : `profile "${profile?.value.name ?? ''}"`;
  return { value: parseStreamUrl(raw, source), source };
}

function chooseKey(
  flags: TargetFlags,
  envKey: string | undefined,
  profile: Sourced<Profile> | undefined,
): KeySource | undefined {
  if (flags.keyStdin === true) return { kind: 'stdin', source: '--key-stdin' };
  if (envKey !== undefined) return { kind: 'given', source: 'ATLANTIS_API_KEY', key: envKey };
  if (profile === undefined) return undefined;
  const { name, key, keyCommand } = profile.value;
  if (key !== undefined) return { kind: 'given', source: `profile "${name}"`, key };
  if (keyCommand !== undefined) {
    return { kind: 'command', source: `the key command of profile "${name}"`, argv: keyCommand };
  }
  return undefined;
}

/** Whether a profile holds the key or the command that prints it. */
function isStored({ source }: KeySource): boolean {
  return source.includes('profile "');
}

/** Contract P3: a stored key goes to the origin that it was stored with, and nowhere else. */
function assertSameOrigin(
  url: Sourced<StreamUrl> | undefined,
  key: KeySource | undefined,
  profile: Sourced<Profile> | undefined,
): void {
  if (url === undefined || key === undefined || profile === undefined) return;
  if (!isStored(key) || url.source.startsWith('profile "')) return;
  const bound = parseStreamUrl(profile.value.url, `profile "${profile.value.name}"`);
  if (bound.origin === url.value.origin) return;
  throw new UsageError(
    `${url.source} points to ${url.value.origin}, but the key of profile "${profile.value.name}" belongs to ${bound.origin}`,
    'give the key for this run with ATLANTIS_API_KEY or --key-stdin, or add a profile for that URL',
  );
}
