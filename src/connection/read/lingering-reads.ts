// Reads that wait up to `lingerMs`, so that several are processed together, each with its own receive time.
//
// Processing each read of a slow stream alone would find the caches of the processor cold every time.
import type { Clock } from '../../clock.ts';

interface Read {
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
}

const MAX_BYTES = 65_536;

export class LingeringReads {
  /** The buffer into which the socket reads; `add` copies from it. */
  readonly readBuffer = Buffer.allocUnsafe(MAX_BYTES);
  readonly #clock: Clock;
  readonly #lingerMs: number;
  readonly #onReady: () => void;
  readonly #reads: Read[] = [];
  #bytes = 0;
  #cancel: (() => void) | undefined;

  /** @param onReady called `lingerMs` after the first read, or as soon as MAX_BYTES wait */
  constructor(clock: Clock, lingerMs: number, onReady: () => void) {
    this.#clock = clock;
    this.#lingerMs = lingerMs;
    this.#onReady = onReady;
  }

  add(bytes: Uint8Array, receivedAtMs: number): void {
    this.#reads.push({ bytes: Buffer.from(bytes), receivedAtMs });
    this.#bytes += bytes.length;
    if (this.#bytes >= MAX_BYTES) this.#onReady();
    else this.#cancel ??= this.#clock.setTimer(this.#onReady, this.#lingerMs);
  }

  take(): Read | undefined {
    this.#cancel?.();
    this.#cancel = undefined;
    const read = this.#reads.shift();
    this.#bytes -= read?.bytes.length ?? 0;
    return read;
  }
}
