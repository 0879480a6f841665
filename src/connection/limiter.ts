// The last line of defence against storms: whatever the policy says, attempts keep their distance.

/** No two attempts begin closer together than this (contract § 5). */
export const MIN_SPACING_MS = 250;
/** At most this many attempts begin within WINDOW_MS (contract § 5). */
export const MAX_ATTEMPTS = 20;
export const WINDOW_MS = 60_000;
/** The server counts where attempts arrive, and the first of a run takes longer to get there than the others. */
const WINDOW_MARGIN_MS = 500;

export interface AttemptLimiter {
  /** Ms to wait before an attempt may begin at `nowMs` (monotonic); 0 when it may begin now. */
  delayMs(nowMs: number): number;
  /** Records that an attempt begins. */
  record(nowMs: number): void;
}

/** Remembers the last MAX_ATTEMPTS beginnings; one limiter serves one run. */
export function createAttemptLimiter(): AttemptLimiter {
  const beganAtMs: number[] = [];
  return {
    delayMs(nowMs) {
      const last = beganAtMs.at(-1);
      if (last === undefined) return 0;
      const oldest = beganAtMs.length < MAX_ATTEMPTS ? undefined : beganAtMs[0];
      const earliest = Math.max(
        last + MIN_SPACING_MS,
        oldest === undefined ? 0 : oldest + WINDOW_MS + WINDOW_MARGIN_MS,
      );
      return Math.max(0, earliest - nowMs);
    },
    record(nowMs) {
      beganAtMs.push(nowMs);
      if (beganAtMs.length > MAX_ATTEMPTS) beganAtMs.shift();
    },
  };
}
