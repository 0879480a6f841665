// Messages between the socket and the consumer: what arrives together is handed out together.
//
// Each read is a batch of its own with its own receive time. Batches wait while the consumer is busy, for example while
// stdout is blocked.
import { type Batch, BatchBuilder, type EventLines } from '../../events/batch.ts';
import type { DiscardReason } from '../../events/message-text.ts';

/**
 * How much is read ahead of a busy consumer, such as a pipe, which takes 64 KiB at a time. Counted in reads as
 * well, since events that arrive one by one keep their own receive times.
 */
export const READ_AHEAD = { reads: 4, bytes: 1024 * 1024 } as const;

export class MessageQueue {
  readonly #builder = new BatchBuilder();
  readonly #waiting: Batch[] = [];
  #waitingBytes = 0;
  #consumer: 'busy' | 'waiting' | 'woken' = 'busy';
  #wake: () => void = () => {};

  get isEmpty(): boolean {
    return this.#builder.isEmpty && this.#waiting.length === 0;
  }

  /** The fraction of the limit that waiting batches use; 1 is full. */
  get fullness(): number {
    return Math.max(this.#waiting.length / READ_AHEAD.reads, this.#waitingBytes / READ_AHEAD.bytes);
  }

  /** Whether the consumer takes the next message at once: it waits, or was woken and has not taken anything yet. */
  get isWanted(): boolean {
    return this.#consumer !== 'busy';
  }

  /** Adds an event with its MESSAGE bits. */
  push(text: Buffer, flags: number): void {
    this.#builder.add(text, flags);
    this.wakeConsumer();
  }

  /** Adds events that arrived together. */
  addLines(lines: EventLines): void {
    this.#builder.addLines(lines);
    this.wakeConsumer();
  }

  /** Counts a message that is not an event. */
  discard(reason: DiscardReason): void {
    this.#builder.discard(reason);
    this.wakeConsumer();
  }

  wakeConsumer(): void {
    if (this.#consumer !== 'waiting') return;
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
  }

  /** The first waiting batch, else everything that has arrived; undefined if there is nothing. */
  take(receivedAtMs: number): Batch | undefined {
    this.#consumer = 'busy';
    this.setAside(receivedAtMs);
    const batch = this.#waiting.shift();
    this.#waitingBytes -= batch?.bytes.length ?? 0;
    return batch;
  }
}
