// When the last byte arrived, as the loss of a connection is told (contract G1).
//
// Bytes that are read after a pause, or after the process was away, may have waited on the way all the while.
// Taking the moment of reading for that of arrival would make a gap look shorter than it was; so the moment
// from before is kept until a pong proves that we have caught up, or silence does.
import type { Clock } from '../../clock.ts';

/** A byte that comes after so much silence, while we were reading, did not wait for us. */
const SILENCE_MS = 1_000;
/** More than a kernel keeps for one socket that is not read (Linux: 6 MiB unless tuned). */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** A server may leave pings unanswered for as long as it likes. */
const MAX_OPEN_PINGS = 1_000;

interface OpenPing {
  readonly sentAtMs: number;
  /** How many stops there had been; undefined when reading was stopped at that moment. */
  readonly stops: number | undefined;
}

export class Arrival {
  /** Wall clock of the last read, ms since the epoch. */
  lastReadAtMs: number;
  /** Wall clock, ms since the epoch: the last byte is known to have arrived no earlier. */
  lastByteAtMs: number;

  readonly #clock: Clock;
  #isReading = true;
  #isBehind = false;
  #stops = 0;
  #openPings: OpenPing[] = [];
  #lastReadMonotonicMs = 0;
  /** What is read MAX_WAITING_BYTES after this moment has arrived after it. */
  #markAtMs = 0;
  #bytesSinceMark = 0;

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
    const nowMs = this.#clock.monotonicMs();
    const silentMs = nowMs - this.#lastReadMonotonicMs;
    this.#lastReadMonotonicMs = nowMs;
    this.#bytesSinceMark += byteCount;
    if (this.#isReading && silentMs >= SILENCE_MS) this.#catchUp();
    else if (this.#bytesSinceMark >= MAX_WAITING_BYTES) this.#moveTo(this.#markAtMs);
  }

  /** Nothing is read from now on, or was not for a while. */
  noteStopped(): void {
    this.#isReading = false;
    this.#stops += 1;
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#markAtMs = this.lastByteAtMs;
    this.#bytesSinceMark = 0;
  }

  /** Reading goes on. */
  noteResumed(): void {
    this.#isReading = true;
    this.#lastReadMonotonicMs = this.#clock.monotonicMs();
  }

  /** A text ping was sent. */
  notePing(): void {
    if (this.#openPings.length >= MAX_OPEN_PINGS) return;
    const stops = this.#isReading ? this.#stops : undefined;
    this.#openPings.push({ sentAtMs: this.#clock.wallMs(), stops });
  }

  /** The pong to the earliest open ping was read: before it all that was sent until that ping arrived. */
  notePong(): void {
    const ping = this.#openPings.shift();
    if (ping === undefined || !this.#isBehind) return;
    if (ping.stops === this.#stops) this.#catchUp();
    else if (ping.sentAtMs > this.lastByteAtMs) this.#moveTo(ping.sentAtMs);
  }

  #catchUp(): void {
    this.#isBehind = false;
    this.lastByteAtMs = this.lastReadAtMs;
  }

  /** Still behind, but no further than this. */
  #moveTo(atMs: number): void {
    this.lastByteAtMs = atMs;
    this.#markAtMs = this.lastReadAtMs;
    this.#bytesSinceMark = 0;
  }
}
