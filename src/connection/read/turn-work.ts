// How much is done in one turn of the event loop, so that timers and signals have their turn (contract R2).
//
// libuv reads a socket up to 32 times in a row, and a read can hold half a million small frames.

/** ws takes up to 10 µs for each frame. */
const MAX_TURN_FRAMES = 2_000;
/** This many events, or idle bytes (control frames that need no answer), take as much work as one frame for ws. */
const EVENTS_PER_FRAME = 32;
const IDLE_BYTES_PER_FRAME = 1_024;

export class TurnWork {
  readonly #onNextTurn: () => void;
  #frames = 0;
  #maxFrames = MAX_TURN_FRAMES;
  #isCounting = false;
  #hasMore = false;

  /** @param onNextTurn called at the beginning of the turn after `continueNextTurn` */
  constructor(onNextTurn: () => void) {
    this.#onNextTurn = onNextTurn;
  }

  get isLimitReached(): boolean {
    return this.#frames >= this.#maxFrames;
  }

  noteFrame(): void {
    this.#note(1);
  }

  noteEvents(count: number): void {
    this.#note(count / EVENTS_PER_FRAME);
  }

  noteIdleBytes(count: number): void {
    this.#note(count / IDLE_BYTES_PER_FRAME);
  }

  continueNextTurn(): void {
    this.#hasMore = true;
    this.#note(0);
  }

  /** For the last bytes of a socket, which are all processed in this turn. */
  removeLimit(): void {
    this.#maxFrames = Number.POSITIVE_INFINITY;
    this.#hasMore = false;
  }

  #note(frames: number): void {
    this.#frames += frames;
    if (this.#isCounting) return;
    this.#isCounting = true;
    setImmediate(() => this.#beginTurn());
  }

  /** The work of `#onNextTurn` and the socket reads after it share one limit; timers run between the two. */
  #beginTurn(): void {
    this.#frames = 0;
    if (this.#hasMore) {
      this.#hasMore = false;
      this.#onNextTurn();
    }
    this.#isCounting = this.#hasMore;
    if (this.#hasMore) setImmediate(() => this.#beginTurn());
  }
}
