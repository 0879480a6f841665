// Collects events that arrive one by one, and counts them together.
//
// At 1,000 events per second, each read of the socket finds the caches of the processor cold. Counting a hundred events at
// once takes about half of the time.
import type { Clock } from '../../clock.ts';
import { type Batch, type EventLines, firstLines } from '../../events/batch.ts';

/** How long an event may wait: half of the shortest time between two frames. */
const MAX_WAIT_MS = 125;
const MAX_EVENTS = 256;
const MAX_BYTES = 256 * 1024;
/** More events than this are counted at once. */
const LARGE_BATCH = 64;

/** When events arrived: on the wall clock, and on the clock of the timeline. */
export interface Arrival {
  readonly receivedAtMs: number;
  readonly atMs: number;
}

/** Counts the first `count` events of these. */
type CountEvents = (events: Pick<EventLines, 'bytes' | 'ends'>, count: number, arrival: Arrival) => void;

interface Waiting extends Arrival {
  readonly bytes: Buffer;
  readonly ends: Int32Array;
}

export class DeferredEvents {
  readonly #clock: Clock;
  readonly #count: CountEvents;
  #waiting: Waiting[] = [];
  #events = 0;
  #bytes = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, count: CountEvents) {
    this.#clock = clock;
    this.#count = count;
  }

  /** Takes the first `count` events of a batch, which is not needed any more. */
  add(batch: Batch, count: number, atMs: number): void {
    const arrival = { receivedAtMs: batch.receivedAtMs, atMs };
    const bytes = firstLines(batch, count);
    if (count >= LARGE_BATCH || bytes.length >= MAX_BYTES) {
      this.settle();
      this.#count(batch, count, arrival);
      batch.release?.();
      return;
    }
    // Copies: a single event would keep the memory of a whole read.
    this.#waiting.push({ bytes: Buffer.from(bytes), ends: batch.ends.slice(0, count), ...arrival });
    batch.release?.();
    this.#events += count;
    this.#bytes += bytes.length;
    if (this.#events >= MAX_EVENTS || this.#bytes >= MAX_BYTES) this.settle();
    else this.#cancelTimer ??= this.#clock.setTimer(() => this.settle(), MAX_WAIT_MS);
  }

  /** Counts what waits. */
  settle(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#events = 0;
    this.#bytes = 0;
    for (const one of waiting) this.#count(one, one.ends.length, one);
  }
}
