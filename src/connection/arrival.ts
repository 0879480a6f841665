// When the last byte arrived, as the loss of a connection is told (contract G1).
//
// Bytes that are read after a pause, or after the process was away, may have waited in the kernel all the
// while. Taking the moment of reading for that of arrival would make a gap look shorter than it was; so until
// all that waited is read, the time from before is kept. Promises never to name a later moment than is known.
import type { Clock } from '../io.ts';

/** More than a kernel keeps for one socket that is not read (Linux: 6 MiB unless tuned). */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** In one turn of the loop Node reads until the kernel has no more, or about this much (32 reads of 64 KiB). */
const FULL_TURN_BYTES = 31 * 64 * 1024;
/** The shortest timer that Node has: it is called in another turn of the loop. */
const TURN_MS = 1;

export class Arrival {
  /** Wall clock of the last read, ms since the epoch. */
  lastReadAtMs: number;
  /** Wall clock, ms since the epoch: the last byte is known to have arrived no earlier. */
  lastByteAtMs: number;

  readonly #clock: Clock;
  #isBehind = false;
  #bytesInTurn = 0;
  /** What is read MAX_WAITING_BYTES after this moment has arrived after it. */
  #markAtMs = 0;
  #bytesSinceMark = 0;
  #cancelLook: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.lastReadAtMs = clock.wallMs();
    this.lastByteAtMs = this.lastReadAtMs;
  }

  noteRead(byteCount: number): void {
    this.lastReadAtMs = this.#clock.wallMs();
    if (!this.#isBehind) {
      this.lastByteAtMs = this.lastReadAtMs;
      return;
    }
    this.#bytesInTurn += byteCount;
    this.#bytesSinceMark += byteCount;
    if (this.#bytesSinceMark < MAX_WAITING_BYTES) return;
    this.lastByteAtMs = this.#markAtMs;
    this.#markAtMs = this.lastReadAtMs;
    this.#bytesSinceMark = 0;
  }

  /** Nothing is read from now on, or was not for a while. */
  noteStopped(): void {
    this.#cancelLook();
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#markAtMs = this.lastByteAtMs;
    this.#bytesSinceMark = 0;
  }

  /** Reading goes on: two turns of the loop on, one poll of the socket is sure to lie in between. */
  noteResumed(): void {
    this.#lookAfter(2);
  }

  /** No timer is left behind. */
  end(): void {
    this.#cancelLook();
  }

  #lookAfter(turns: number): void {
    this.#cancelLook();
    this.#bytesInTurn = 0;
    this.#cancelLook = this.#clock.setTimer(() => {
      if (this.#bytesInTurn >= FULL_TURN_BYTES) this.#lookAfter(1);
      else if (turns > 1) this.#lookAfter(turns - 1);
      else this.#isBehind = false;
    }, TURN_MS);
  }
}
