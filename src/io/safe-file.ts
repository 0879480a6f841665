// Opens and replaces files where another user may have planted a link, a pipe or a forged file.
//
// The rules are in docs/security.md. Owners are not checked on Windows. No rule applies in /dev and /proc, where only
// the system creates entries.
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
import { adviseOnMode, OWN_DIRECTORY_OR_OWNER, sayNotWritten, UNSAFE } from './messages.ts';

/**
 * Replaces a file in one step, so that a reader sees the old content or the new.
 *
 * @param what the name of the file in the message, such as `the ready file`
 * @throws OutputError (exit 9)
 */
export function writeWholeFile(path: string, text: string, what: string): void {
  let staged: string | undefined;
  try {
    const place = findReplaceable(path);
    if (place === undefined) {
      appendText(path, text);
      return;
    }
    // Not named after the process id: in a container, a killed run often had the same id.
    staged = `${place}.${randomBytes(6).toString('hex')}.tmp`;
    writeFileSync(staged, text, { flag: 'wx' });
    renameSync(staged, place);
  } catch (error) {
    if (staged !== undefined) removeQuietly(staged);
    throw describeWriteFault(what, path, error);
  }
}

/**
 * Checks early whether `writeWholeFile` can write.
 *
 * @throws OutputError (exit 9), also if its directory does not exist
 */
export function assertWritable(path: string, what: string): void {
  try {
    findReplaceable(path);
  } catch (error) {
    throw describeWriteFault(what, path, error);
  }
}

export function describeWriteFault(what: string, path: string, error: unknown): OutputError {
  return new OutputError(...sayNotWritten(what, path, error));
}

/** Ignores errors: the file may not exist (Node 26 would throw). */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

/** Does not wait for a reader of a pipe, which would block signals. @throws as `openNamedFile` */
export function appendText(path: string, text: string): void {
  const fd = openNamedFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o666);
  try {
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** Undefined for what cannot be replaced, such as a pipe or stdout. @throws an `unsafeError`, or the system's error */
export function findReplaceable(path: string): string | undefined {
  const place = resolvePlace(path);
  const stats = statSync(place.path, { throwIfNoEntry: false });
  if (place.isSystem) return undefined;
  if (stats?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' });
  if (stats === undefined || stats.isFile()) {
    accessSync(dirname(place.path), constants.W_OK);
    return place.path;
  }
  assertTrusted(stats);
  return undefined;
}

/** Windows has neither of these flags. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
/** Neither follows links nor waits for a pipe. */
export const READ_ONLY = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
export const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

const MAX_LINKS = 40;
const SYSTEM_DIRECTORY = /^\/(dev|dev\/(fd|pts)|proc\/.+)$/;

/** For a file that another user may have planted. Messages show the `code` of an error, so the code is the reason. */
function unsafeError(reason: string, hint?: string): Error {
  return Object.assign(new Error(reason), { code: reason, hint });
}

/** True for this user and for root. */
export function isTrusted({ uid }: Stats): boolean {
  const own = processUid();
  return own === undefined || uid === own || uid === 0;
}

export interface Place {
  /** Not a link, except one in /proc to an open file, such as /proc/self/fd/1. */
  readonly path: string;
  /** In /dev or /proc. */
  readonly isSystem: boolean;
}

/**
 * The file need not exist. A link is followed only in /dev, or with `isDirectory`.
 *
 * @param isDirectory follow a link of this user or of root, such as the link that systemd creates for a state directory
 * @throws an `unsafeError` for a link that is not followed, or the system's error
 */
export function resolvePlace(path: string, isDirectory = false): Place {
  let place = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const directory = realpathSync(dirname(place));
    const isSystem = SYSTEM_DIRECTORY.test(directory);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    const isLink = stats?.isSymbolicLink() === true;
    // The target of a link in /proc is an open file, which may have no path.
    if (!isLink || directory.startsWith('/proc/')) return { path: place, isSystem };
    if (!isSystem && !isDirectory) throw unsafeError(UNSAFE.link);
    if (!isSystem && !isTrusted(stats)) throw unsafeError(UNSAFE.linkOfOther(stats.uid));
    const target = readlinkSync(place);
    place = isAbsolute(target) ? target : directory + sep + target;
  }
  throw Object.assign(new Error(), { code: 'ELOOP' });
}

/** Does not wait for the other end of a pipe. @throws an `unsafeError`, or the system's error */
export function openNamedFile(path: string, flags: number, mode: number): number {
  const place = resolvePlace(path);
  const fd = openSync(place.path, flags | O_NONBLOCK | (place.isSystem ? 0 : O_NOFOLLOW), mode);
  return check(fd, (stats) => {
    if (place.isSystem) return;
    // Another user may create a regular file for us to write to, as GitHub's runner does.
    if (stats.isFile()) assertNoHardLink(stats);
    else assertTrusted(stats);
  });
}

/** For regular files in our own directories. @throws an `unsafeError`, or the system's error */
export function openOwnFile(path: string, flags: number): number {
  const isLink = (): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (O_NOFOLLOW === 0 && isLink()) throw unsafeError(UNSAFE.link);
  let fd: number;
  try {
    fd = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (error) {
    throw isLink() ? unsafeError(UNSAFE.link) : error;
  }
  return check(fd, (stats) => {
    if (!stats.isFile()) throw unsafeError(UNSAFE.notRegular);
    assertTrusted(stats, OWN_DIRECTORY_OR_OWNER);
    assertNoHardLink(stats);
  });
}

/** @throws an `unsafeError`, unless `isTrusted` */
export function assertTrusted(stats: Stats, hint?: string): void {
  if (!isTrusted(stats)) throw unsafeError(UNSAFE.ofOther(stats.uid), hint);
}

function assertNoHardLink(stats: Stats): void {
  if (stats.nlink > 1) throw unsafeError(UNSAFE.hardLink);
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

/** Also creates parents. Node's own recursive mkdir never returns in /proc. @throws the system's error */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const isWithoutParent = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;
    if (!isWithoutParent || statSync(dirname(path), { throwIfNoEntry: false }) !== undefined) throw error;
    makeDirectory(dirname(path));
    makeDirectory(path);
  }
}

/**
 * @param isShared other users may add their own directories to it
 * @throws an `unsafeError` if another user could change the content of the directory, or the system's error
 */
export function assertOwnDirectory(path: string, isShared: boolean): void {
  const stats = statSync(resolvePlace(path, true).path);
  if (!stats.isDirectory()) throw unsafeError(UNSAFE.notDirectory);
  assertTrusted(stats, OWN_DIRECTORY_OR_OWNER);
  if (!isShared && processUid() !== undefined && (stats.mode & 0o002) !== 0) {
    throw unsafeError(UNSAFE.writable, adviseOnMode(path));
  }
}
