// Changes the store for a profile command, and tells what came of it besides.
import type { Io } from '../../io/io.ts';
import type { StoreDraft } from '../../profiles/profile-file.ts';
import type { ProfileContext } from './read.ts';

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
