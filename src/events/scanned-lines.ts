// Copies lines out of the memory of the scanner, which the next call overwrites.
import type { EventLines } from './batch.ts';
import type { ScannerExports } from './scanner.ts';

/** Fewer bytes get a buffer of their own. A slab is a large buffer that is reused. */
const MIN_SLAB_USE_BYTES = 16_384;
const MAX_SPARE_SLABS = 4;

export class ScannedLines {
  readonly #scanner: ScannerExports;
  /** All of the scanner's memory, which never grows. */
  readonly #memory: Buffer;
  readonly #spareSlabs: Buffer[] = [];

  constructor(scanner: ScannerExports) {
    this.#scanner = scanner;
    this.#memory = Buffer.from(scanner.memory.buffer);
  }

  /** Undefined if the last call of the scanner found no lines. */
  copy(): EventLines | undefined {
    const { lineCount, lineBytes, allFlags, LINES, ENDS, FLAGS } = this.#scanner;
    const count = lineCount.value;
    if (count === 0) return undefined;
    const lines = this.#memory.subarray(LINES.value, LINES.value + lineBytes.value);
    const ends = new Int32Array(this.#memory.buffer, ENDS.value, count).slice();
    const flags = new Uint8Array(this.#memory.buffer, FLAGS.value, count).slice();
    const { bytes, release } = this.#copyBytes(lines);
    return { count, bytes, ends, flags, allFlags: allFlags.value, release };
  }

  #copyBytes(lines: Buffer): Pick<EventLines, 'bytes' | 'release'> {
    if (lines.length < MIN_SLAB_USE_BYTES) return { bytes: Buffer.from(lines) };
    const slab = this.#spareSlabs.pop() ?? Buffer.allocUnsafeSlow(this.#scanner.CHUNK_BYTES.value);
    slab.set(lines);
    const release = (): void => {
      if (this.#spareSlabs.length < MAX_SPARE_SLABS) this.#spareSlabs.push(slab);
    };
    return { bytes: slab.subarray(0, lines.length), release };
  }
}
