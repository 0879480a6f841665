// Opens a spool for this process alone. Two relays that share a folder would corrupt each other's records.
import { dirname, join } from 'node:path';
import { OutputError } from '../../errors.ts';
import { type LockHost, takeLock } from '../../io/lock.ts';
import { assertOwnFolder, makeFolder } from '../../io/safe-file.ts';
import { describeSpoolFault } from './fault.ts';
import { Spool, type SpoolConfig } from './spool.ts';

export interface LockedSpool {
  readonly spool: Spool;
  /** Closes the spool and releases the folder. @throws OutputError */
  close(): void;
}

export interface SpoolEvents {
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
