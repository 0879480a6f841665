// Waiting with a limit: for whatever comes first, leaving no timer behind.
import type { Clock } from '../clock.ts';

/** The value of `wanted`, or undefined once `ms` have passed or the signal aborted. */
export function waitFor<T>(
  wanted: Promise<T>,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      cancel();
      signal.removeEventListener('abort', giveUp);
    };
    const giveUp = (): void => {
      release();
      resolve(undefined);
    };
    const cancel = clock.setTimer(giveUp, Math.max(0, ms));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    wanted.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error);
      },
    );
  });
}
