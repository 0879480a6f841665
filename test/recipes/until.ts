// Polls another program until it shows the expected state.
import { pauseFor } from '../helpers/watch.ts';

const LIMIT_MS = 20_000;

/** Resolves with the first value that fits; rejects with the last one seen. */
export async function untilShown<T>(look: () => T, fits: (value: T) => boolean): Promise<T> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const value = look();
    if (fits(value)) return value;
    if (performance.now() > endMs) throw new Error(`waited ${LIMIT_MS} ms; last seen: ${String(value)}`);
    await pauseFor(20);
  }
}
