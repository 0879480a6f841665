// Time: what the clocks say, timers of any length, waits that end when a signal aborts.
//
// Everything that waits is handed a `Clock`, so that tests can bring their own.

/** Longest delay that a Node timer keeps; above it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface Clock {
  /** Time of day in ms since the epoch; may jump. */
  wallMs(): number;
  /** Ms since some fixed moment; never jumps back. */
  monotonicMs(): number;
  /** Calls back once after `ms` (any finite length, never early by overflow). Returns a function that cancels. */
  setTimer(callback: () => void, ms: number): () => void;
}

/** The clocks of this machine. Uses no more of the process than these, and its timers. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  // `performance` would load all that Node has for measuring.
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

/** Waits `ms`, or until the signal aborts; resolves in both cases. */
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

/**
 * The value of `wanted`, or undefined once the signal aborts. For waits that repeat: `Promise.race` with a promise
 * that stays pending keeps every value it ever returned.
 */
export function untilAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(undefined);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    wanted.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

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
