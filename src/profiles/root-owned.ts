// A profile store that root owns: either mounted read-only into a container, or created with sudo.
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { StoreError } from '../errors.ts';
import { giveTo, sayCreatedWithSudo, sayNotStorable, sayReadOnly } from './messages.ts';
import { hasOwners, type StoreReader } from './permissions.ts';

/**
 * The path of the file if the store is a mounted Kubernetes secret, otherwise undefined. In such a mount, the store is a
 * link owned by root to a file below the same directory, through another link that is replaced when the secret changes.
 *
 * @param path that of a symbolic link
 */
export function findMountedStore(path: string): string | undefined {
  if (lstatSync(path).uid !== 0) return undefined;
  const target = readlinkSync(path);
  const isInside = !posix.isAbsolute(target) && !target.split('/').includes('..') && target.includes('/');
  return isInside ? posix.join(posix.dirname(path), target) : undefined;
}

/** The command that gives the user the files in the home directory that root owns; undefined if there are none. */
export function findRepair(path: string, reader: StoreReader): string | undefined {
  const home = reader.homeDirectory();
  if (home === undefined || !hasOwners(reader) || reader.uid === 0) return undefined;
  const below = posix.relative(home, path);
  if (below === '' || below.startsWith('..')) return undefined;
  let place = home;
  for (const name of below.split('/')) {
    place = posix.join(place, name);
    try {
      if (lstatSync(place).uid === 0) return giveTo(reader.uid, place);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The error for commands that would write to a store that root owns. */
export function refuseWriting(path: string, reader: StoreReader, what: string): StoreError {
  const repair = lstatSync(path).isSymbolicLink() ? undefined : findRepair(path, reader);
  return new StoreError(...sayReadOnly(what, path, repair));
}

/** The warning for a new store that was created with sudo; undefined without sudo. */
export function describeNewOwner(
  directory: string,
  reader: StoreReader,
  sudoUid: string | undefined,
): string | undefined {
  if (reader.uid !== 0 || sudoUid === undefined || !/^[1-9]\d*$/.test(sudoUid)) return undefined;
  return sayCreatedWithSudo(directory, sudoUid);
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
  throw new StoreError(...sayNotStorable(directory));
}
