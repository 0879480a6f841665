// One process at a time, also across containers and machines that share a folder, and after a `kill -9`.
//
// The lock is a folder with one entry that names its holder. It is taken by renaming a prepared folder onto its
// place, which fails while there is an entry inside and never shows a lock without its holder. An abandoned lock is
// broken by removing its holder's entry by name: a lock that another process has taken meanwhile cannot be hit.
//
// A process that runs on this machine never loses its lock. The holder of a lock that was taken in another container
// or on another machine shows every few seconds that it runs; times of files and the time of day decide nothing.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { AtlantisError } from '../errors.ts';
import { identifyProcess, PROCESS_NAME, type ProcessHost, type ProcessIdentity } from './process-identity.ts';
import { isTrusted, READ_ONLY } from './safe-file.ts';

/** What the lock needs from the system. */
export interface LockHost extends ProcessHost {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
}

/** What is locked. */
export interface LockSubject {
  /** What messages call it. */
  readonly what: string;
  /** The predicate of the message that the process with that id has it. */
  describeHolder?(pid: string): string;
  /** What the user can do then; by default, how to remove a lock by hand. */
  readonly hint?: string;
  /** The error for a lock that cannot be had. */
  readonly Refusal: new (
    message: string,
    hint?: string,
  ) => AtlantisError;
  /** Called when this process waits for a holder that cannot be asked whether it runs. */
  warn(message: string): void;
  /**
   * For a lock that is held for longer than an instant: called if another process took it over because this one was
   * suspended. With it, the lock is kept alive by a timer until it is released.
   */
  onLost?(): void;
}

/** A lock that is held. */
export interface Lock {
  /** False if another process took it over. */
  isHeld(): boolean;
  release(): void;
}

/** A living holder may keep the others waiting for this long, in ms (contract F2). */
const WAIT_MS = 2_000;
/** Until then, in ms, the lock may change hands while this process waits. */
const TOTAL_WAIT_MS = 20_000;
/** Bounds of the time between two tries, in ms. */
const [RETRY_MIN_MS, RETRY_MAX_MS] = [5, 30];
/** A holder shows this often, in ms, that it runs. */
const BEAT_MS = 5_000;
/** The lock of a holder that cannot be asked is abandoned after this long, in ms, without a sign of it. */
const ABANDONED_MS = 30_000;
/** Time between two looks, in ms, that counts at most. */
const MAX_STEP_MS = 1_000;
const WATCHING = `waiting for up to ${ABANDONED_MS / 1_000} s to see whether it still runs`;

const HOLDER = new RegExp(`^${PROCESS_NAME}-[0-9a-f]{12}$`);
/** How a rename fails whose place is taken; which of these it is differs between systems. */
const HELD_CODES = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'ENOTDIR']);

/**
 * Takes the lock, waiting while others hold it.
 *
 * @param lockPath where the lock folder goes; what is being prepared is beside it
 * @throws subject.Refusal if another process keeps it, or what is there is not a lock of this user; the system's
 *   error if nothing can be written there
 */
export async function takeLock(lockPath: string, host: LockHost, subject: LockSubject): Promise<Lock> {
  const self = identifyProcess(host);
  const holder = `${self.name}-${randomBytes(6).toString('hex')}`;
  const prepared = `${lockPath}-${holder}`;
  try {
    mkdirSync(prepared, { mode: 0o700 });
    writeFileSync(join(prepared, holder), '', { mode: 0o600, flag: 'wx' });
    await waitForLock(lockPath, prepared, self, host, subject);
  } catch (error) {
    remove(prepared, holder);
    throw error;
  }
  removeLeftovers(lockPath, self);
  const isHeld = (): boolean => existsSync(join(lockPath, holder));
  let cancelBeat = (): void => {};
  const beat = (): void => {
    if (!isHeld()) {
      subject.onLost?.();
      return;
    }
    const nowSeconds = host.clock.wallMs() / 1_000;
    attempt(() => utimesSync(join(lockPath, holder), nowSeconds, nowSeconds));
    cancelBeat = host.clock.setTimer(beat, BEAT_MS);
  };
  if (subject.onLost !== undefined) cancelBeat = host.clock.setTimer(beat, BEAT_MS);
  return {
    isHeld,
    release() {
      cancelBeat();
      remove(lockPath, holder);
    },
  };
}

async function waitForLock(
  lockPath: string,
  prepared: string,
  self: ProcessIdentity,
  { clock, random }: LockHost,
  subject: LockSubject,
): Promise<void> {
  let seen: Seen = {};
  let hasBeaten = false;
  /** For how long the same holder was seen. */
  let waitedMs = 0;
  let totalMs = 0;
  let warnedOf: string | undefined;
  let lookedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      renameSync(prepared, lockPath);
      return;
    } catch (error) {
      if (!HELD_CODES.has(codeOf(error) ?? '')) throw error;
    }
    const { holder, beat } = lookAtLock(lockPath, subject);
    const nowMs = clock.monotonicMs();
    // A longer step means that this process was suspended, and perhaps the holder with it.
    const stepMs = Math.min(nowMs - lookedAtMs, MAX_STEP_MS);
    lookedAtMs = nowMs;
    totalMs += stepMs;
    const isNew = holder !== seen.holder;
    waitedMs = isNew ? 0 : waitedMs + stepMs;
    hasBeaten = !isNew && (hasBeaten || beat !== seen.beat);
    seen = { holder, beat };

    const liveness = holder === undefined || hasBeaten ? 'alive' : self.judge(holder);
    const message = `${subject.what} ${describeHolder(holder, subject)}`;
    if (liveness === 'unknown' && waitedMs > WAIT_MS && warnedOf !== holder) {
      warnedOf = holder;
      subject.warn(`${message} in another container or on another machine: ${WATCHING}`);
    }
    if (holder === undefined) {
      // Being released; or, on Windows, an empty folder that a rename cannot replace.
      attempt(() => rmdirSync(lockPath));
    } else if (liveness === 'dead' || (liveness === 'unknown' && waitedMs > ABANDONED_MS)) {
      remove(lockPath, holder);
    }
    const limitMs = liveness === 'unknown' ? ABANDONED_MS + WAIT_MS : WAIT_MS;
    if (waitedMs > limitMs || (isNew && totalMs > TOTAL_WAIT_MS)) {
      throw new subject.Refusal(message, subject.hint ?? `if no atlantis is running, remove ${lockPath}`);
    }
    const pauseMs = RETRY_MIN_MS + random() * (RETRY_MAX_MS - RETRY_MIN_MS);
    await new Promise<void>((resolve) => clock.setTimer(resolve, pauseMs));
  }
}

function describeHolder(holder: string | undefined, subject: LockSubject): string {
  const pid = holder?.split('-')[0];
  if (pid === undefined) return 'is locked by another process';
  return subject.describeHolder?.(pid) ?? `is locked by another process (${pid})`;
}

/** What a look at the lock of another process shows; nothing while it changes hands. */
interface Seen {
  readonly holder?: string | undefined;
  /** Changes whenever the holder shows that it runs. */
  readonly beat?: number | undefined;
}

/** @throws subject.Refusal if what is there is not a lock that this user could have made */
function lookAtLock(lockPath: string, { what, Refusal }: LockSubject): Seen {
  const refuse = (message: string): AtlantisError =>
    new Refusal(
      `the lock of ${what} ${message}: ${lockPath}`,
      'nothing was changed: remove it, or move it away',
    );
  try {
    const stats = lstatSync(lockPath);
    if (stats.isSymbolicLink()) throw refuse('is a symbolic link');
    if (!stats.isDirectory()) throw refuse('is not a folder');
    if (!isTrusted(stats)) throw refuse('belongs to another user');
    const names = readdirSync(lockPath);
    if (!names.every((name) => HOLDER.test(name))) throw refuse('holds other files');
    const [holder] = names;
    return holder === undefined ? {} : { holder, beat: readBeat(join(lockPath, holder)) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    if (codeOf(error) === 'EACCES') throw refuse('belongs to another user');
    if (codeOf(error) === 'ELOOP') throw refuse('holds other files');
    throw error;
  }
}

/** Opening the file makes a network file system ask its server. */
function readBeat(path: string): number {
  const fd = openSync(path, READ_ONLY);
  try {
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
  }
}

/** Removes folders that were prepared by processes that were killed while they waited. */
function removeLeftovers(lockPath: string, self: ProcessIdentity): void {
  const folder = dirname(lockPath);
  const start = `${basename(lockPath)}-`;
  attempt(() => {
    for (const name of readdirSync(folder)) {
      const holder = name.slice(start.length);
      if (!name.startsWith(start) || !HOLDER.test(holder) || self.judge(holder) !== 'dead') continue;
      if (lstatSync(join(folder, name)).isDirectory()) remove(join(folder, name), holder);
    }
  });
}

/** Removes a lock folder with the entry of this holder; with that of another one it stays. */
function remove(folder: string, holder: string): void {
  attempt(() => unlinkSync(join(folder, holder)));
  attempt(() => rmdirSync(folder));
}

/** Runs a removal that may find nothing to remove. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
