// Refuses a profile store if another user could write to it or to a directory on its path (contract F1; docs/faults.md,
// rows 49, 63). A profile can name a program to run, and another user could have planted the profile.
//
// Owners and modes are not checked on Windows, where they mean nothing.
import { lstatSync, readFileSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { posix } from 'node:path';
import { StoreError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { platformOf } from '../io/platform.ts';
import * as say from './messages.ts';

export type StoreReader = Pick<Io, 'platform' | 'uid' | 'homeDirectory'>;

const GROUP_AND_OTHERS_WRITE = 0o022;
const GROUP_WRITE = 0o020;
/** In a directory with this bit, only the owner of an entry can replace it. */
const STICKY = 0o1000;
/** The limit of Linux (path_resolution(7)). */
const MAX_LINKS = 40;

export const hasOwners = ({ platform, uid }: StoreReader): boolean =>
  platformOf(platform).hasOwners && uid !== undefined;

const belongsToOther = ({ uid }: Stats, reader: StoreReader): boolean => uid !== reader.uid && uid !== 0;

/** @throws StoreError if the group or others can write to the file or directory */
function refuseSharedWriting(what: string, path: string, stats: Stats, reader: StoreReader): void {
  if ((stats.mode & GROUP_AND_OTHERS_WRITE) === 0) return;
  const isRepairable = stats.uid === reader.uid && (stats.mode & STICKY) === 0;
  throw new StoreError(...say.sayWritableByOthers(what, path, isRepairable));
}

/** @throws StoreError if another user owns or can write to the directory (contract F1; docs/faults.md, row 49) */
export function checkDirectory(directory: string, stats: Stats, reader: StoreReader): void {
  if (!stats.isDirectory()) throw new StoreError(...say.sayNotADirectory(directory));
  if (!hasOwners(reader)) return;
  if (belongsToOther(stats, reader)) {
    throw new StoreError(...say.sayBelongsToOther(say.CHECKED.directory, directory, stats.uid));
  }
  refuseSharedWriting(say.CHECKED.directory, directory, stats, reader);
}

/**
 * @returns a warning if others can read the file
 * @throws StoreError unless it is a regular file of the reader or of root, and only its owner can write to it
 */
export function checkFile(path: string, stats: Stats, reader: StoreReader, what: string): string[] {
  if (stats.isDirectory()) throw new StoreError(...say.sayNotAStore(what, say.NOT_A_STORE.directory, path));
  if (!stats.isFile()) throw new StoreError(...say.sayNotAStore(what, say.NOT_A_STORE.notRegular, path));
  if (!hasOwners(reader)) return [];
  if (belongsToOther(stats, reader)) {
    throw new StoreError(...say.sayBelongsToOther(what, path, stats.uid));
  }
  refuseSharedWriting(what, path, stats, reader);
  // Root made its own file readable on purpose, for example for a container.
  if (stats.uid !== reader.uid || (stats.mode & 0o077) === 0) return [];
  return [say.sayReadableByOthers(path)];
}

/**
 * Directories above the home are not checked, because a user who can replace the home controls everything in it.
 *
 * @throws StoreError if another user owns, or can write to, a directory or link on the path
 */
export function checkParents(directory: string, reader: StoreReader): void {
  if (!hasOwners(reader)) return;
  const homes = listHomes(reader.homeDirectory());
  visitParents(directory, (place, stats) => {
    if (homes.some((home) => home.startsWith(`${place}/`))) return;
    if (belongsToOther(stats, reader)) {
      throw new StoreError(...say.sayParentOfOther(place, stats.uid, reader.uid === 0));
    }
    if (stats.isSymbolicLink() || (stats.mode & STICKY) !== 0) return;
    if ((stats.mode & GROUP_AND_OTHERS_WRITE) === GROUP_WRITE && isOwnGroup(stats.gid)) return;
    refuseSharedWriting(say.CHECKED.parent, place, stats, reader);
  });
}

/** Visits the existing directories and links on a path and on its link targets. @returns the path without links */
function visitParents(path: string, visit: (place: string, stats: Stats) => void, links = 0): string {
  if (links > MAX_LINKS) throw Object.assign(new Error(), { code: 'ELOOP' });
  let at = '/';
  for (const name of path.split('/').filter((part) => part !== '')) {
    const place = posix.join(at, name);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) return place;
    visit(place, stats);
    if (!stats.isSymbolicLink()) {
      at = place;
      continue;
    }
    const target = readlinkSync(place);
    // The path is not normalized: after a link, `..` is the parent of the link's target.
    at = visitParents(posix.isAbsolute(target) ? target : `${at}/${target}`, visit, links + 1);
  }
  return at;
}

function listHomes(home: string | undefined): readonly string[] {
  if (home === undefined) return [];
  const named = posix.resolve(home);
  try {
    return [named, realpathSync(named)];
  } catch {
    return [named];
  }
}

function isOwnGroup(gid: number): boolean {
  try {
    const [groups, users] = ['/etc/group', '/etc/passwd'].map((path) => readFileSync(path, 'utf8'));
    return isPrivateGroup(gid, userInfo().username, groups ?? '', users ?? '');
  } catch {
    return false;
  }
}

/**
 * A private group has the name of its only member. Most Linux systems create one for each user, and many let it write
 * to the user's new files by default.
 *
 * @param groups the text of /etc/group (group(5))
 * @param users the text of /etc/passwd (passwd(5))
 */
export function isPrivateGroup(gid: number, user: string, groups: string, users: string): boolean {
  const readFields = (text: string): string[][] => text.split('\n').map((line) => line.split(':'));
  const named = readFields(groups).filter(([, , id]) => id === String(gid));
  const isOthersPrimary = readFields(users).some(([name, , , id]) => id === String(gid) && name !== user);
  return (
    named.length > 0 &&
    !isOthersPrimary &&
    named.every(([name, , , members = '']) => name === user && (members === '' || members === user))
  );
}

/**
 * The path of the file in a mounted Kubernetes secret; undefined for any other link. Kubernetes mounts a secret as a
 * link of root to a file below the same directory.
 */
export function findMountedStore(path: string): string | undefined {
  if (lstatSync(path).uid !== 0) return undefined;
  const target = readlinkSync(path);
  const isInside = !posix.isAbsolute(target) && !target.split('/').includes('..') && target.includes('/');
  return isInside ? posix.join(posix.dirname(path), target) : undefined;
}

/** The chown command for the first file or directory of root on `path`, below the home. Undefined if there is none. */
export function findRepair(path: string, reader: StoreReader): string | undefined {
  const home = reader.homeDirectory();
  if (home === undefined || !hasOwners(reader) || reader.uid === 0) return undefined;
  const below = posix.relative(home, path);
  if (below === '' || below.startsWith('..')) return undefined;
  let place = home;
  for (const name of below.split('/')) {
    place = posix.join(place, name);
    try {
      if (lstatSync(place).uid === 0) return say.chownCommand(reader.uid, place);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

export function unwritableStore(path: string, reader: StoreReader, what: string): StoreError {
  const repair = lstatSync(path).isSymbolicLink() ? undefined : findRepair(path, reader);
  return new StoreError(...say.sayReadOnly(what, path, repair));
}

/** The warning for a new store that was created with sudo; undefined without sudo. */
export function describeNewOwner(
  directory: string,
  reader: StoreReader,
  sudoUid: string | undefined,
): string | undefined {
  if (reader.uid !== 0 || sudoUid === undefined || !/^[1-9]\d*$/.test(sudoUid)) return undefined;
  return say.sayCreatedWithSudo(directory, sudoUid);
}

/** Refuses a directory in /proc or /sys, where no file can be created. @throws StoreError */
export function refuseSystemDirectory(directory: string): void {
  let place = directory;
  for (;;) {
    try {
      place = realpathSync(place);
      break;
    } catch {
      if (posix.dirname(place) === place) return;
      place = posix.dirname(place);
    }
  }
  if (!/^\/(?:proc|sys)(?:\/|$)/.test(place)) return;
  throw new StoreError(...say.sayNotStorable(directory));
}
