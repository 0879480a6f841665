// Opens files where another user may have prepared something else: a link to one of our files, a pipe without a
// reader, a forged file.
import { constants, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { processUid } from '../io.ts';

/** Windows has neither. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
/** Opens a regular file for reading: no link is followed, and no pipe is waited for. */
export const READ_ONLY = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** True for what belongs to this user or to root. */
export function isTrusted({ uid }: Stats): boolean {
  const own = processUid();
  return own === undefined || uid === own || uid === 0;
}

/**
 * Makes a folder with mode 0700, and the folders above it where they are missing. Node's own way to do that never
 * returns in /proc.
 *
 * @throws the system's error
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const isWithoutParent = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;
    if (!isWithoutParent || statSync(dirname(path), { throwIfNoEntry: false }) !== undefined) throw error;
    makeFolder(dirname(path));
    makeFolder(path);
  }
}
