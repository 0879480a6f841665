// Opens the profile store for reading and refuses what another user may have written (contract F1, row 49).
//
// What is checked is what is read: one open file, never a second look by path; a link in its place is not followed.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { posix, win32 } from 'node:path';
import { StoreError } from '../errors.ts';
import { findMountedStore, hintAtDenial, refuseSystemFolder } from './root-owned.ts';
import {
  checkWay,
  hasOwners,
  OWN_DIRECTORY_HINT,
  quotePath,
  type Reader,
  refuseSharedWriting,
} from './store-place.ts';

const MAX_FILE_BYTES = 1024 * 1024;

/** The code of a failed system call, such as ENOENT; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Refuses a directory in which someone else could put another file in the store's place.
 *
 * @throws StoreError (contract F1, row 49).
 */
export function checkDirectory(directory: string, stats: Stats, reader: Reader): void {
  if (!stats.isDirectory()) throw new StoreError(`${directory} is not a directory`);
  if (!hasOwners(reader)) return;
  if (stats.uid !== reader.uid && stats.uid !== 0) {
    throw new StoreError(
      `the directory of the profiles belongs to another user: ${directory}`,
      OWN_DIRECTORY_HINT,
    );
  }
  refuseSharedWriting('the directory of the profiles', directory, stats, reader);
}

/** Refuses what is not a plain file of the reader's own or of root's; warns if others can read the reader's. */
function checkFile(path: string, stats: Stats, reader: Reader): string[] {
  if (stats.isDirectory()) throw new StoreError(`the profile store is a directory: ${path}`);
  if (!stats.isFile()) throw new StoreError(`the profile store is not a plain file: ${path}`);
  if (stats.size > MAX_FILE_BYTES) throw new StoreError(`the profile store is larger than 1 MiB: ${path}`);
  if (!hasOwners(reader)) return [];
  if (stats.uid !== reader.uid && stats.uid !== 0) {
    throw new StoreError(`the profile store belongs to another user: ${path}`, OWN_DIRECTORY_HINT);
  }
  refuseSharedWriting('the profile store', path, stats, reader);
  // Root made its own file readable on purpose, as for a container.
  if (stats.uid !== reader.uid || (stats.mode & 0o077) === 0) return [];
  return [`other users of this machine can read the keys in ${path}: run chmod 600 ${quotePath(path)}`];
}

/** Reads an open file to its end, or to the limit. */
function readAll(fd: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
    total += count;
    if (total > MAX_FILE_BYTES) throw new StoreError('the profile store is larger than 1 MiB');
  }
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function openStore(path: string): number {
  const noFollow = constants.O_NOFOLLOW as number | undefined;
  // Windows cannot refuse a link on opening; a look at the path first is the best there is.
  if (noFollow === undefined && isLink(path)) {
    throw new StoreError(`the profile store is a symbolic link: ${path}`);
  }
  // Without O_NONBLOCK a FIFO in the store's place would hang here until somebody writes to it.
  return openSync(path, constants.O_RDONLY | (noFollow ?? 0) | (constants.O_NONBLOCK ?? 0));
}

/** What reading gave. */
export interface StoreBytes {
  readonly bytes: Buffer;
  /** About its mode. */
  readonly warnings: readonly string[];
  /** It is root's, or mounted, and not to be written. */
  readonly isReadOnly: boolean;
}

/**
 * The bytes of the store, or undefined if there is none.
 *
 * @throws StoreError if it cannot be read, is not a plain file, or another user may have written it.
 */
export function readStoreBytes(path: string, reader: Reader): StoreBytes | undefined {
  const directory = (reader.platform === 'win32' ? win32 : posix).dirname(path);
  let fd: number | undefined;
  try {
    const mounted = hasOwners(reader) && isLink(path) ? findMountedStore(path) : undefined;
    const place = mounted === undefined ? directory : posix.dirname(mounted);
    checkDirectory(place, statSync(place), reader);
    fd = openStore(mounted ?? path);
    checkWay(place, reader);
    const stats = fstatSync(fd);
    const warnings = checkFile(path, stats, reader);
    const isReadOnly = mounted !== undefined || (hasOwners(reader) && stats.uid !== reader.uid);
    return { bytes: readAll(fd), warnings: isReadOnly ? [] : warnings, isReadOnly };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = systemCode(error);
    if (code === undefined) throw error;
    // ENOTDIR: a home such as /dev/null, which is how some say that there is none.
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (hasOwners(reader)) refuseSystemFolder(directory);
      return undefined;
    }
    if (code === 'ELOOP' || code === 'EMLINK') {
      throw new StoreError(
        `the profile store is a symbolic link, which is not followed: ${path}`,
        'set ATLANTIS_CONFIG_DIR to the directory that holds the file',
      );
    }
    const isDenied = code === 'EACCES' || code === 'EPERM';
    throw new StoreError(
      `the profile store cannot be read (${code}): ${path}`,
      isDenied
        ? hintAtDenial(path, reader, `make it readable for this user, or ${OWN_DIRECTORY_HINT}`)
        : undefined,
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
