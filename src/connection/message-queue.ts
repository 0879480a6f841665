// Messages between the socket and whoever asks for them: what arrived together is handed out together.
//
// It tells whether more is wanted, which is what back-pressure goes by: nobody asks while stdout is blocked.
import { type Batch, BatchBuilder, type Lines } from '../protocol/batch.ts';
import type { DiscardReason } from '../protocol/messages.ts';

type Taker = 'absent' | 'waiting' | 'woken';

export class MessageQueue {
  readonly #builder = new BatchBuilder();
  #taker: Taker = 'absent';
  #wake: () => void = () => {};

  get isEmpty(): boolean {
    return this.#builder.isEmpty;
  }

  /** Whether somebody waits for messages, or has been told of some and not yet come for them. */
  get isWanted(): boolean {
    return this.#taker !== 'absent';
  }

  /** Adds an event with its MESSAGE bits. */
  push(text: Buffer, flags: number): void {
    this.#builder.add(text, flags);
    this.wakeTaker();
  }

  /** Adds events that came together. */
  addLines(lines: Lines): void {
    this.#builder.addLines(lines);
    this.wakeTaker();
  }

  /** Counts a message that is no event. */
  discard(reason: DiscardReason): void {
    this.#builder.discard(reason);
    this.wakeTaker();
  }

  /** Lets the one who waits look again. */
  wakeTaker(): void {
    if (this.#taker !== 'waiting') return;
    this.#taker = 'woken';
    this.#wake();
  }

  /** Resolves at the next message or `wakeTaker`. */
  untilWoken(): Promise<void> {
    this.#taker = 'waiting';
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** All that is there, or undefined if nothing is; the taker is gone until it asks again. */
  take(receivedAtMs: number): Batch | undefined {
    this.#taker = 'absent';
    return this.isEmpty ? undefined : this.#builder.take(receivedAtMs);
  }
}
