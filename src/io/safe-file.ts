// Opens files where another user may have prepared something else: a link to one of our files, a pipe without a
// reader, a forged file. Writes a whole file in one step, so that a reader sees the old content or the new.
//
// The rule (docs/security.md): a link, pipe or file that is already there must belong to this user or to root.
// Owners are not checked on Windows, nor in /dev and /proc, where only the system makes entries.
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, sep } from 'node:path';
import { OutputError } from '../errors.ts';
import { processUid } from './io.ts';

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
    if (staged !== undefined) removeQuietly(staged);
    throw describeWriteFault(what, path, error);
  }
}

/**
 * Checks at the start of a run that `writeWholeFile` can write at the end of it.
 *
 * @throws OutputError (exit 9), also if the folder does not exist
 */
export function assertWritable(path: string, what: string): void {
  try {
    findReplaceable(path);
  } catch (error) {
    throw describeWriteFault(what, path, error);
  }
}

/** The error for the user (exit 9): a file that the user named could not be written. */
export function describeWriteFault(what: string, path: string, error: unknown): OutputError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new OutputError(`${what} "${path}" could not be written (${code})`, adviseOnFolder(path, error));
}

/** The hint for a missing folder. Folders are not created: a path may be misspelled, or a disk not mounted. */
export function adviseOnFolder(path: string, error: unknown): string | undefined {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return isMissing ? `create the folder first: mkdir -p ${JSON.stringify(dirname(path))}` : undefined;
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
  if (stats?.isDirectory() === true) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
  if (stats === undefined || stats.isFile()) {
    accessSync(dirname(place.path), constants.W_OK);
    return place.path;
  }
  assertTrusted(stats);
  return undefined;
}

/** Windows has neither. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
/** Opens a regular file for reading: no link is followed, and no pipe is waited for. */
export const READ_ONLY = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
/** Opens a file for reading and appending, and makes it where there is none. */
export const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

const MAX_LINKS = 40;
const SYSTEM_FOLDER = /^\/(dev|dev\/(fd|pts)|proc\/.+)$/;

/** Why something is not opened. Messages show the `code` of an error: here it is the reason in words. */
function refusal(reason: string, hint?: string): Error {
  return Object.assign(new Error(reason), { code: reason, hint });
}

/** True for what belongs to this user or to root. */
export function isTrusted({ uid }: Stats): boolean {
  const own = processUid();
  return own === undefined || uid === own || uid === 0;
}

/** Where a path leads. */
export interface Place {
  /** Not a link, unless it is one of the system's that leads to an open file, such as /proc/self/fd/1. */
  readonly path: string;
  /** It is in /dev or /proc. */
  readonly isSystem: boolean;
}

/**
 * Follows the links of a path that the user named, also one that leads to nothing yet.
 *
 * @throws an error whose code is the reason if a link belongs to another user; the system's error
 */
export function resolvePlace(path: string): Place {
  let place = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const folder = realpathSync(dirname(place));
    const isSystem = SYSTEM_FOLDER.test(folder);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    const isLink = stats?.isSymbolicLink() === true;
    // A link in /proc leads to an open file, for which there need not be a path.
    if (!isLink || folder.startsWith('/proc/')) return { path: place, isSystem };
    if (!isSystem && !isTrusted(stats)) throw refusal('it is a link that belongs to another user');
    const target = readlinkSync(place);
    place = isAbsolute(target) ? target : folder + sep + target;
  }
  throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
}

/**
 * Opens a file, pipe or device that the user named, without waiting for a pipe's other end.
 *
 * @throws an error whose code is the reason if another user may have put it there; the system's error
 */
export function openNamedFile(path: string, flags: number, mode: number): number {
  const place = resolvePlace(path);
  const fd = openSync(place.path, flags | O_NONBLOCK | (place.isSystem ? 0 : O_NOFOLLOW), mode);
  return check(fd, (stats) => {
    if (place.isSystem) return;
    // A regular file that another user made for us, as GitHub's runner does, is only written to.
    if (stats.isFile()) assertOneName(stats);
    else assertTrusted(stats);
  });
}

/**
 * Opens a regular file in a folder of ours.
 *
 * @throws an error whose code is the reason if another user may have put it there; the system's error
 */
export function openOwnFile(path: string, flags: number): number {
  const isLink = (): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (O_NOFOLLOW === 0 && isLink()) throw refusal('it is a symbolic link');
  let fd: number;
  try {
    fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    throw isLink() ? refusal('it is a symbolic link') : error;
  }
  return check(fd, (stats) => {
    if (!stats.isFile()) throw refusal('it is not a regular file');
    assertTrusted(stats);
    assertOneName(stats);
  });
}

/** @throws an error whose code is the reason unless it belongs to this user or to root */
export function assertTrusted(stats: Stats): void {
  if (!isTrusted(stats)) throw refusal('it belongs to another user');
}

function assertOneName(stats: Stats): void {
  if (stats.nlink > 1) throw refusal('it is a hard link to another file');
}

function check(fd: number, assertSafe: (stats: Stats) => void): number {
  try {
    assertSafe(fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
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

/**
 * @param isShared others may add folders of their own to it
 * @throws an error whose code is the reason if another user could change what is in the folder; the system's error
 */
export function assertOwnFolder(path: string, isShared: boolean): void {
  const stats = statSync(resolvePlace(path).path);
  if (!stats.isDirectory()) throw refusal('it is not a folder');
  if (!isTrusted(stats)) {
    throw refusal('it belongs to another user', 'give a folder of your own, or run atlantis as its owner');
  }
  if (!isShared && processUid() !== undefined && (stats.mode & 0o002) !== 0) {
    throw refusal('every user can write to it', `run: chmod o-w ${JSON.stringify(path)}`);
  }
}
