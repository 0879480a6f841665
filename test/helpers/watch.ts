// Waiting for events instead of for time: conditions that are checked again after each event.
//
// Every wait has a limit, so that a test fails with a message about what did not happen instead of jest's timeout.

/** Limit of a wait in ms, unless the caller says otherwise. */
export const DEFAULT_WAIT_MS = 30_000;

/** Something that changes; `notify` after each change, `until` to wait for a state of it. */
export class Watch {
  readonly #waiters = new Set<() => void>();

  /** Makes every waiter look at its condition again. */
  notify(): void {
    for (const look of [...this.#waiters]) look();
  }

  /**
   * Resolves with the first value of `probe` that is not undefined, looking now and after each `notify`.
   * Rejects if `probe` throws, or after `limitMs` (Infinity: never) with a message that says `what` was awaited.
   */
  until<T>(probe: () => T | undefined, what: string | (() => string), limitMs = DEFAULT_WAIT_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        settle();
      };
      const look = (): void => {
        try {
          const value = probe();
          if (value !== undefined) finish(() => resolve(value));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      const giveUp = (): void => {
        const words = typeof what === 'string' ? what : what();
        finish(() => reject(new Error(`waited ${limitMs} ms for ${words}`)));
      };
      const timer = limitMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, limitMs);
      this.#waiters.add(look);
      look();
    });
  }
}

/** Resolves after `ms`: only for making a fault last, never for waiting until something has happened. */
export function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
