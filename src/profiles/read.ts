// Reads and checks the profile store, as every command does at its start.
//
// No conf, no lock, and nothing is ever written (contract F3). Messages contain the path and a position, never any part
// of the content, not even a name (contract F4).
import { closeSync, constants, fstatSync, lstatSync, openSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { StoreError, UsageError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { isKey } from '../io/key.ts';
import { platformOf } from '../io/platform.ts';
import { readAtMost } from '../io/read-file.ts';
import { isUtf16 } from '../io/text-encoding.ts';
import { describePosition, findJsonFault } from './json-fault.ts';
import {
  DAMAGE,
  NOT_A_STORE,
  sayConfigDirectoryRelative,
  sayDamaged,
  sayNewerVersion,
  sayNoHomeDirectory,
  sayNotAStore,
  sayStoreIsLink,
  sayUnreadable,
} from './messages.ts';
import { checkDirectory, checkFile, checkParents, hasOwners, type StoreReader } from './permissions.ts';
import { findMountedStore, findRepair, refuseSystemFolder } from './root-owned.ts';

/** A stored profile. It has a key or the command that prints one, never both. */
export interface Profile {
  readonly name: string;
  /** As stored; parse it with `parseStreamUrl`. */
  readonly url: string;
  readonly key?: string;
  /** Program and arguments, run without a shell (contract P1). */
  readonly keyCommand?: readonly string[];
}

/** The content of the store. */
export interface ProfileFile {
  /** Name of the active profile, which may not exist. */
  readonly current: string | undefined;
  /** In the order of the file. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** The store as parsed, with fields of newer versions. */
export type JsonObject = Record<string, unknown>;

/** The store can be read, but its content is not a profile store (contract F4). */
export class DamagedStoreError extends StoreError {}

/** Version of the format that this program reads and writes. */
export const FORMAT_VERSION = 1;

const FILE_NAME = 'profiles.json';
const MAX_FILE_BYTES = 1024 * 1024;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The path of the profile store, or undefined without a home directory.
 *
 * Linux and other Unix: `$XDG_CONFIG_HOME/atlantis` or `~/.config/atlantis` (XDG Base Directory: a relative
 * value is ignored); macOS: `~/Library/Preferences/atlantis`; Windows: `%APPDATA%\atlantis\Config`.
 *
 * @throws UsageError if ATLANTIS_CONFIG_DIR is not an absolute path.
 */
export function profilesPath({
  env,
  platform,
  homeDirectory,
}: Pick<Io, 'env' | 'platform' | 'homeDirectory'>): string | undefined {
  const { path, findConfigDirectory } = platformOf(platform);
  const chosen = env['ATLANTIS_CONFIG_DIR'];
  if (chosen !== undefined && chosen !== '') {
    if (!path.isAbsolute(chosen)) throw new UsageError(...sayConfigDirectoryRelative());
    return path.join(chosen, FILE_NAME);
  }
  const home = homeDirectory();
  const directory = findConfigDirectory(env, home !== undefined && path.isAbsolute(home) ? home : undefined);
  return directory && path.join(directory, FILE_NAME);
}

/** The error where `profilesPath` is undefined. */
export function noHomeDirectory(): StoreError {
  return new StoreError(...sayNoHomeDirectory());
}

/** True for a name that a profile may have (contract F1). */
export function isProfileName(name: string): boolean {
  return NAME.test(name);
}

/** True for a program with its arguments. */
export function isCommand(value: unknown): value is readonly string[] {
  const isArgument = (part: unknown): boolean => typeof part === 'string' && !part.includes('\0');
  return Array.isArray(value) && value.every(isArgument) && value[0] !== undefined && value[0] !== '';
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Fail = (why: string) => DamagedStoreError;

/** Decodes strictly, without replacement characters, and removes a byte order mark. */
function decode(bytes: Buffer, fail: Fail): JsonObject {
  if (bytes.length === 0) throw fail(DAMAGE.empty);
  if (isUtf16(bytes)) throw fail(DAMAGE.utf16);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail(DAMAGE.notUtf8);
  }
  const fault = findJsonFault(text);
  if (fault !== undefined) throw fail(DAMAGE.notJson(describePosition(text, fault)));
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw fail(DAMAGE.notObject);
  return value;
}

function readProfile(name: string, value: unknown, fail: Fail): Profile {
  if (!isProfileName(name)) throw fail(DAMAGE.profileName);
  if (!isObject(value)) throw fail(DAMAGE.profileNotObject);
  const { url, key, keyCommand } = value;
  if (typeof url !== 'string') throw fail(DAMAGE.url);
  if (key !== undefined && keyCommand !== undefined) throw fail(DAMAGE.bothKeys);
  if (keyCommand !== undefined) {
    if (!isCommand(keyCommand)) throw fail(DAMAGE.keyCommand);
    return { name, url, keyCommand };
  }
  if (typeof key !== 'string' || !isKey(key)) throw fail(DAMAGE.key);
  return { name, url, key };
}

/**
 * Parses the content of the store; `json` is the same with unknown fields.
 *
 * @throws DamagedStoreError with path and position only; StoreError if a newer version wrote it.
 */
export function parseProfiles(bytes: Buffer, path: string): { file: ProfileFile; json: JsonObject } {
  const fail: Fail = (why) => new DamagedStoreError(...sayDamaged(why, path));
  const json = decode(bytes, fail);
  const { version, current, profiles } = json;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw fail(DAMAGE.version);
  }
  if (version > FORMAT_VERSION) throw new StoreError(...sayNewerVersion(path));
  if (current !== undefined && typeof current !== 'string') throw fail(DAMAGE.current);
  if (!isObject(profiles)) throw fail(DAMAGE.profiles);
  const read = Object.entries(profiles).map(([name, value], index): [string, Profile] => [
    name,
    readProfile(name, value, (why) => fail(DAMAGE.profile(index + 1, why))),
  ]);
  return { file: { current, profiles: new Map(read) }, json };
}

/** The code of a failed system call, such as ENOENT; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function openStore(path: string): number {
  const noFollow = constants.O_NOFOLLOW as number | undefined;
  // Windows has no O_NOFOLLOW, so the path is checked first.
  if (noFollow === undefined && isLink(path)) {
    throw new StoreError(...sayStoreIsLink(path));
  }
  // O_NONBLOCK, since opening a FIFO would wait for a writer.
  return openSync(path, constants.O_RDONLY | (noFollow ?? 0) | (constants.O_NONBLOCK ?? 0));
}

interface StoreBytes {
  readonly bytes: Buffer;
  /** About its mode. */
  readonly warnings: readonly string[];
  /** It belongs to root or is mounted, so it must not be written. */
  readonly isReadOnly: boolean;
}

/**
 * Reads the store; undefined if it does not exist. The checks apply to the open file, not to its path; a symbolic link
 * is not followed, except in a mounted Kubernetes secret.
 *
 * @throws StoreError if it cannot be read, is not a regular file, or another user may have written it.
 */
export function readStoreBytes(path: string, reader: StoreReader): StoreBytes | undefined {
  const directory = platformOf(reader.platform).path.dirname(path);
  let fd: number | undefined;
  try {
    const mounted = hasOwners(reader) && isLink(path) ? findMountedStore(path) : undefined;
    const parent = mounted === undefined ? directory : posix.dirname(mounted);
    checkDirectory(parent, statSync(parent), reader);
    fd = openStore(mounted ?? path);
    checkParents(parent, reader);
    const stats = fstatSync(fd);
    const warnings = checkFile(path, stats, reader);
    const isReadOnly = mounted !== undefined || (hasOwners(reader) && stats.uid !== reader.uid);
    return { bytes: readAtMost(fd, MAX_FILE_BYTES), warnings: isReadOnly ? [] : warnings, isReadOnly };
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof StoreError || code === undefined) throw error;
    // ENOTDIR: a home such as /dev/null, for users without one.
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (hasOwners(reader)) refuseSystemFolder(directory);
      return undefined;
    }
    if (code === 'EFBIG') throw new StoreError(...sayNotAStore(NOT_A_STORE.tooLarge, path));
    if (code === 'ELOOP' || code === 'EMLINK') throw new StoreError(...sayStoreIsLink(path));
    throw new StoreError(...sayUnreadable(path, error, findRepair(path, reader)));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Reads the profile store. No path or no file is an empty store, not an error.
 *
 * @param path from `profilesPath`.
 * @returns the content, and warnings for stderr
 * @throws StoreError (exit 10) if it is damaged, unreadable or unsafe (contract F1, F4; rows 49, 52).
 */
export function readProfileFile(
  path: string | undefined,
  reader: StoreReader,
): { readonly file: ProfileFile; readonly warnings: readonly string[] } {
  const read = path === undefined ? undefined : readStoreBytes(path, reader);
  if (path === undefined || read === undefined) {
    return { file: { current: undefined, profiles: new Map() }, warnings: [] };
  }
  return { file: parseProfiles(read.bytes, path).file, warnings: read.warnings };
}
