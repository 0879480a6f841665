// Files that are there whole or not at all: written beside their place, then moved into it.
//
// What stands there before stays untouched until then. A place that is no regular file (/dev/stdout, a pipe)
// is written to as it is: nothing may take its place.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { OutputError } from '../errors.ts';

/**
 * Writes `text` to `path`; a link is followed.
 *
 * @param what what the message calls the file, such as `the ready file`
 * @throws OutputError (exit 9) naming the path and the code of the fault
 */
export function writeWholeFile(path: string, text: string, what: string): void {
  let staged: string | undefined;
  try {
    const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false;
    if (isSpecial) {
      writeSpecial(path, text);
      return;
    }
    const place = findPlace(path);
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

/** Not a moment of waiting: a pipe that nobody reads would hold the process, and with it every signal. */
function writeSpecial(path: string, text: string): void {
  const fd = openSync(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0));
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Where a link leads to; the path itself where nothing is there yet. */
function findPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
