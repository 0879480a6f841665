// Waits of any length, which end with the connection: a timer of Node alone ends at once beyond 24.8 days.
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest delay that a timer keeps, in ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits `ms`; rejects once the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let leftMs = ms;
  do {
    const partMs = Math.min(leftMs, MAX_TIMER_MS);
    leftMs -= partMs;
    await sleep(partMs, undefined, { signal });
  } while (leftMs > 0);
}
