// Messages between the socket and whoever asks for them: what arrived together is handed out together.
//
// It tells whether more is wanted, which is what back-pressure goes by: nobody asks while stdout is blocked.
import type { Batch, DiscardReason } from '../protocol/messages.ts';

type Taker = 'absent' | 'waiting' | 'woken';

export class MessageQueue {
  #texts: Buffer[] = [];
  #flags: number[] = [];
  #discarded: DiscardReason[] = [];
  #taker: Taker = 'absent';
  #wake: () => void = () => {};

  get isEmpty(): boolean {
    return this.#texts.length === 0 && this.#discarded.length === 0;
  }

  /** Whether somebody waits for messages, or has been told of some and not yet come for them. */
  get isWanted(): boolean {
    return this.#taker !== 'absent';
  }

  /** Adds an event with its MESSAGE bits. */
  push(text: Buffer, flags: number): void {
    this.#texts.push(text);
    this.#flags.push(flags);
    this.wakeTaker();
  }

  /** Counts a message that is no event. */
  discard(reason: DiscardReason): void {
    this.#discarded.push(reason);
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
    if (this.isEmpty) return undefined;
    const batch = { texts: this.#texts, flags: this.#flags, discarded: this.#discarded, receivedAtMs };
    this.#texts = [];
    this.#flags = [];
    this.#discarded = [];
    return batch;
  }
}
