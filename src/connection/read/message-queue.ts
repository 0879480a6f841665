// Messages between the socket and whoever asks for them: what arrived together is handed out together.
//
// It tells whether more is wanted, which is what back-pressure goes by: nobody asks while stdout is blocked. What
// is read meanwhile waits in batches of their own, each with the moment at which it came.
import { type Batch, BatchBuilder, type EventLines } from '../../events/batch.ts';
import type { DiscardReason } from '../../events/message-text.ts';

/** How much may be read before anybody asks for it. */
interface ReadAhead {
  readonly reads: number;
  readonly bytes: number;
}

/**
 * What may wait for a consumer that is busy, such as with a pipe, which takes 64 KiB at a time: what is read and
 * checked meanwhile need not be waited for later. In reads, since events that come singly keep their own moments.
 */
export const READ_AHEAD: ReadAhead = { reads: 4, bytes: 1024 * 1024 };

type Taker = 'absent' | 'waiting' | 'woken';

export class MessageQueue {
  readonly #builder = new BatchBuilder();
  readonly #waiting: Batch[] = [];
  #taker: Taker = 'absent';
  #wake: () => void = () => {};

  get isEmpty(): boolean {
    return this.#builder.isEmpty && this.#waiting.length === 0;
  }

  /** How much of `limit` waits, for nobody has asked for it yet: 1 is all of it. */
  fullness({ reads, bytes }: ReadAhead): number {
    const waitingBytes = this.#waiting.reduce((sum, batch) => sum + batch.bytes.length, 0);
    return Math.max(this.#waiting.length / reads, waitingBytes / bytes);
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
  addLines(lines: EventLines): void {
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

  /** Lets what has come since the last time, if anything, wait as a batch of its own. */
  setAside(receivedAtMs: number): void {
    if (!this.#builder.isEmpty) this.#waiting.push(this.#builder.take(receivedAtMs));
  }

  /** The first that waits, else all that is there, or undefined if nothing is; the taker is gone until it asks again. */
  take(receivedAtMs: number): Batch | undefined {
    this.#taker = 'absent';
    this.setAside(receivedAtMs);
    return this.#waiting.shift();
  }
}
