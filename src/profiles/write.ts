// Writes the profile store, and is the only importer of conf.
//
// conf writes a staging file next to the store. It is read back, synced, and then renamed onto the store, so a full
// disk, a kill or a crash leaves the old file or the new one, never a part of one (contract F2).
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
import { OutputError, StoreError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { type Lock, type LockHost, takeLock } from '../io/lock.ts';
import { platformOf } from '../io/platform.ts';
import { readAtMost } from '../io/read-file.ts';
import { makeFolder } from '../io/safe-file.ts';
import {
  CHECKED,
  sayLockLost,
  sayMovedAside,
  sayNotCreated,
  sayNotLockable,
  sayNotSynced,
  sayOtherFiles,
  sayUnchanged,
} from './messages.ts';
import { checkDirectory, checkParents, type StoreReader } from './permissions.ts';
import {
  DamagedStoreError,
  FORMAT_VERSION,
  isCommand,
  type JsonObject,
  noHomeDirectory,
  type Profile,
  parseProfiles,
  readStoreBytes,
  systemCode,
} from './read.ts';
import { describeNewOwner, findRepair, refuseWriting } from './root-owned.ts';

/** What writing needs from the system. */
export type StoreHost = StoreReader & LockHost & Pick<Io, 'env' | 'ignoreFileSizeSignal'>;

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** The profiles during a change. */
export interface StoreDraft {
  has(name: string): boolean;
  names(): string[];
  /** The key command of a profile, if it has one. */
  keyCommand(name: string): readonly string[] | undefined;
  /** Adds a profile, or gives an existing one a new URL and key. */
  put(profile: Profile): void;
  /** Removes a profile, which is then not active either. */
  remove(name: string): void;
  /** Renames a profile; it keeps its position and stays active if it was. */
  rename(from: string, to: string): void;
  /** Name of the active profile. */
  current: string | undefined;
}

/** A draft of the stored profiles, and of none for an empty store; `json()` is what to write. */
function createDraft(read: JsonObject | undefined): { draft: StoreDraft; json: () => JsonObject } {
  const { current, profiles, ...rest } = read ?? {};
  const entries = new Map(Object.entries((profiles ?? {}) as Record<string, JsonObject>));
  const draft: StoreDraft = {
    current: typeof current === 'string' ? current : undefined,
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
    keyCommand(name) {
      const command = entries.get(name)?.['keyCommand'];
      return isCommand(command) ? command : undefined;
    },
    put({ name, url, key, keyCommand }) {
      const { url: _url, key: _key, keyCommand: _command, ...unknown } = entries.get(name) ?? {};
      const secret = keyCommand === undefined ? { key } : { keyCommand };
      entries.set(name, { url, ...secret, ...unknown });
    },
    remove(name) {
      entries.delete(name);
      if (draft.current === name) draft.current = undefined;
    },
    rename(from, to) {
      const renamed = [...entries].map(([name, entry]) => [name === from ? to : name, entry] as const);
      entries.clear();
      for (const [name, entry] of renamed) entries.set(name, entry);
      if (draft.current === from) draft.current = to;
    },
  };
  return {
    draft,
    // fromEntries and spread define properties instead of assigning them, so `__proto__` is an ordinary name.
    json: () => ({
      ...rest,
      version: FORMAT_VERSION,
      ...(draft.current === undefined ? {} : { current: draft.current }),
      profiles: Object.fromEntries(entries),
    }),
  };
}

/** Creates the directory, or makes sure that it is safe and private. @returns warnings */
function prepareDirectory(path: string, host: StoreHost): string[] {
  const directory = dirname(path);
  try {
    // First, so that nothing is created in a rejected place.
    const existing = statSync(directory, { throwIfNoEntry: false });
    if (existing !== undefined) checkDirectory(directory, existing, host);
    checkParents(directory, host);
    makeFolder(directory);
    const notice =
      existing === undefined ? describeNewOwner(directory, host, host.env['SUDO_UID']) : undefined;
    if (notice !== undefined) return [notice];
    const stats = statSync(directory);
    if (!platformOf(host.platform).hasOwners || (stats.mode & 0o077) === 0) return [];
    // A directory with other files, such as /etc or a home, keeps its mode.
    const isOurs = readdirSync(directory).every((name) => name.startsWith(basename(path)));
    if (!isOurs || stats.uid !== host.uid) {
      return [sayOtherFiles(directory)];
    }
    chmodSync(directory, DIRECTORY_MODE);
    return [];
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof StoreError || code === undefined) throw error;
    throw new OutputError(...sayNotCreated(directory, error, findRepair(directory, host)));
  }
}

/** The stored profiles: undefined if there are none, 'damaged' if the store may be moved aside. */
function readCurrent(
  path: string,
  host: StoreHost,
  mayMoveAside: boolean,
): JsonObject | 'damaged' | undefined {
  const read = readStoreBytes(path, host);
  if (read === undefined) return undefined;
  if (read.isReadOnly) throw refuseWriting(path, host);
  try {
    return parseProfiles(read.bytes, path).json;
  } catch (error) {
    if (mayMoveAside && error instanceof DamagedStoreError) return 'damaged';
    throw error;
  }
}

/** Writes the staging file with conf, and checks that it is complete, private and synced. */
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

/** Keeps a damaged store under a second name with the time in UTC. @returns that name */
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
function flushDirectory(directory: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(directory, 'r');
    fsyncSync(fd);
  } catch (error) {
    if (systemCode(error) !== 'EIO') return;
    throw new OutputError(...sayNotSynced(directory));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Removes staging files, including leftovers of killed writers (we hold the lock). */
function removeStaging(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${basename(path)}.staging-`)) rmSync(join(directory, name), { force: true });
  }
}

/** Replaces the store. @returns the new name of a damaged one */
function replaceStore(path: string, json: JsonObject, isDamaged: boolean, lock: Lock, wallMs: number) {
  const staging = `${path}.staging-${randomBytes(6).toString('hex')}`;
  let aside: string | undefined;
  try {
    writeStaging(staging, json);
    if (isDamaged) aside = keepAside(path, wallMs);
    if (!lock.isHeld()) throw new StoreError(...sayLockLost());
    renameSync(staging, path);
  } catch (error) {
    if (aside !== undefined) rmSync(aside, { force: true });
    removeStaging(path);
    const code = systemCode(error);
    if (error instanceof StoreError || code === undefined) throw error;
    throw new OutputError(...sayUnchanged(path, error));
  }
  flushDirectory(dirname(path));
  return aside;
}

async function lockStore(lockPath: string, host: StoreHost, warn: (message: string) => void): Promise<Lock> {
  try {
    return await takeLock(lockPath, host, { what: CHECKED.store, Refusal: StoreError, warn });
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new OutputError(...sayNotLockable(lockPath, error, findRepair(lockPath, host)));
  }
}

interface StoreOptions {
  /** Moves a damaged store to `profiles.json.corrupt-<time>` instead of failing (contract F4). */
  readonly mayMoveAside?: boolean;
  /** Called while waiting for a lock that may be abandoned. */
  readonly warn?: (message: string) => void;
}

/**
 * Changes the store under its lock: reads it, applies `change` to a draft, writes it. If `change` throws, nothing is
 * written.
 *
 * @param path from `profilesPath`; undefined is an error here.
 * @returns the result of `change`, and notices for stderr
 * @throws StoreError (exit 10) if the store is damaged, unsafe or locked for 2 s; OutputError (exit 9) if it could not
 *   be written. Then the store is unchanged.
 */
export async function updateStore<T>(
  path: string | undefined,
  host: StoreHost,
  change: (draft: StoreDraft) => T,
  options: StoreOptions = {},
): Promise<{ readonly result: T; readonly notices: readonly string[] }> {
  if (path === undefined) throw noHomeDirectory();
  host.ignoreFileSizeSignal();
  // An unsafe or damaged store is reported before anything, even a lock, is written next to it.
  readCurrent(path, host, options.mayMoveAside ?? false);
  const notices = prepareDirectory(path, host);
  const lock = await lockStore(`${path}.lock`, host, options.warn ?? (() => {}));
  try {
    const current = readCurrent(path, host, options.mayMoveAside ?? false);
    const { draft, json } = createDraft(current === 'damaged' ? undefined : current);
    const result = change(draft);
    removeStaging(path);
    const aside = replaceStore(path, json(), current === 'damaged', lock, host.clock.wallMs());
    if (aside !== undefined) notices.push(sayMovedAside(aside));
    return { result, notices };
  } finally {
    lock.release();
  }
}
