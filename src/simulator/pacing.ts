// When events are due: pure arithmetic over a monotonic clock, no timers.
//
// A sender that falls behind (blocked client, stopped process) may catch up a quarter of a second at most;
// older debt is forgiven, so that a pause is never followed by a flood.

const MAX_DEBT_MS = 250;
/** No wait is shorter than this: at high rates several events share a tick. */
const MIN_WAIT_MS = 4;
/** No wait is longer than this, so that no timer overflows. */
const MAX_WAIT_MS = 60_000;

export interface Pace {
  /** How many events may be sent now; Infinity if there is no limit. */
  countDue(nowMs: number): number;
  /** Tells that `count` events were sent. */
  advance(count: number): void;
  /** How long to wait, in ms, before asking again. */
  getWaitMs(nowMs: number): number;
}

/**
 * Starts a pace whose first event is due at once.
 * @param ratePerSecond 0 for none at all, Infinity for as many as the client takes
 */
export function startPace(ratePerSecond: number, nowMs: number): Pace {
  const periodMs = 1000 / ratePerSecond;
  let nextDueMs = ratePerSecond === 0 ? Number.POSITIVE_INFINITY : nowMs;
  return {
    countDue(now) {
      if (now < nextDueMs) return 0;
      nextDueMs = Math.max(nextDueMs, now - MAX_DEBT_MS);
      return periodMs === 0 ? Number.POSITIVE_INFINITY : Math.floor((now - nextDueMs) / periodMs) + 1;
    },
    advance(count) {
      nextDueMs += count * periodMs;
    },
    getWaitMs: (now) => Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, nextDueMs - now)),
  };
}
