// Opens a spool for this process alone. Two relays that share a folder would each lose what is the other's.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { type LockHost, takeLock } from '../config/store-lock.ts';
import { isAtlantisError, OutputError } from '../errors.ts';
import { describeSpoolFault } from './fault.ts';
import { Spool, type SpoolConfig } from './spool.ts';

export interface LockedSpool {
  readonly spool: Spool;
  /** Closes the spool and gives the folder free. @throws OutputError */
  close(): void;
}

/** A holder says so often that it is there, and is taken for gone after so long without a word. */
const TOUCH_EVERY_MS = 5_000;
const ABANDONED_MS = 30_000;

/**
 * Takes the folder's lock, then opens the spool in it.
 *
 * @param onFault called when the disk fails at a time when nobody waits for it, or the lock is lost
 * @throws OutputError
 */
export async function openSpool(
  config: SpoolConfig,
  host: LockHost & { readonly clock: Clock },
  onFault: (error: unknown) => void,
): Promise<LockedSpool> {
  const { path } = config;
  const what = `the spool ${JSON.stringify(path)}`;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw describeSpoolFault(path, error);
  }
  const lock = await takeLock(join(path, 'lock'), host, { what, abandonedMs: ABANDONED_MS }).catch(
    (error) => {
      throw isAtlantisError(error) ? new OutputError(error.message, error.hint) : error;
    },
  );
  const touch = (): void => {
    if (lock.isHeld()) {
      lock.touch();
      cancel = host.clock.setTimer(touch, TOUCH_EVERY_MS);
    } else {
      const why = 'this process stood still for too long';
      onFault(new OutputError(`${what} was taken by another process: ${why}`));
    }
  };
  let cancel = host.clock.setTimer(touch, TOUCH_EVERY_MS);
  try {
    const spool = new Spool(config, host.clock, onFault);
    return {
      spool,
      close() {
        cancel();
        try {
          spool.close();
        } finally {
          lock.release();
        }
      },
    };
  } catch (error) {
    cancel();
    lock.release();
    throw error;
  }
}
