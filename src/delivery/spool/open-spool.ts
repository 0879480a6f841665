// Locks and opens a spool, since two relays in one directory would corrupt each other's records.
import { existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OutputError } from '../../errors.ts';
import { type LockDeps, takeLock } from '../../io/lock.ts';
import { assertOwnDirectory, makeDirectory } from '../../io/safe-file.ts';
import { readCursor } from './cursor.ts';
import { nameSpoolAt, saySpoolTakenOver } from './messages.ts';
import { scanSegment } from './segment-reader.ts';
import { describeSpoolFault, listSegments } from './segments.ts';
import { Spool, type SpoolConfig } from './spool.ts';

/** The number of pending records; 0 if there is no spool. Needs no lock. */
export function countSpooled(path: string): number {
  try {
    const segments = listSegments(path);
    const [first, last] = [segments[0], segments.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const cursorPath = join(path, 'cursor');
    const cursor = existsSync(cursorPath) ? readCursor(cursorPath) : undefined;
    const end = last.first + (scanSegment(last.path)?.records ?? 0);
    return Math.max(0, end - (cursor?.acknowledged ?? first.first));
  } catch {
    // The directory belongs to another user, or was deleted in the meantime.
    return 0;
  }
}

/**
 * Returns `path` if it has records or no old directory has any. Otherwise the first old directory with records is
 * renamed to `path`, or returned as it is if `path` exists. Old directories come from earlier versions and from relays
 * configured with flags.
 *
 * @throws OutputError if the old directory cannot be used, for example because another process uses it
 */
export async function adoptSpool(
  path: string,
  oldPaths: readonly string[],
  deps: LockDeps,
  warn: (message: string) => void,
): Promise<string> {
  const old = countSpooled(path) > 0 ? undefined : oldPaths.find((one) => countSpooled(one) > 0);
  if (old === undefined) return path;
  try {
    assertOwnDirectory(dirname(old), true);
    assertOwnDirectory(old, false);
    (
      await takeLock(join(old, 'lock'), deps, { what: nameSpoolAt(old), ErrorClass: OutputError, warn })
    ).release();
    if (existsSync(path)) return old;
    renameSync(old, path);
    return path;
  } catch (error) {
    throw describeSpoolFault(old, error);
  }
}

export interface LockedSpool {
  readonly spool: Spool;
  /** Also releases the lock. @throws OutputError */
  close(): Promise<void>;
}

interface SpoolEvents {
  /** The disk failed in the background, or the lock was lost. */
  onFault(error: unknown): void;
  /** This process waits for a lock whose holder may not be running any more. */
  warn(message: string): void;
}

/** @throws OutputError */
export async function openSpool(
  config: SpoolConfig,
  deps: LockDeps,
  { onFault, warn }: SpoolEvents,
): Promise<LockedSpool> {
  const { path } = config;
  const subject = {
    what: nameSpoolAt(path),
    ErrorClass: OutputError,
    warn,
    onLost: () => onFault(new OutputError(...saySpoolTakenOver(path))),
  };
  try {
    // The user's directory contains one directory for each sink.
    for (const [directory, isShared] of [[dirname(path), true] as const, [path, false] as const]) {
      makeDirectory(directory);
      assertOwnDirectory(directory, isShared);
    }
    const lock = await takeLock(join(path, 'lock'), deps, subject);
    try {
      const spool = new Spool(config, deps.clock, onFault);
      return {
        spool,
        async close() {
          try {
            await spool.close();
          } finally {
            lock.release();
          }
        },
      };
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw describeSpoolFault(path, error);
  }
}
