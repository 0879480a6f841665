// A profile store that root owns: either mounted into a container and read-only, or created by a command under sudo.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { StoreError } from '../errors.ts';
import { hasOwners, OWN_DIRECTORY_HINT, quotePath, type Reader } from './store-place.ts';

/**
 * The path of the file if the store is mounted as a Kubernetes secret: a link owned by root to a file further down in the
 * same directory, through another link that Kubernetes replaces when the secret changes. Else undefined.
 *
 * @param path that of a symbolic link
 */
export function findMountedStore(path: string): string | undefined {
  if (lstatSync(path).uid !== 0) return undefined;
  const target = readlinkSync(path);
  const isInside = !posix.isAbsolute(target) && !target.split('/').includes('..') && target.includes('/');
  return isInside ? posix.join(posix.dirname(path), target) : undefined;
}

/** The command that gives the user files in the home directory that root owns; undefined if there are none. */
function findRepair(path: string, reader: Reader): string | undefined {
  const home = reader.homeDirectory();
  if (home === undefined || !hasOwners(reader) || reader.uid === 0) return undefined;
  const way = posix.relative(home, path);
  if (way === '' || way.startsWith('..')) return undefined;
  let place = home;
  for (const name of way.split('/')) {
    place = posix.join(place, name);
    try {
      if (lstatSync(place).uid === 0) return `sudo chown -R ${reader.uid} ${quotePath(place)}`;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The hint for a permission error: files of root in the home directory come from a command under sudo. */
export function hintAtDenial(path: string, reader: Reader, otherwise: string): string {
  const repair = findRepair(path, reader);
  return repair === undefined ? otherwise : `root owns it, as after a command with sudo; run: ${repair}`;
}

/** The error for commands that write to a store of root. */
export function refuseWriting(path: string, reader: Reader): StoreError {
  const repair = lstatSync(path).isSymbolicLink() ? undefined : findRepair(path, reader);
  const other = `to keep profiles of your own, ${OWN_DIRECTORY_HINT}`;
  return new StoreError(
    `the profile store belongs to root and can only be read: ${path}`,
    repair === undefined
      ? `change it where it comes from, such as the secret that is mounted here; ${other}`
      : `if a command with sudo made it, run: ${repair}; ${other}`,
  );
}

/** The warning for a new store that was created under sudo; undefined without sudo. */
export function describeNewOwner(
  directory: string,
  reader: Reader,
  sudoUid: string | undefined,
): string | undefined {
  if (reader.uid !== 0 || !/^[1-9]\d*$/.test(sudoUid ?? '')) return undefined;
  const repair = `sudo chown -R ${sudoUid} ${quotePath(directory)}`;
  return `${directory} was made under sudo and belongs to root; to use it without sudo, run: ${repair}`;
}

/** Refuses a directory in /proc or /sys, where no file can be created. @throws StoreError */
export function refuseSystemFolder(directory: string): void {
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
  throw new StoreError(`no profiles can be kept in ${directory}`, OWN_DIRECTORY_HINT);
}
