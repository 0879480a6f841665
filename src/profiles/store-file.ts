// Reads and checks a file of the store: the profiles, or the settings of `atlantis config`.
//
// Nothing is ever written (contract F3). Messages never contain any part of the content, not even a name (contract F4).
import { closeSync, constants, fstatSync, lstatSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { StoreError, UsageError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { platformOf } from '../io/platform.ts';
import { openToRead, readAtMost } from '../io/read-file.ts';
import { systemCode } from '../io/system-error.ts';
import { isUtf16 } from '../io/text-encoding.ts';
import { describePosition, findJsonFault } from './json-fault.ts';
import * as say from './messages.ts';
import {
  checkDirectory,
  checkFile,
  checkParents,
  findMountedStore,
  findRepair,
  hasOwners,
  refuseSystemDirectory,
  type StoreReader,
} from './permissions.ts';

export type JsonObject = Record<string, unknown>;

/** The store can be read, but its content is not valid (contract F4). */
export class DamagedStoreError extends StoreError {}

export const STORE_FILES = ['profiles.json', 'config.json'] as const;
type StoreFileName = (typeof STORE_FILES)[number];

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Undefined without a home directory.
 *
 * Linux and other Unix: `$XDG_CONFIG_HOME/atlantis` or `~/.config/atlantis` (XDG Base Directory: a relative
 * value is ignored); macOS: `~/Library/Preferences/atlantis`; Windows: `%APPDATA%\atlantis\Config`.
 *
 * @throws UsageError if ATLANTIS_CONFIG_DIR is not an absolute path.
 */
export function storePath(
  name: StoreFileName,
  { env, platform, homeDirectory }: Pick<Io, 'env' | 'platform' | 'homeDirectory'>,
): string | undefined {
  const { path, findConfigDirectory } = platformOf(platform);
  const chosen = env['ATLANTIS_CONFIG_DIR'];
  if (chosen !== undefined && chosen !== '') {
    if (!path.isAbsolute(chosen)) throw new UsageError(...say.sayConfigDirectoryRelative());
    return path.join(chosen, name);
  }
  const home = homeDirectory();
  const directory = findConfigDirectory(env, home !== undefined && path.isAbsolute(home) ? home : undefined);
  return directory && path.join(directory, name);
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export type Fail = (why: string) => DamagedStoreError;

/** Removes a byte order mark. @throws DamagedStoreError from `fail` for anything but a JSON object in UTF-8 */
export function parseObject(bytes: Buffer, fail: Fail): JsonObject {
  if (bytes.length === 0) throw fail(say.DAMAGE.empty);
  if (isUtf16(bytes)) throw fail(say.DAMAGE.utf16);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail(say.DAMAGE.notUtf8);
  }
  const fault = findJsonFault(text);
  if (fault !== undefined) throw fail(say.DAMAGE.notJson(describePosition(text, fault)));
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw fail(say.DAMAGE.notObject);
  return value;
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function openStore(path: string, what: string): number {
  const noFollow = constants.O_NOFOLLOW as number | undefined;
  // Windows has no O_NOFOLLOW, so the path is checked first.
  if (noFollow === undefined && isLink(path)) {
    throw new StoreError(...say.sayStoreIsLink(what, path));
  }
  try {
    return openToRead(path, noFollow);
  } catch (error) {
    if (!isLink(path)) throw error;
    throw new StoreError(...say.sayStoreIsLink(what, path));
  }
}

interface StoreBytes {
  readonly bytes: Buffer;
  readonly warnings: readonly string[];
  /** The file belongs to root or is mounted, so it must not be written. */
  readonly isReadOnly: boolean;
}

/**
 * Undefined if there is no file. The open file is checked, not its path. A symbolic link is not followed, except in a
 * mounted Kubernetes secret.
 *
 * @param what the name of the file in messages
 * @throws StoreError if the file cannot be read, is not a regular file, or may have been written by another user
 */
export function readStoreBytes(path: string, reader: StoreReader, what: string): StoreBytes | undefined {
  const directory = platformOf(reader.platform).path.dirname(path);
  let fd: number | undefined;
  try {
    const mounted = hasOwners(reader) && isLink(path) ? findMountedStore(path) : undefined;
    const parent = mounted === undefined ? directory : posix.dirname(mounted);
    checkDirectory(parent, statSync(parent), reader);
    fd = openStore(mounted ?? path, what);
    checkParents(parent, reader);
    const stats = fstatSync(fd);
    const warnings = checkFile(path, stats, reader, what);
    const isReadOnly = mounted !== undefined || (hasOwners(reader) && stats.uid !== reader.uid);
    return { bytes: readAtMost(fd, MAX_FILE_BYTES), warnings: isReadOnly ? [] : warnings, isReadOnly };
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof StoreError || code === undefined) throw error;
    // ENOTDIR: a home such as /dev/null, for users without one.
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (hasOwners(reader)) refuseSystemDirectory(directory);
      return undefined;
    }
    if (code === 'EFBIG') throw new StoreError(...say.sayNotAStore(what, say.NOT_A_STORE.tooLarge, path));
    throw new StoreError(...say.sayUnreadable(what, path, error, findRepair(path, reader)));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
