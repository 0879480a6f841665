// Files that are there whole or not at all: written beside their place, then moved into it.
//
// What stands there before stays untouched until then. A place that is no regular file (/dev/stdout, a pipe)
// is written to as it is: nothing may take its place.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { OutputError } from '../errors.ts';
import { assertTrusted, openNamedFile, resolvePlace } from './safe-file.ts';

/**
 * Writes `text` to `path`; a link of this user is followed.
 *
 * @param what what the message calls the file, such as `the ready file`
 * @throws OutputError (exit 9) naming the path and the code of the fault
 */
export function writeWholeFile(path: string, text: string, what: string): void {
  let staged: string | undefined;
  try {
    const place = findReplaceable(path);
    if (place === undefined) {
      writeSpecial(path, text);
      return;
    }
    // Not by the process id: in a container it is often the same, and a killed run may have left its file.
    staged = `${place}.${randomBytes(6).toString('hex')}.tmp`;
    writeFileSync(staged, text, { flag: 'wx' });
    renameSync(staged, place);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (staged !== undefined) removeQuietly(staged);
    throw new OutputError(`${what} "${path}" could not be written (${code})`);
  }
}

/** What cannot be removed, such as what could not even be made, is no second fault (Node 26 would throw). */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

/** Does not wait for a reader of a pipe: that would hold the process, and with it every signal. */
function writeSpecial(path: string, text: string): void {
  const fd = openNamedFile(path, constants.O_WRONLY | constants.O_APPEND, 0o666);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/**
 * Where the file is that another one may take the place of, or will be; undefined for anything else, such as a pipe,
 * or a file that is open as /dev/stdout.
 *
 * @throws an error whose code is the reason if another user may have put something else there; the system's error
 */
export function findReplaceable(path: string): string | undefined {
  const place = resolvePlace(path);
  const stats = statSync(place.path, { throwIfNoEntry: false });
  if (place.isSystem) return undefined;
  if (stats === undefined || stats.isFile()) return place.path;
  assertTrusted(stats);
  return undefined;
}
