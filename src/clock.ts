// Clocks, timers of any length, and waits that end when a signal aborts. Tests replace the `Clock`.

/** The maximum delay of a Node timer; a longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The longest duration that flags and options accept: a year. */
export const MAX_DURATION_MS = 365 * 24 * 3_600_000;

export interface Clock {
  /** Wall clock, ms since the epoch; may jump. */
  wallMs(): number;
  /** Ms since an arbitrary fixed time; never jumps back. */
  monotonicMs(): number;
  /** `ms` may exceed MAX_TIMER_MS. Returns a function that cancels the timer. */
  setTimer(callback: () => void, ms: number): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  // Unlike `performance.now`, this loads nothing at start-up.
  monotonicMs() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  setTimer(callback, ms) {
    let remainingMs = Math.max(0, ms);
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const stepMs = Math.min(remainingMs, MAX_TIMER_MS);
      remainingMs -= stepMs;
      timer = setTimeout(remainingMs > 0 ? arm : callback, stepMs);
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Whether the day exists in the month of a date (YYYY-MM-DD). Date.parse reads 30 February as 2 March. */
export function isDayOfMonth(date: string): boolean {
  const isInEveryMonth = Number(date.slice(8)) <= 28;
  return isInEveryMonth || new Date(Date.parse(`${date}T00:00Z`) || 0).toISOString().startsWith(date);
}

export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function readClocks(clock: Clock): Moment {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}

/** Uses the clock that advanced more. The wall clock can be set back, and the monotonic clock stops in sleep mode. */
export function computeElapsedMs(clock: Clock, since: Moment): number {
  const wallMs = clock.wallMs() - since.wallMs;
  const monotonicMs = clock.monotonicMs() - since.monotonicMs;
  return monotonicMs > wallMs + ROUNDING_MS ? monotonicMs : wallMs;
}

/** The wall clock is read in whole ms. */
const ROUNDING_MS = 2;

/** Resolves after `ms`, or as soon as the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(finish, ms);
    signal?.addEventListener('abort', finish);
  });
}

/** Undefined if the signal aborts first. Unlike `Promise.race` in a loop, this leaves no listeners behind. */
export function untilAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(undefined);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    wanted.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** Undefined if `ms` pass or the signal aborts first. */
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
    wanted.then(resolve, reject).finally(release);
  });
}
