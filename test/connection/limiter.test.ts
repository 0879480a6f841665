// The attempt limiter, which applies whatever the retry policy decides: minimum interval, maximum number of attempts.
import { describe, expect, test } from '@jest/globals';
import {
  AttemptLimiter,
  MAX_ATTEMPTS,
  MIN_SPACING_MS,
  WINDOW_MS,
} from '../../src/connection/retry-policy.ts';
import { createRandom } from '../../src/simulator/random.ts';

/** Begins attempt i `pauses[i]` ms after the one before, or later if the limiter demands it; returns the times. */
function attempt(pauses: readonly number[], startMs = 0): number[] {
  const limiter = new AttemptLimiter();
  let nowMs = startMs;
  return pauses.map((pauseMs) => {
    nowMs += pauseMs;
    nowMs += limiter.delayMs(nowMs);
    limiter.record(nowMs);
    return nowMs;
  });
}

/** The shortest time in ms from an attempt to the one `steps` later. */
function findShortestSpan(beganAtMs: readonly number[], steps: number): number {
  return Math.min(...beganAtMs.slice(steps).map((atMs, n) => atMs - (beganAtMs[n] ?? 0)));
}

describe('limiter', () => {
  test('§ 5: the limits are those of the contract', () => {
    expect({ MIN_SPACING_MS, MAX_ATTEMPTS, WINDOW_MS }).toEqual({
      MIN_SPACING_MS: 250,
      MAX_ATTEMPTS: 20,
      WINDOW_MS: 60_000,
    });
  });

  test('the first attempt begins at once', () => {
    expect(new AttemptLimiter().delayMs(0)).toBe(0);
    expect(new AttemptLimiter().delayMs(1e9)).toBe(0);
  });

  test('§ 5: the second attempt waits only for the rest of the interval', () => {
    const limiter = new AttemptLimiter();
    limiter.record(1_000);
    expect(limiter.delayMs(1_000)).toBe(250);
    expect(limiter.delayMs(1_249)).toBe(1);
    expect(limiter.delayMs(1_250)).toBe(0);
  });

  test('§ 5: attempts without a pause are 250 ms apart, and the 21st waits for the next minute', () => {
    const beganAtMs = attempt(Array.from({ length: 60 }, () => 0));
    expect(beganAtMs.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => n * 250));
    expect(beganAtMs[20]).toBeGreaterThan(60_000);
    expect(beganAtMs[20]).toBeLessThan(61_000);
  });

  test('attempts that are far enough apart are never delayed', () => {
    const beganAtMs = attempt(Array.from({ length: 100 }, () => 3_100));
    expect(beganAtMs).toEqual(Array.from({ length: 100 }, (_, n) => (n + 1) * 3_100));
  });

  test('§ 5: with random pauses, no two attempts within 250 ms, and at most 20 in any 60 s', () => {
    const random = createRandom('limiter');
    for (let run = 0; run < 500; run += 1) {
      const longest = [0, 300, 2_000, 10_000][run % 4] ?? 0;
      const beganAtMs = attempt(
        Array.from({ length: 100 }, () => random.nextFraction() * longest),
        random.nextFraction() * 1e6,
      );
      expect(findShortestSpan(beganAtMs, 1)).toBeGreaterThanOrEqual(250 - 1e-6);
      expect(findShortestSpan(beganAtMs, 20)).toBeGreaterThan(60_000);
    }
  });
});
