// What the profile commands share: messages on stderr, the store, and how a profile is shown.
import { UsageError } from '../../errors.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { keyPrefix, looksLikeKey } from '../../io/key.ts';
import type { StoreDraft } from '../../profiles/draft.ts';
import {
  isProfileName,
  type Profile,
  type ProfileFile,
  profilesPath,
  readProfileFile,
} from '../../profiles/read.ts';
import { findKeychainEntry } from '../../settings/keychain.ts';
import { nameProfile, sayNoProfile } from '../../settings/messages.ts';
import { parseLogFlags } from '../../settings/stream-config.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { createReporter, loadLogStyle, type Reporter } from '../../ui/reporter.ts';
import { CELLS, sayInvalidName, sayKeyAsName } from './messages.ts';

/** Loads `updateStore` only here, because it needs the package conf. */
export async function saveProfiles<T>(
  { path, warn }: ProfileContext,
  io: Io,
  change: (draft: StoreDraft) => T,
  options: { mayMoveAside?: boolean } = {},
): Promise<T> {
  const { updateStore } = await import('../../profiles/write.ts');
  const { result, notices } = await updateStore(path, io, change, { ...options, warn });
  notices.forEach(warn);
  return result;
}

export interface ProfileContext {
  /** Path of the store, or undefined without a home directory. */
  readonly path: string | undefined;
  readonly reporter: Reporter;
  readonly say: (message: string) => void;
  readonly warn: (message: string) => void;
}

/** @throws UsageError for invalid global flags */
export async function openContext(flags: GlobalFlags, io: Io): Promise<ProfileContext> {
  const log = parseLogFlags(flags, io);
  const reporter = createReporter(io, log, await loadLogStyle(log));
  return {
    path: profilesPath(io),
    reporter,
    say: (message) => reporter.report({ event: 'profile', level: 'info', message }),
    warn: (message) => reporter.report({ event: 'warning', level: 'warn', message }),
  };
}

/** Also warns about unsafe modes and registers the keys with the redactor. @throws StoreError */
export function readProfiles({ path, warn }: ProfileContext, io: Io): ProfileFile {
  const { file, warnings } = readProfileFile(path, io);
  for (const { key } of file.profiles.values()) if (key !== undefined) io.redactor.addSecret(key);
  warnings.forEach(warn);
  return file;
}

/** @throws UsageError that lists the existing profiles */
export function requireProfile(file: ProfileFile, name: string): Profile {
  const profile = file.profiles.get(name);
  if (profile !== undefined) return profile;
  throw missingProfile(name, [...file.profiles.keys()]);
}

export function missingProfile(name: string, known: readonly string[]): UsageError {
  return new UsageError(...sayNoProfile(name, known));
}

/** @throws UsageError */
export function assertProfileName(name: string): void {
  if (looksLikeKey(name)) throw new UsageError(...sayKeyAsName());
  if (!isProfileName(name)) throw new UsageError(...sayInvalidName(name));
}

/** A profile for `--json`; its field names are part of the contract. */
interface ProfileRecord {
  readonly name: string;
  readonly current: boolean;
  /** Base URL; null if the stored URL is not valid. */
  readonly url: string | null;
  readonly key_source: 'stored' | 'command' | 'keychain';
  /** Prefix of a stored key. */
  readonly key_prefix?: string;
  /** Program of a key command, without its arguments. */
  readonly key_command?: string;
  /** Name of the keychain, and of the entry in it. */
  readonly keychain?: string;
  readonly keychain_account?: string;
}

export function describeProfile(profile: Profile, current: string | undefined): ProfileRecord {
  const { name, key, keyCommand } = profile;
  const common = { name, current: name === current, url: describeUrl(profile.url, name) };
  if (keyCommand === undefined) {
    return { ...common, key_source: 'stored', key_prefix: keyPrefix(key ?? '') };
  }
  const entry = findKeychainEntry(keyCommand);
  if (entry === undefined) return { ...common, key_source: 'command', key_command: keyCommand[0] ?? '' };
  const { keychain, account } = entry;
  return { ...common, key_source: 'keychain', keychain: keychain.name, keychain_account: account };
}

export function describeKey({ key_prefix, key_command, keychain }: ProfileRecord): string {
  if (keychain !== undefined) return CELLS.keychain(keychain);
  return key_prefix === undefined ? CELLS.command(key_command) : `${key_prefix}…`;
}

function describeUrl(url: string, name: string): string | null {
  try {
    return parseStreamUrl(url, nameProfile(name)).base;
  } catch {
    return null;
  }
}
