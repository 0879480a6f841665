// Messages between the socket and the consumer: what arrives together is handed out together.
//
// While the consumer is busy (stdout is blocked), or lets events linger, each read waits as a batch of its own with its
// own receive time.
import type { Clock } from '../../clock.ts';
import { type Batch, BatchBuilder, type EventLines } from '../../events/batch.ts';
import type { DiscardReason } from '../../events/message-text.ts';

/**
 * How much is read ahead of a busy consumer, such as a pipe, which takes 64 KiB at a time. Counted in reads as
 * well, since events that arrive one by one keep their own receive times.
 */
export const READ_AHEAD = { reads: 4, bytes: 1024 * 1024 } as const;
/** The same if events linger: the wait is to end by its time, not because of a few small reads. */
const LINGER_AHEAD = { ...READ_AHEAD, reads: 1_024 } as const;

export class MessageQueue {
  readonly #clock: Clock;
  /** See ConnectConfig. */
  readonly #lingerMs: number;
  readonly #builder = new BatchBuilder();
  readonly #waiting: Batch[] = [];
  #waitingBytes = 0;
  #consumer: 'busy' | 'waiting' | 'woken' = 'busy';
  #wake: () => void = () => {};
  #cancelLinger: (() => void) | undefined;

  /** @param lingerMs how long a waiting consumer is woken after the first message, unless half of the limit is used */
  constructor(clock: Clock, lingerMs = 0) {
    this.#clock = clock;
    this.#lingerMs = lingerMs;
  }

  get isEmpty(): boolean {
    return this.#builder.isEmpty && this.#waiting.length === 0;
  }

  /** The fraction of the limit that waiting batches use; 1 is full. */
  get fullness(): number {
    const { reads, bytes } = this.#lingerMs > 0 ? LINGER_AHEAD : READ_AHEAD;
    return Math.max(this.#waiting.length / reads, this.#waitingBytes / bytes);
  }

  /** Whether the consumer takes the next message at once: it waits, or was woken and has not taken anything yet. */
  get isWanted(): boolean {
    return this.#consumer !== 'busy' && this.#lingerMs === 0;
  }

  /** Adds an event with its MESSAGE bits. */
  push(text: Buffer, flags: number): void {
    this.#builder.add(text, flags);
    this.#noteMessage();
  }

  /** Adds events that arrived together. */
  addLines(lines: EventLines): void {
    this.#builder.addLines(lines);
    this.#noteMessage();
  }

  /** Counts a message that is not an event. */
  discard(reason: DiscardReason): void {
    this.#builder.discard(reason);
    this.#noteMessage();
  }

  wakeConsumer(): void {
    if (this.#consumer !== 'waiting') return;
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#consumer = 'woken';
    this.#wake();
  }

  /** Resolves at the next message or `wakeConsumer`. */
  untilWoken(): Promise<void> {
    this.#consumer = 'waiting';
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Makes a waiting batch of what has arrived since the last one. */
  setAside(receivedAtMs: number): void {
    if (this.#builder.isEmpty) return;
    const batch = this.#builder.take(receivedAtMs);
    this.#waiting.push(batch);
    this.#waitingBytes += batch.bytes.length;
    if (this.#lingerMs > 0 && this.fullness >= 0.5) this.wakeConsumer();
  }

  /** The first waiting batch, else everything that has arrived; undefined if there is nothing. */
  take(receivedAtMs: number): Batch | undefined {
    this.#consumer = 'busy';
    this.setAside(receivedAtMs);
    const batch = this.#waiting.shift();
    this.#waitingBytes -= batch?.bytes.length ?? 0;
    return batch;
  }

  #noteMessage(): void {
    if (this.#lingerMs === 0) this.wakeConsumer();
    else if (this.#consumer === 'waiting')
      this.#cancelLinger ??= this.#clock.setTimer(() => this.wakeConsumer(), this.#lingerMs);
  }
}
