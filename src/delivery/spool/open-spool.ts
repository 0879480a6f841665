// Opens a spool for this process alone. Two relays that share a folder would corrupt each other's records.
// Counting what a spool holds opens nothing: it is for spools that this run does not use.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OutputError } from '../../errors.ts';
import { type LockHost, takeLock } from '../../io/lock.ts';
import { assertOwnFolder, makeFolder } from '../../io/safe-file.ts';
import { readCursor } from './cursor.ts';
import { listSegments, scanSegment } from './segments.ts';
import { describeSpoolFault, Spool, type SpoolConfig } from './spool.ts';

/** Records that wait in this folder; 0 where there is no spool in it. */
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
    // Somebody else's, or gone meanwhile: nothing to tell.
    return 0;
  }
}

export interface LockedSpool {
  readonly spool: Spool;
  /** Closes the spool and releases the folder. @throws OutputError */
  close(): void;
}

interface SpoolEvents {
  /** The disk failed while nothing waited for it, or the lock was lost. */
  onFault(error: unknown): void;
  /** The lock of the spool may be abandoned, and is watched. */
  warn(message: string): void;
}

/**
 * Takes the folder's lock, then opens the spool in it.
 *
 * @throws OutputError
 */
export async function openSpool(
  config: SpoolConfig,
  host: LockHost,
  { onFault, warn }: SpoolEvents,
): Promise<LockedSpool> {
  const { path } = config;
  const what = `the spool ${JSON.stringify(path)}`;
  const subject = {
    what,
    Refusal: OutputError,
    warn,
    onLost: () =>
      onFault(new OutputError(`${what} was taken by another process while this one was suspended`)),
  };
  try {
    // The folder that the user named has one for each sink in it.
    for (const [folder, isShared] of [[dirname(path), true] as const, [path, false] as const]) {
      makeFolder(folder);
      assertOwnFolder(folder, isShared);
    }
    const lock = await takeLock(join(path, 'lock'), host, subject);
    try {
      const spool = new Spool(config, host.clock, onFault);
      return {
        spool,
        close() {
          try {
            spool.close();
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
