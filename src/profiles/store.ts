// Writes the profile store, and is the only importer of conf.
//
// conf writes a staging file beside the store; only when that has been read back byte for byte and has
// reached the disk does it take the store's place in one rename. So a full disk, a kill or a crash leaves the
// old file or the new one, and never half of one (contract F2).
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
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Conf from 'conf';
import { OutputError, StoreError } from '../errors.ts';
import { type Lock, type LockHost, takeLock } from '../io/lock.ts';
import { makeFolder } from '../io/safe-file.ts';
import {
  createDraft,
  DamagedStoreError,
  type JsonObject,
  parseProfiles,
  type StoreDraft,
} from './profile-file.ts';
import { describeNewOwner, hintAtDenial, refuseWriting } from './root-owned.ts';
import { checkDirectory, readStoreBytes, systemCode } from './store-access.ts';
import { checkWay, OWN_DIRECTORY_HINT, type Reader } from './store-place.ts';

/** What writing needs from the system. */
export interface StoreHost extends Reader, LockHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes a write beyond `ulimit -f` an error instead of death by SIGXFSZ. */
  ignoreFileSizeSignal(): void;
}

/** What a write has to tell beside its result: sentences for stderr. */
interface StoreUpdate<T> {
  readonly result: T;
  readonly notices: readonly string[];
}

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Creates the directory, or makes sure that it is safe and private. */
function prepareDirectory(path: string, host: StoreHost): string[] {
  const directory = dirname(path);
  try {
    // First, so that nothing is made in a place that is refused.
    const existing = statSync(directory, { throwIfNoEntry: false });
    if (existing !== undefined) checkDirectory(directory, existing, host);
    checkWay(directory, host);
    makeFolder(directory);
    const notice =
      existing === undefined ? describeNewOwner(directory, host, host.env['SUDO_UID']) : undefined;
    if (notice !== undefined) return [notice];
    const stats = statSync(directory);
    if (host.platform === 'win32' || (stats.mode & 0o077) === 0) return [];
    // A directory that others use too, such as /etc or a home, is not ours to close.
    const isOurs = readdirSync(directory).every((name) => name.startsWith(basename(path)));
    if (!isOurs || stats.uid !== host.uid) {
      return [`${directory} holds other files and was left open to others: better use one of its own`];
    }
    chmodSync(directory, DIRECTORY_MODE);
    return [];
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof StoreError || code === undefined) throw error;
    throw new OutputError(
      `the directory of the profiles cannot be prepared (${code}): ${directory}`,
      hintAtDenial(directory, host, OWN_DIRECTORY_HINT),
    );
  }
}

/** What is stored now; undefined if nothing is, 'damaged' if it may be moved aside. */
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

/** Has conf write the staging file, then checks that all of it is there, private and on the disk. */
function writeStaging(staging: string, json: JsonObject): void {
  const text = `${JSON.stringify(json, undefined, 2)}\n`;
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
  // A umask can take away more than others' rights.
  if ((statSync(staging).mode & 0o777) !== FILE_MODE) chmodSync(staging, FILE_MODE);
  // conf reports no error when the disk took only a part: look.
  const fd = openSync(staging, 'r+');
  try {
    if (!readFileSync(fd).equals(Buffer.from(text))) throw Object.assign(new Error(), { code: 'ENOSPC' });
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a damaged store a second name, with the time in UTC, under which it will live on. */
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

/** Makes the rename itself reach the disk, where a directory can be opened and flushed. */
function flushDirectory(directory: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(directory, 'r');
    fsyncSync(fd);
  } catch (error) {
    if (systemCode(error) !== 'EIO') return;
    throw new OutputError(
      `the profile store was written, but may not survive a power cut (EIO): ${directory}`,
    );
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Removes staging files, this writer's and those of killed ones: whoever holds the lock is the only user. */
function removeStaging(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${basename(path)}.staging-`)) rmSync(join(directory, name), { force: true });
  }
}

/** Puts the new content in the place of the old one; returns where a damaged one went. */
function replaceStore(path: string, json: JsonObject, isDamaged: boolean, lock: Lock, wallMs: number) {
  const staging = `${path}.staging-${randomBytes(6).toString('hex')}`;
  let aside: string | undefined;
  try {
    writeStaging(staging, json);
    if (isDamaged) aside = keepAside(path, wallMs);
    if (!lock.isHeld()) throw new StoreError('the profile store was not changed: the lock on it was lost');
    renameSync(staging, path);
  } catch (error) {
    if (aside !== undefined) rmSync(aside, { force: true });
    removeStaging(path);
    const code = systemCode(error);
    if (error instanceof StoreError || code === undefined) throw error;
    const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'no space left' : code;
    throw new OutputError(`the profile store could not be written (${why}) and is as it was: ${path}`);
  }
  flushDirectory(dirname(path));
  return aside;
}

/** Takes the lock of the store. @throws StoreError, OutputError */
async function lockStore(lockPath: string, host: StoreHost, warn: (message: string) => void): Promise<Lock> {
  const what = 'the profile store';
  try {
    return await takeLock(lockPath, host, { what, Refusal: StoreError, warn });
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new OutputError(
      `${what} cannot be locked for writing (${systemCode(error)}): ${lockPath}`,
      hintAtDenial(lockPath, host, OWN_DIRECTORY_HINT),
    );
  }
}

interface StoreOptions {
  /** A damaged store is kept as `profiles.json.corrupt-<time>` and a new one begun, instead of an error (contract F4). */
  readonly mayMoveAside?: boolean;
  /** Called while the change waits for a lock that may be abandoned. */
  readonly warn?: (message: string) => void;
}

/**
 * Changes the store under its lock: reads it, lets `change` work on a draft, writes the outcome. If `change`
 * throws, nothing is written.
 *
 * @param path as `profilesPath` gives it; undefined is an error here.
 * @throws StoreError (10) if the store is damaged, unsafe or locked for 2 s; OutputError (9) if it could not
 *   be written. Either way it is then what it was before.
 */
export async function updateStore<T>(
  path: string | undefined,
  host: StoreHost,
  change: (draft: StoreDraft) => T,
  options: StoreOptions = {},
): Promise<StoreUpdate<T>> {
  if (path === undefined) {
    throw new StoreError('there is no home directory to keep profiles in', 'set ATLANTIS_CONFIG_DIR');
  }
  host.ignoreFileSizeSignal();
  // Unsafe and damaged stores are told before anything, a lock included, is written beside them.
  readCurrent(path, host, options.mayMoveAside ?? false);
  const notices = prepareDirectory(path, host);
  const lock = await lockStore(`${path}.lock`, host, options.warn ?? (() => {}));
  try {
    const current = readCurrent(path, host, options.mayMoveAside ?? false);
    const { draft, json } = createDraft(current === 'damaged' ? undefined : current);
    const result = change(draft);
    removeStaging(path);
    const aside = replaceStore(path, json(), current === 'damaged', lock, host.clock.wallMs());
    if (aside !== undefined) notices.push(`the profile store was damaged: it was moved aside to ${aside}`);
    return { result, notices };
  } finally {
    lock.release();
  }
}
