// Reads and saves the profiles for a command that shows or changes them.
import { UsageError } from '../../errors.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import {
  isProfileName,
  type Profile,
  type ProfileFile,
  readProfileFile,
  type StoreDraft,
} from '../../profiles/profile-file.ts';
import { profilesPath } from '../../profiles/store-place.ts';
import { parseLogFlags } from '../../settings/stream-config.ts';
import { createReporter, loadLogStyle, type Reporter } from '../../ui/reporter.ts';

/** As `updateStore`, which is loaded here and nowhere else: conf is only for writing. */
export async function saveProfiles<T>(
  { path, reporter }: ProfileContext,
  io: Io,
  change: (draft: StoreDraft) => T,
  options: { mayMoveAside?: boolean } = {},
): Promise<T> {
  const { updateStore } = await import('../../profiles/store.ts');
  const warn = (message: string): void => reporter.report({ event: 'warning', level: 'warn', message });
  const { result, notices } = await updateStore(path, io, change, { ...options, warn });
  notices.forEach(warn);
  return result;
}

/** A name is shown everywhere, a key nowhere. */
const LOOKS_LIKE_KEY = /^ak_(?:live|test)_/;

/** What every profile command begins with. */
export interface ProfileContext {
  /** Where the store is, or undefined without a home. */
  readonly path: string | undefined;
  readonly say: (message: string) => void;
  readonly reporter: Reporter;
}

/** Finds the store and sets up what is said on stderr. @throws UsageError for bad global flags */
export async function openContext(flags: GlobalFlags, io: Io): Promise<ProfileContext> {
  const log = parseLogFlags(flags, io);
  const reporter = createReporter(io, log, await loadLogStyle(log));
  return {
    path: profilesPath(io.env, io.platform, io.homeDirectory()),
    reporter,
    say: (message) => reporter.report({ event: 'profile', level: 'info', message }),
  };
}

/** Reads the store, warns of loose modes, and tells the redactor its keys. @throws StoreError */
export function readProfiles({ path, reporter }: ProfileContext, io: Io): ProfileFile {
  const { file, warnings } = readProfileFile(path, io);
  for (const { key } of file.profiles.values()) if (key !== undefined) io.redactor.addSecret(key);
  for (const message of warnings) reporter.report({ event: 'warning', level: 'warn', message });
  return file;
}

/** The profile of that name. @throws UsageError naming those that there are */
export function requireProfile(file: ProfileFile, name: string): Profile {
  const profile = file.profiles.get(name);
  if (profile !== undefined) return profile;
  throw missingProfile(name, [...file.profiles.keys()]);
}

/** What to say where there is no profile of that name. */
export function missingProfile(name: string, known: readonly string[]): UsageError {
  const hint =
    known.length === 0
      ? 'there are none yet: add one with atlantis profile add <name>'
      : `there are: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}`;
  return new UsageError(`no profile "${shorten(name)}"`, hint);
}

/** Checks a name that the user gave. @throws UsageError */
export function assertProfileName(name: string): void {
  if (LOOKS_LIKE_KEY.test(name)) {
    throw new UsageError(
      'a key was given where the name of a profile belongs',
      'keys are never given as words: see atlantis profile add --help',
    );
  }
  if (isProfileName(name)) return;
  throw new UsageError(
    `invalid profile name "${shorten(name)}"`,
    'accepted: 1 to 64 letters, digits, dots, dashes, underscores',
  );
}

const shorten = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name);
