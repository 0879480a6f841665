// A lock for one process at a time, also across containers and machines that share a directory.
//
// The lock is a directory with one entry, named after its holder. A process takes it by renaming a prepared directory
// onto it, which fails while the lock has an entry. An abandoned lock is broken by removing the entry by name, which
// cannot hit the lock of a new holder.
//
// The lock of a process on the same machine and in the same container is never taken over, even if that process is
// suspended. A holder elsewhere touches its entry every few seconds, and loses the lock when the touches stop. Others
// only watch whether the time of the entry changes, because clocks may differ.
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
import { describeHolder, NOT_A_LOCK, sayLocked, sayNotALock, sayWaitingForHolder } from './messages.ts';
import { identifyProcess, PROCESS_NAME, type ProcessDeps, type ProcessIdentity } from './process-identity.ts';
import { isTrusted, READ_ONLY } from './safe-file.ts';

export interface LockDeps extends ProcessDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
}

export interface LockSubject {
  /** The name in messages. */
  readonly what: string;
  /** The text after `what` in messages, such as `is in use by another run (process 12)`. */
  describeHolder?(pid: string): string;
  /** Default: how to remove the lock by hand. */
  readonly hint?: string;
  readonly ErrorClass: new (message: string, hint?: string) => AtlantisError;
  /** Called when the holder may not be running any more. */
  warn(message: string): void;
  /**
   * Called if another process took over the lock because this one was suspended. Needed for a lock that is held for
   * long: without this callback no timer touches the lock.
   */
  onLost?(): void;
}

export interface Lock {
  /** False if another process took over the lock. */
  isHeld(): boolean;
  release(): void;
}

/** How long to wait for a running holder (contract F2). */
const WAIT_MS = 2_000;
/** How long to wait while the lock changes hands. */
const TOTAL_WAIT_MS = 20_000;
const [RETRY_MIN_MS, RETRY_MAX_MS] = [5, 30];
const TOUCH_MS = 5_000;
/** A lock from elsewhere counts as abandoned after this time without a touch. */
const ABANDONED_MS = 30_000;
/** At most this much of the time between two attempts counts as waiting. */
const MAX_STEP_MS = 1_000;

const HOLDER = new RegExp(`^${PROCESS_NAME}-[0-9a-f]{12}$`);
/** The errors of a rename onto a held lock; they differ between systems. */
const HELD_CODES = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'ENOTDIR']);

/**
 * @throws subject.ErrorClass if another process keeps the lock, or the path is not a lock of this user
 * @throws the system's error if the lock cannot be written
 */
export async function takeLock(lockPath: string, deps: LockDeps, subject: LockSubject): Promise<Lock> {
  const self = identifyProcess(deps);
  const holder = `${self.name}-${randomBytes(6).toString('hex')}`;
  const prepared = `${lockPath}-${holder}`;
  try {
    mkdirSync(prepared, { mode: 0o700 });
    writeFileSync(join(prepared, holder), '', { mode: 0o600, flag: 'wx' });
    await waitForLock(lockPath, prepared, self, deps, subject);
  } catch (error) {
    remove(prepared, holder);
    throw error;
  }
  removeLeftovers(lockPath, self);
  const isHeld = (): boolean => existsSync(join(lockPath, holder));
  let cancelTouch = (): void => {};
  const touch = (): void => {
    if (!isHeld()) {
      subject.onLost?.();
      return;
    }
    const nowSeconds = deps.clock.wallMs() / 1_000;
    attempt(() => utimesSync(join(lockPath, holder), nowSeconds, nowSeconds));
    cancelTouch = deps.clock.setTimer(touch, TOUCH_MS);
  };
  if (subject.onLost !== undefined) cancelTouch = deps.clock.setTimer(touch, TOUCH_MS);
  return {
    isHeld,
    release() {
      cancelTouch();
      remove(lockPath, holder);
    },
  };
}

async function waitForLock(
  lockPath: string,
  prepared: string,
  self: ProcessIdentity,
  { clock, random }: LockDeps,
  subject: LockSubject,
): Promise<void> {
  let seen: LockState = {};
  let wasTouched = false;
  /** How long the same holder was seen. */
  let waitedMs = 0;
  let totalMs = 0;
  let warnedOf: string | undefined;
  let lookedAtMs = clock.monotonicMs();
  for (;;) {
    // Checked before the rename: as root, this process could replace the empty directory of another user.
    const { holder, touchedMs } = inspectLock(lockPath, subject);
    try {
      if (holder === undefined) {
        renameSync(prepared, lockPath);
        return;
      }
    } catch (error) {
      if (!HELD_CODES.has(codeOf(error) ?? '')) throw error;
    }
    const nowMs = clock.monotonicMs();
    // A longer step means that this process was suspended, and perhaps the holder, too.
    const stepMs = Math.min(nowMs - lookedAtMs, MAX_STEP_MS);
    lookedAtMs = nowMs;
    totalMs += stepMs;
    const isNew = holder !== seen.holder;
    waitedMs = isNew ? 0 : waitedMs + stepMs;
    wasTouched = !isNew && (wasTouched || touchedMs !== seen.touchedMs);
    seen = { holder, touchedMs };

    const liveness = holder === undefined || wasTouched ? 'alive' : self.judge(holder);
    const held = describeLockHolder(holder, subject);
    if (liveness === 'unknown' && waitedMs > WAIT_MS && warnedOf !== holder) {
      warnedOf = holder;
      subject.warn(sayWaitingForHolder(subject.what, held, ABANDONED_MS));
    }
    if (holder === undefined) {
      // The lock is being released. On Windows a rename cannot replace an empty directory.
      attempt(() => rmdirSync(lockPath));
    } else if (liveness === 'dead' || (liveness === 'unknown' && waitedMs > ABANDONED_MS)) {
      remove(lockPath, holder);
    }
    const limitMs = liveness === 'unknown' ? ABANDONED_MS + WAIT_MS : WAIT_MS;
    if (waitedMs > limitMs || (isNew && totalMs > TOTAL_WAIT_MS)) {
      throw new subject.ErrorClass(...sayLocked(subject.what, held, lockPath, subject.hint));
    }
    const pauseMs = RETRY_MIN_MS + random() * (RETRY_MAX_MS - RETRY_MIN_MS);
    await new Promise<void>((resolve) => clock.setTimer(resolve, pauseMs));
  }
}

function describeLockHolder(holder: string | undefined, subject: LockSubject): string {
  const pid = holder?.split('-')[0];
  return (pid === undefined ? undefined : subject.describeHolder?.(pid)) ?? describeHolder(pid);
}

/** Empty while the lock changes hands. */
interface LockState {
  readonly holder?: string | undefined;
  /** Time of the last touch, by the clock of the holder. */
  readonly touchedMs?: number | undefined;
}

/** @throws subject.ErrorClass if the path is not a lock that this user could have created */
function inspectLock(lockPath: string, { what, ErrorClass }: LockSubject): LockState {
  const refuse = (why: string): AtlantisError => new ErrorClass(...sayNotALock(what, why, lockPath));
  try {
    const stats = lstatSync(lockPath);
    if (stats.isSymbolicLink()) throw refuse(NOT_A_LOCK.link);
    if (!stats.isDirectory()) throw refuse(NOT_A_LOCK.notDirectory);
    if (!isTrusted(stats)) throw refuse(NOT_A_LOCK.ofOther(stats.uid));
    const names = readdirSync(lockPath);
    if (!names.every((name) => HOLDER.test(name))) throw refuse(NOT_A_LOCK.otherFiles);
    const [holder] = names;
    return holder === undefined ? {} : { holder, touchedMs: readTouchTime(join(lockPath, holder)) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    if (codeOf(error) === 'EACCES') throw refuse(NOT_A_LOCK.unreadable);
    if (codeOf(error) === 'ELOOP') throw refuse(NOT_A_LOCK.otherFiles);
    throw error;
  }
}

/** Opens the file, so that a network file system asks its server. */
function readTouchTime(path: string): number {
  const fd = openSync(path, READ_ONLY);
  try {
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
  }
}

/** Removes prepared directories of processes that were killed while they waited. */
function removeLeftovers(lockPath: string, self: ProcessIdentity): void {
  const directory = dirname(lockPath);
  const start = `${basename(lockPath)}-`;
  attempt(() => {
    for (const name of readdirSync(directory)) {
      const holder = name.slice(start.length);
      if (!name.startsWith(start) || !HOLDER.test(holder) || self.judge(holder) !== 'dead') continue;
      const stats = lstatSync(join(directory, name));
      if (stats.isDirectory() && isTrusted(stats)) remove(join(directory, name), holder);
    }
  });
}

/** Removes a lock directory, unless it contains the entry of another holder. */
function remove(directory: string, holder: string): void {
  attempt(() => unlinkSync(join(directory, holder)));
  attempt(() => rmdirSync(directory));
}

/** Ignores errors: there may be nothing to do. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
