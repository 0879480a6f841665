// What every profile command needs: its messages on stderr, and the store.
import { UsageError } from '../../errors.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { looksLikeKey } from '../../io/key.ts';
import type { StoreDraft } from '../../profiles/draft.ts';
import {
  isProfileName,
  type Profile,
  type ProfileFile,
  profilesPath,
  readProfileFile,
} from '../../profiles/read.ts';
import { sayNoProfile } from '../../settings/messages.ts';
import { parseLogFlags } from '../../settings/stream-config.ts';
import { createReporter, loadLogStyle, type Reporter } from '../../ui/reporter.ts';
import { sayInvalidName, sayKeyAsName } from './messages.ts';

/** Calls `updateStore`, which is only loaded here: conf is only needed for writing. */
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

/** Reads the store, warns about unsafe modes, and registers the keys with the redactor. @throws StoreError */
export function readProfiles({ path, warn }: ProfileContext, io: Io): ProfileFile {
  const { file, warnings } = readProfileFile(path, io);
  for (const { key } of file.profiles.values()) if (key !== undefined) io.redactor.addSecret(key);
  warnings.forEach(warn);
  return file;
}

/** The profile of that name. @throws UsageError that lists the existing ones */
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
