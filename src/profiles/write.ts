// Writes the files of the store, and is the only importer of conf.
//
// conf writes a staging file next to the store. The staging file is read back, synced, and renamed onto the store. So
// a full disk, a kill or a crash leaves the old file or the new one, never a part of one (contract F2).
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Conf from 'conf';
import { type ErrorText, isAtlantisError, OutputError, StoreError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { type Lock, type LockDeps, takeLock } from '../io/lock.ts';
import { platformOf } from '../io/platform.ts';
import { readAtMost } from '../io/read-file.ts';
import { makeDirectory } from '../io/safe-file.ts';
import { isDiskFault, systemCode } from '../io/system-error.ts';
import { type Draft, draftProfiles, draftSettings, type StoreDraft } from './draft.ts';
import * as say from './messages.ts';
import {
  checkDirectory,
  checkParents,
  describeNewOwner,
  findRepair,
  type StoreReader,
  unwritableStore,
} from './permissions.ts';
import { noHomeDirectory, parseProfiles } from './read.ts';
import { parseSettings } from './settings-file.ts';
import { DamagedStoreError, type JsonObject, readStoreBytes, STORE_FILES } from './store-file.ts';

export type StoreDeps = StoreReader & LockDeps & Pick<Io, 'env' | 'ignoreFileSizeSignal'>;

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** The error for the user: exit 9 if the content could not be stored on the disk, else 10 (contract § 2). */
function describeStoreFault(error: unknown, text: ErrorText): unknown {
  if (isAtlantisError(error) || systemCode(error) === undefined) return error;
  return isDiskFault(error) ? new OutputError(...text) : new StoreError(...text);
}

/** Creates the directory, or checks that it is safe and makes it private. @returns warnings */
function prepareDirectory(path: string, deps: StoreDeps): string[] {
  const directory = dirname(path);
  try {
    // Checked first, so that nothing is created in a rejected place.
    const existing = statSync(directory, { throwIfNoEntry: false });
    if (existing !== undefined) checkDirectory(directory, existing, deps);
    checkParents(directory, deps);
    makeDirectory(directory);
    const notice =
      existing === undefined ? describeNewOwner(directory, deps, deps.env['SUDO_UID']) : undefined;
    if (notice !== undefined) return [notice];
    const stats = statSync(directory);
    if (!platformOf(deps.platform).hasOwners || (stats.mode & 0o077) === 0) return [];
    // A directory with other files, such as /etc or a home, keeps its mode.
    const isOurs = readdirSync(directory).every((name) => STORE_FILES.some((file) => name.startsWith(file)));
    if (!isOurs || stats.uid !== deps.uid) {
      return [say.sayOtherFiles(directory)];
    }
    chmodSync(directory, DIRECTORY_MODE);
    return [];
  } catch (error) {
    throw describeStoreFault(error, say.sayNotCreated(directory, error, findRepair(directory, deps)));
  }
}

/** Undefined if there is no file, 'damaged' if the file is damaged and may be moved aside. */
function readCurrent(
  path: string,
  deps: StoreDeps,
  { what, parse }: Pick<StoreFile<unknown>, 'what' | 'parse'>,
  mayMoveAside: boolean,
): JsonObject | 'damaged' | undefined {
  const read = readStoreBytes(path, deps, what);
  if (read === undefined) return undefined;
  if (read.isReadOnly) throw unwritableStore(path, deps, what);
  try {
    return parse(read.bytes, path);
  } catch (error) {
    if (mayMoveAside && error instanceof DamagedStoreError) return 'damaged';
    throw error;
  }
}

/** Writes the staging file with conf, and makes sure that it is complete, private and synced. */
function writeStaging(staging: string, json: JsonObject): void {
  const text = `${JSON.stringify(json, undefined, 2)}\n`;
  const bytes = Buffer.from(text);
  const conf = new Conf<JsonObject>({
    cwd: dirname(staging),
    configName: basename(staging),
    fileExtension: '',
    configFileMode: FILE_MODE,
    accessPropertiesByDotNotation: false,
    clearInvalidConfig: false,
    serialize: () => text,
  });
  conf.store = json;
  // A umask can also remove the owner's permissions.
  if ((statSync(staging).mode & 0o777) !== FILE_MODE) chmodSync(staging, FILE_MODE);
  // conf does not report a short write.
  const fd = openSync(staging, 'r+');
  try {
    if (!readAtMost(fd, bytes.length).equals(bytes)) throw Object.assign(new Error(), { code: 'ENOSPC' });
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a damaged store a second name, which contains the time in UTC. @returns the second name */
function keepAside(path: string, wallMs: number): string {
  const stamp = new Date(wallMs).toISOString().replace(/[-:]|\.\d+/g, '');
  let aside = `${path}.corrupt-${stamp}`;
  for (let count = 1; existsSync(aside); count++) aside = `${path}.corrupt-${stamp}-${count}`;
  chmodSync(path, FILE_MODE);
  try {
    linkSync(path, aside);
  } catch {
    // Not every file system has hard links.
    copyFileSync(path, aside, constants.COPYFILE_EXCL);
  }
  return aside;
}

/** Syncs the rename, where directories can be synced. */
function flushDirectory(directory: string, what: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(directory, 'r');
    fsyncSync(fd);
  } catch (error) {
    if (systemCode(error) !== 'EIO') return;
    throw new OutputError(...say.sayNotSynced(what, directory));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The caller holds the lock, so any other staging file is the leftover of a killed writer. */
function removeStaging(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${basename(path)}.staging-`)) rmSync(join(directory, name), { force: true });
  }
}

/** @returns the path to which a damaged store was moved */
function replaceStore(
  path: string,
  json: JsonObject,
  what: string,
  isDamaged: boolean,
  lock: Lock,
  wallMs: number,
): string | undefined {
  const staging = `${path}.staging-${randomBytes(6).toString('hex')}`;
  let aside: string | undefined;
  try {
    writeStaging(staging, json);
    if (isDamaged) aside = keepAside(path, wallMs);
    if (!lock.isHeld()) throw new StoreError(...say.sayLockLost(what));
    renameSync(staging, path);
  } catch (error) {
    if (aside !== undefined) rmSync(aside, { force: true });
    removeStaging(path);
    throw describeStoreFault(error, say.sayUnchanged(what, path, error));
  }
  flushDirectory(dirname(path), what);
  return aside;
}

async function lockStore(
  lockPath: string,
  deps: StoreDeps,
  what: string,
  warn: (message: string) => void,
): Promise<Lock> {
  try {
    return await takeLock(lockPath, deps, { what, ErrorClass: StoreError, warn });
  } catch (error) {
    throw describeStoreFault(error, say.sayNotLockable(what, lockPath, error, findRepair(lockPath, deps)));
  }
}

interface StoreOptions {
  /** Moves a damaged store to `profiles.json.corrupt-<time>` instead of failing (contract F4). */
  readonly mayMoveAside?: boolean;
  /** Called while waiting for a lock that may be abandoned. */
  readonly warn?: (message: string) => void;
}

interface StoreFile<Content> {
  /** Name of the file in messages. */
  readonly what: string;
  /** @throws StoreError */
  parse(bytes: Buffer, path: string): JsonObject;
  createDraft(read: JsonObject | undefined): Draft<Content>;
}

const PROFILES: StoreFile<StoreDraft> = {
  what: say.CHECKED.store,
  parse: (bytes, path) => parseProfiles(bytes, path).json,
  createDraft: draftProfiles,
};

const SETTINGS_FILE: StoreFile<Map<string, string>> = {
  what: say.CHECKED.settings,
  parse: parseSettings,
  createDraft: draftSettings,
};

interface Changed<T> {
  readonly result: T;
  /** For stderr. */
  readonly notices: readonly string[];
}

/**
 * After an error, the store is unchanged, unless only syncing its directory failed.
 *
 * @param path from `profilesPath`; undefined is an error here
 * @throws StoreError (exit 10) if the store is damaged, unsafe, not writable or locked for 2 s; OutputError (exit 9) if
 *   the disk is full or failed
 */
export function updateStore<T>(
  path: string | undefined,
  deps: StoreDeps,
  change: (draft: StoreDraft) => T,
  options?: StoreOptions,
): Promise<Changed<T>> {
  return updateFile(path, deps, PROFILES, change, options);
}

/** Throws as `updateStore` does. @param path from `settingsPath`; undefined is an error here */
export function updateSettings<T>(
  path: string | undefined,
  deps: StoreDeps,
  change: (settings: Map<string, string>) => T,
  options?: StoreOptions,
): Promise<Changed<T>> {
  return updateFile(path, deps, SETTINGS_FILE, change, options);
}

/** If `change` throws, nothing is written. */
async function updateFile<Content, T>(
  path: string | undefined,
  deps: StoreDeps,
  file: StoreFile<Content>,
  change: (draft: Content) => T,
  { mayMoveAside = false, warn = () => {} }: StoreOptions = {},
): Promise<Changed<T>> {
  if (path === undefined) throw noHomeDirectory();
  deps.ignoreFileSizeSignal();
  // An unsafe or damaged store is reported before a lock or anything else is written next to it.
  readCurrent(path, deps, file, mayMoveAside);
  const notices = prepareDirectory(path, deps);
  const lock = await lockStore(`${path}.lock`, deps, file.what, warn);
  try {
    const current = readCurrent(path, deps, file, mayMoveAside);
    const isDamaged = current === 'damaged';
    const { draft, json } = file.createDraft(isDamaged ? undefined : current);
    const result = change(draft);
    removeStaging(path);
    const aside = replaceStore(path, json(), file.what, isDamaged, lock, deps.clock.wallMs());
    if (aside !== undefined) notices.push(say.sayMovedAside(file.what, aside));
    return { result, notices };
  } finally {
    lock.release();
  }
}
