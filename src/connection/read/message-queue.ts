// The queue between the socket and the consumer: each read becomes a batch with its own receive time.
import { type Batch, BatchBuilder, type EventLines } from '../../events/batch.ts';
import type { DiscardReason } from '../../events/message-text.ts';

/** Read-ahead for a busy consumer. Reads are limited, too, because events that arrive one by one are a batch each. */
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

  /** The used fraction of READ_AHEAD. */
  get fullness(): number {
    return Math.max(this.#waiting.length / READ_AHEAD.reads, this.#waitingBytes / READ_AHEAD.bytes);
  }

  /** Whether the consumer takes the next message at once. */
  get isWanted(): boolean {
    return this.#consumer !== 'busy';
  }

  /** @param flags MESSAGE bits */
  push(text: Buffer, flags: number): void {
    this.#builder.add(text, flags);
    this.wakeConsumer();
  }

  addLines(lines: EventLines): void {
    this.#builder.addLines(lines);
    this.wakeConsumer();
  }

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

  take(receivedAtMs: number): Batch | undefined {
    this.#consumer = 'busy';
    this.setAside(receivedAtMs);
    const batch = this.#waiting.shift();
    this.#waitingBytes -= batch?.bytes.length ?? 0;
    return batch;
  }
}
