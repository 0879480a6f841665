// One stream of events for all clients of a simulator, as in the service: a client gets the events that are sent while
// it is connected.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSource } from './events.ts';
import { type SharedTexts, startPace } from './perform.ts';

interface Subscriber {
  readonly waiting: SharedTexts[];
  wake(): void;
}

const MAX_TEXTS_AT_ONCE = 500;

export class SharedFeed {
  readonly #source: EventSource;
  readonly #ratePerSecond: number;
  readonly #subscribers = new Set<Subscriber>();
  #isRunning = false;

  constructor(source: EventSource, ratePerSecond: number) {
    this.#source = source;
    this.#ratePerSecond = ratePerSecond;
  }

  /** Yields the events that are sent from now on, until the signal aborts. */
  async *subscribe(signal: AbortSignal): AsyncGenerator<SharedTexts, void, undefined> {
    const subscriber: Subscriber = { waiting: [], wake: () => {} };
    const wake = (): void => subscriber.wake();
    signal.addEventListener('abort', wake);
    this.#subscribers.add(subscriber);
    if (!this.#isRunning) void this.#run();
    try {
      while (!signal.aborted) {
        const next = subscriber.waiting.shift();
        if (next !== undefined) yield next;
        else {
          await new Promise<void>((resolve) => {
            subscriber.wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#subscribers.delete(subscriber);
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const pace = startPace(this.#ratePerSecond, performance.now());
    while (this.#subscribers.size > 0) {
      const due = Math.min(MAX_TEXTS_AT_ONCE, pace.countDue(performance.now()));
      const texts: string[] = [];
      for (let text: string | undefined; texts.length < due; texts.push(text)) {
        text = this.#source.next();
        if (text === undefined) break;
      }
      if (texts.length > 0) {
        pace.advance(texts.length);
        const shared = { texts, atMs: performance.now() };
        for (const subscriber of this.#subscribers) {
          subscriber.waiting.push(shared);
          subscriber.wake();
        }
      }
      await sleep(pace.getWaitMs(performance.now()));
    }
    this.#isRunning = false;
  }
}
