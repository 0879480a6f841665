// Waiting for events instead of for time: conditions that are checked again after each event.
//
// Every wait has a limit, so that a test fails with a message about what did not happen instead of jest's timeout.

import { existsSync, readFileSync } from 'node:fs';

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

/** Polls a condition for which there is no event. */
export async function untilTrue(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = DEFAULT_WAIT_MS,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pauseFor(20);
  }
}

/** Resolves with the content of a file that another process writes, once it ends with a line break. */
export async function untilWritten(path: string, writer?: Writer): Promise<string> {
  let isOver = false;
  const note = (): void => {
    isOver = true;
  };
  void writer?.ended.then(note, note);
  let text = '';
  await untilTrue(() => {
    // Read before the file, which may be the last thing that the writer writes.
    const wasOver = isOver;
    text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text.endsWith('\n')) return true;
    if (wasOver) throw new Error(`ended without writing ${path}\n--- stderr\n${writer?.stderrText}`);
    return false;
  }, path);
  return text;
}

/** A run that writes a file. */
interface Writer {
  readonly ended: Promise<unknown>;
  readonly stderrText: string;
}
