// The items of several loops in the order in which they arrive. Each loop has one pending pull at most, and is pulled
// again only when the consumer asks for more: that is the back-pressure.
import type { Clock } from '../clock.ts';
import type { Timeline } from './timeline.ts';

interface Arrived<L, T> {
  readonly loop: L;
  readonly result: IteratorResult<T, void>;
}

export class LoopQueue<L, T> {
  readonly #clock: Clock;
  readonly #arrived: (Arrived<L, T> | { readonly error: unknown })[] = [];
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Pulls the next item of a loop. */
  pull(loop: L, items: AsyncIterator<T, void, undefined>): void {
    const add = (one: Arrived<L, T> | { readonly error: unknown }): void => {
      this.#arrived.push(one);
      this.#wake();
    };
    items.next().then(
      (result) => add({ loop, result }),
      (error: unknown) => add({ error }),
    );
  }

  /**
   * The next item; undefined if there is none until `atMs` of `timeline`.
   *
   * @throws the error of a loop
   */
  async take(atMs: number | undefined, timeline: Timeline): Promise<Arrived<L, T> | undefined> {
    if (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => {
        const cancel =
          atMs === undefined
            ? undefined
            : this.#clock.setTimer(resolve, Math.max(1, Math.ceil(atMs - timeline.now().pulledMs)));
        this.#wake = () => {
          cancel?.();
          resolve();
        };
      });
      this.#wake = () => {};
    }
    const next = this.#arrived.shift();
    if (next !== undefined && 'error' in next) throw next.error;
    return next;
  }
}
