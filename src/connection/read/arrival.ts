// When the last byte arrived, which is where a gap begins (contract G1).
//
// Bytes that are read after a pause, or after the process was suspended, may have waited in the kernel all that
// time. A gap must never be reported too short. So the last byte counts as received before the pause, until a pong or
// silence proves that everything that waited has been read.
import type { Clock } from '../../clock.ts';

/** A byte that arrives after this much silence, with reading on, did not wait in the kernel. */
const SILENCE_MS = 1_000;
/** More than a kernel buffers for one socket (Linux: 6 MiB unless tuned). */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Bounds the memory for pings that the server never answers. */
const MAX_OPEN_PINGS = 1_000;

interface SentPing {
  readonly sentAtMs: number;
  /** `#stops` when it was sent; undefined if reading was stopped then. */
  readonly stops: number | undefined;
}

export class Arrival {
  /** Wall clock of the last read, ms since the epoch. */
  lastReadAtMs: number;
  /** How long nothing was read before the last read, in ms. */
  silentBeforeMs = 0;
  /** The earliest possible arrival of the last byte, ms since the epoch. */
  lastByteAtMs: number;

  readonly #clock: Clock;
  #isReading = true;
  /** Whether bytes that arrived while reading was stopped may still be unread. */
  #isBehind = false;
  /** Number of times reading was stopped. */
  #stops = 0;
  #openPings: SentPing[] = [];
  #lastReadMonotonicMs = 0;
  /** Once MAX_WAITING_BYTES have been read since this time, the bytes that follow arrived after it. */
  #markAtMs = 0;
  #bytesSinceMark = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.lastReadAtMs = clock.wallMs();
    this.lastByteAtMs = this.lastReadAtMs;
  }

  noteRead(byteCount: number): void {
    const readAtMs = this.#clock.wallMs();
    this.silentBeforeMs = readAtMs - this.lastReadAtMs;
    this.lastReadAtMs = readAtMs;
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

  /** Reading stops now, or was stopped until now. */
  noteStopped(): void {
    this.#isReading = false;
    this.#stops += 1;
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#markAtMs = this.lastByteAtMs;
    this.#bytesSinceMark = 0;
  }

  noteResumed(): void {
    this.#isReading = true;
    this.#lastReadMonotonicMs = this.#clock.monotonicMs();
  }

  notePing(): void {
    if (this.#openPings.length >= MAX_OPEN_PINGS) return;
    const stops = this.#isReading ? this.#stops : undefined;
    this.#openPings.push({ sentAtMs: this.#clock.wallMs(), stops });
  }

  /** The pong to the earliest open ping was read, and so was everything that the server sent before the pong. */
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

  #moveTo(atMs: number): void {
    this.lastByteAtMs = atMs;
    this.#markAtMs = this.lastReadAtMs;
    this.#bytesSinceMark = 0;
  }
}
