// One writer at a time for the profile store, also across processes and after a `kill -9` (contract F2).
//
// The lock is a directory with one entry that names its holder. It is taken by renaming a ready-made directory
// onto its place, which fails while an entry is inside and never shows a lock without its holder. The lock of
// a dead holder is broken by removing that holder's entry by name: a lock that someone else has taken in the
// meantime cannot be hit.

import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { OutputError, StoreError } from '../errors.ts';
import { systemCode } from './store-access.ts';

/** What the lock needs from the system. */
export interface LockHost {
  readonly pid: number;
  /** Signal 0 asks whether the process exists. */
  sendSignal(pid: number, signal: 0): boolean;
  readonly clock: {
    monotonicMs(): number;
    wallMs(): number;
    setTimer(callback: () => void, ms: number): () => void;
  };
  /** Uniform in [0, 1). */
  random(): number;
}

/** A lock that is held. */
export interface StoreLock {
  /** False if another process took the lock for abandoned, after a stop of many minutes. */
  isHeld(): boolean;
  /** Says that it is still in use, to keep a lock for longer than its `abandonedMs`. */
  touch(): void;
  release(): void;
}

/** What is locked, and what there is to know about those who lock it. */
export interface LockSubject {
  /** What messages call it. */
  readonly what: string;
  /** A lock that has not been touched for so long, in ms, is abandoned whatever the process table says. */
  readonly abandonedMs: number;
}

/** One holder may keep the others waiting for this long, in ms (contract F2). */
const WAIT_MS = 2_000;
/** And all holders together for this long, in ms. */
const TOTAL_WAIT_MS = 20_000;
/** Bounds of the time between two tries, in ms. */
const [RETRY_MIN_MS, RETRY_MAX_MS] = [5, 30];
/** A writer of profiles needs milliseconds. */
const PROFILE_STORE: LockSubject = { what: 'the profile store', abandonedMs: 10 * 60_000 };

/** How a rename fails whose place is taken; which of these it is differs between systems. */
const HELD_CODES = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'ENOTDIR']);

/** State and start time of a process as Linux tells them (proc(5)); undefined where it does not. */
function readProcess(pid: number | 'self'): { state: string; start: string } | undefined {
  try {
    // The second field is the program's name in parentheses, and may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Stands for the process table in which a pid means something: the machine and, on Linux, its namespace. */
function identifyProcessTable(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {}
  return createHash('sha256').update(`${hostname()} ${namespace}`).digest('hex').slice(0, 12);
}

const nameHolder = (host: LockHost): string =>
  [host.pid, readProcess('self')?.start ?? '0', identifyProcessTable(), randomBytes(6).toString('hex')].join(
    '-',
  );

/** True if the holder of that name is known to be gone; a zombie is. */
function isDead(holder: string, host: LockHost): boolean {
  const [pid, start, table] = holder.split('-');
  if (table !== identifyProcessTable() || !/^[1-9][0-9]*$/.test(pid ?? '')) return false;
  if (start === '0') return !host.sendSignal(Number(pid), 0);
  const found = readProcess(Number(pid));
  return found === undefined || found.start !== start || found.state === 'Z' || found.state === 'X';
}

/** Runs a removal that may find nothing left to remove, or somebody else's in its place. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}

/** The holder's name, or undefined while the lock changes hands. */
function readHolder(lockPath: string): string | undefined {
  try {
    return readdirSync(lockPath)[0];
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR')
      throw new StoreError(`a file is in the way of the lock: ${lockPath}`);
    return undefined;
  }
}

/** Modification time by the file system's own clock, in ms; undefined if the file is gone. */
function modifiedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Takes the holder's entry out, so that the lock is free. */
function leave(lockPath: string, holder: string): void {
  attempt(() => unlinkSync(join(lockPath, holder)));
  attempt(() => rmdirSync(lockPath));
}

/**
 * Takes the lock, waiting while others hold it.
 *
 * @param lockPath where the lock directory goes; what is being prepared stands beside it.
 * @param subject what is locked; by default the profile store.
 * @throws StoreError if one holder keeps it for 2 s; OutputError if nothing can be written here.
 */
export async function takeLock(
  lockPath: string,
  host: LockHost,
  subject: LockSubject = PROFILE_STORE,
): Promise<StoreLock> {
  const holder = nameHolder(host);
  const prepared = `${lockPath}-${holder}`;
  try {
    mkdirSync(prepared, { mode: 0o700 });
    writeFileSync(join(prepared, holder), '', { mode: 0o600, flag: 'wx' });
    await waitForLock(lockPath, prepared, holder, host, subject);
  } catch (error) {
    attempt(() => rmSync(prepared, { recursive: true, force: true }));
    if (error instanceof StoreError) throw error;
    throw new OutputError(`${subject.what} cannot be locked for writing (${systemCode(error)}): ${lockPath}`);
  }
  return {
    isHeld: () => existsSync(join(lockPath, holder)),
    touch() {
      const nowSeconds = host.clock.wallMs() / 1_000;
      attempt(() => utimesSync(join(lockPath, holder), nowSeconds, nowSeconds));
    },
    release: () => leave(lockPath, holder),
  };
}

async function waitForLock(
  lockPath: string,
  prepared: string,
  holder: string,
  host: LockHost,
  { what, abandonedMs }: LockSubject,
): Promise<void> {
  const preparedMs = modifiedMs(join(prepared, holder)) ?? 0;
  const beganMs = host.clock.monotonicMs();
  let seen: { other: string | undefined; sinceMs: number } = { other: undefined, sinceMs: beganMs };
  for (;;) {
    try {
      renameSync(prepared, lockPath);
      return;
    } catch (error) {
      if (!HELD_CODES.has(systemCode(error) ?? '')) throw error;
    }
    const other = readHolder(lockPath);
    const nowMs = host.clock.monotonicMs();
    if (other === undefined) {
      // Being released; or, on Windows, an empty directory that a rename cannot replace.
      attempt(() => rmdirSync(lockPath));
    } else {
      const modified = modifiedMs(join(lockPath, other));
      const isAbandoned = modified !== undefined && preparedMs - modified > abandonedMs;
      if (isAbandoned || isDead(other, host)) {
        leave(lockPath, other);
        continue;
      }
      if (other !== seen.other) seen = { other, sinceMs: nowMs };
    }
    if (nowMs - seen.sinceMs > WAIT_MS || nowMs - beganMs > TOTAL_WAIT_MS) {
      throw new StoreError(
        `${what} is locked by another process${other === undefined ? '' : ` (${other.split('-')[0]})`}`,
        `if no atlantis is running, remove ${lockPath}`,
      );
    }
    const pauseMs = RETRY_MIN_MS + host.random() * (RETRY_MAX_MS - RETRY_MIN_MS);
    await new Promise<void>((resolve) => host.clock.setTimer(resolve, pauseMs));
  }
}

/** Removes what processes left behind that were killed while waiting. The caller holds the lock. */
export function removeDeadLocks(directory: string, lockName: string, host: LockHost): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`${lockName}-`) || !isDead(name.slice(lockName.length + 1), host)) continue;
    attempt(() => rmSync(join(directory, name), { recursive: true, force: true }));
  }
}
