// Where the profile store is. Refuses a place for the profile store that other users could write to, as ssh does (contract F1, rows 49, 63):
// what is read there may be planted, and a profile can name a program to run.
//
// Owners and modes are not checked on Windows, where they mean nothing.
import { lstatSync, readFileSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { posix, win32 } from 'node:path';
import { StoreError, UsageError } from '../errors.ts';

/** Name of the store inside its directory. */
const FILE_NAME = 'profiles.json';

/**
 * The path of the profile store, or undefined if there is no place for one (no home directory).
 *
 * Linux and other Unix: `$XDG_CONFIG_HOME/atlantis` or `~/.config/atlantis` (XDG Base Directory: a relative
 * value is ignored); macOS: `~/Library/Preferences/atlantis`; Windows: `%APPDATA%\atlantis\Config`.
 *
 * @throws UsageError if ATLANTIS_CONFIG_DIR is set to something that is not an absolute path.
 */
export function profilesPath(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  homeDirectory: string | undefined,
): string | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const absolute = (value: string | undefined): string | undefined =>
    value !== undefined && path.isAbsolute(value) ? value : undefined;

  const chosen = env['ATLANTIS_CONFIG_DIR'];
  if (chosen !== undefined && chosen !== '') {
    if (!path.isAbsolute(chosen)) {
      throw new UsageError(
        'ATLANTIS_CONFIG_DIR is not an absolute path',
        'accepted: the absolute path of a directory; profiles are never read from the working directory',
      );
    }
    return path.join(chosen, FILE_NAME);
  }
  const home = absolute(homeDirectory);
  if (platform === 'win32') {
    const roaming = absolute(env['APPDATA']) ?? (home && path.join(home, 'AppData', 'Roaming'));
    return roaming && path.join(roaming, 'atlantis', 'Config', FILE_NAME);
  }
  if (platform === 'darwin') {
    return home && path.join(home, 'Library', 'Preferences', 'atlantis', FILE_NAME);
  }
  const config = absolute(env['XDG_CONFIG_HOME']) ?? (home && path.join(home, '.config'));
  return config && path.join(config, 'atlantis', FILE_NAME);
}

/** Who is reading, for the checks of owner and mode. */
export interface Reader {
  readonly platform: NodeJS.Platform;
  /** Undefined on Windows, where owners and modes are not checked. */
  readonly uid: number | undefined;
  homeDirectory(): string | undefined;
}

export const OWN_DIRECTORY_HINT = 'set ATLANTIS_CONFIG_DIR to a directory of your own';

const GROUP_AND_OTHERS_WRITE = 0o022;
const GROUP_WRITE = 0o020;
/** In such a directory only the owner of an entry can replace it. */
const STICKY = 0o1000;
/** More than the kernel follows. */
const MAX_LINKS = 40;

/** A path for messages, quoted for a shell where it needs to be. */
export const quotePath = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;

/** True where the checks of owner and mode mean something. */
export const hasOwners = (reader: Reader): boolean => reader.platform !== 'win32' && reader.uid !== undefined;

/**
 * Refuses a file or directory that its group or others can write to.
 *
 * @param what it is, for the message. @throws StoreError with the command that repairs it
 */
export function refuseSharedWriting(what: string, path: string, stats: Stats, reader: Reader): void {
  if ((stats.mode & GROUP_AND_OTHERS_WRITE) === 0) return;
  const isRepairable = stats.uid === reader.uid && (stats.mode & STICKY) === 0;
  throw new StoreError(
    `other users can write to ${what}: ${path}`,
    isRepairable
      ? `check that nothing in it was planted, then run: chmod go-w ${quotePath(path)}`
      : OWN_DIRECTORY_HINT,
  );
}

/**
 * Refuses a directory that others could replace, because they own a directory or link on the way to it or can write
 * to one. Directories above the home are left out: who can replace the home has everything in it already.
 *
 * @throws StoreError
 */
export function checkWay(directory: string, reader: Reader): void {
  if (!hasOwners(reader)) return;
  const homes = listHomes(reader.homeDirectory());
  follow(directory, (place, stats) => {
    if (homes.some((home) => home.startsWith(`${place}/`))) return;
    if (stats.uid !== reader.uid && stats.uid !== 0) {
      throw new StoreError(
        `the way to the profile store belongs to another user: ${place}`,
        reader.uid === 0
          ? `run atlantis as its owner, without sudo, or ${OWN_DIRECTORY_HINT}`
          : OWN_DIRECTORY_HINT,
      );
    }
    if (stats.isSymbolicLink() || (stats.mode & STICKY) !== 0) return;
    if ((stats.mode & GROUP_AND_OTHERS_WRITE) === GROUP_WRITE && isOwnGroup(stats.gid)) return;
    refuseSharedWriting('a directory on the way to the profile store', place, stats, reader);
  });
}

/**
 * Looks at each place on the way to a path, as far as that exists; links are followed, and the ways to their targets
 * looked at too. Returns the path without links.
 */
function follow(path: string, look: (place: string, stats: Stats) => void, links = 0): string {
  if (links > MAX_LINKS) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
  let at = '/';
  for (const name of path.split('/').filter((part) => part !== '')) {
    const place = posix.join(at, name);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) return place;
    look(place, stats);
    if (!stats.isSymbolicLink()) {
      at = place;
      continue;
    }
    const target = readlinkSync(place);
    // Joined and not resolved: `..` means the parent of where a link leads.
    at = follow(posix.isAbsolute(target) ? target : `${at}/${target}`, look, links + 1);
  }
  return at;
}

/** The home directory as it is named and, if that differs, as it is without links. */
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
 * Whether a group is the private one of a user, as most Linux systems give each user one and let it write by default:
 * named like the user, and nobody else is in it.
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
