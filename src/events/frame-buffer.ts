// The bytes of frames as they come from a socket, and the events in them as lines.
//
// Bytes are read right into the memory of the scanner, which looks at all frames of a read in one call.
import type { FrameBuffer, Lines } from './batch.ts';
import { createInstance, type ScannerExports } from './scanner.ts';

/** Undefined where there is no WebAssembly. */
export function createFrameBuffer(): FrameBuffer | undefined {
  const instance = createInstance();
  return instance === undefined ? undefined : new VectorFrameBuffer(instance);
}

/** Smaller lines are buffers of their own. */
const LEAST_SLAB_USE_BYTES = 16_384;
/** Slabs that are kept for the next lines. */
const MAX_SPARE_SLABS = 4;

class VectorFrameBuffer implements FrameBuffer {
  readonly capacity: number;

  readonly #scanner: ScannerExports;
  /** All of the memory, which never grows: sockets write to it. */
  readonly #memory: Buffer;
  readonly #chunk: number;
  /** Places in the memory: the bytes that are held. */
  #start: number;
  #end: number;
  /** Memory of lines that nobody needs any more. */
  readonly #spareSlabs: Buffer[] = [];

  constructor(scanner: ScannerExports) {
    this.#scanner = scanner;
    this.#memory = Buffer.from(scanner.memory.buffer);
    this.#chunk = scanner.CHUNK.value;
    this.capacity = scanner.CHUNK_BYTES.value;
    this.#start = this.#chunk;
    this.#end = this.#chunk;
  }

  get rest(): Buffer {
    return this.#memory.subarray(this.#start, this.#end);
  }

  get room(): Buffer {
    this.#moveToFront();
    return this.#memory.subarray(this.#end, this.#chunk + this.capacity);
  }

  get lastHalf(): Buffer {
    return this.#memory.subarray(this.#chunk + this.capacity / 2, this.#chunk + this.capacity);
  }

  add(bytes: Uint8Array): number {
    const isInPlace = bytes.buffer === this.#memory.buffer && bytes.byteOffset === this.#end;
    const added = isInPlace ? bytes : bytes.subarray(0, this.room.length);
    if (!isInPlace) this.#memory.set(added, this.#end);
    this.#end += added.length;
    return added.length;
  }

  skip(byteCount: number): void {
    this.#start += byteCount;
  }

  takeEvents(): Lines | undefined {
    const { takeFrames, lineCount, lineBytes, allFlags, LINES, ENDS, FLAGS } = this.#scanner;
    this.#start = takeFrames(this.#start, this.#end);
    const count = lineCount.value;
    if (count === 0) return undefined;
    // Copies: the scanner's memory is used again, and what is printed may have to wait.
    const lines = this.#memory.subarray(LINES.value, LINES.value + lineBytes.value);
    const ends = new Int32Array(this.#memory.buffer, ENDS.value, count).slice();
    const flags = new Uint8Array(this.#memory.buffer, FLAGS.value, count).slice();
    return { count, ...this.#copyLines(lines), ends, flags, allFlags: allFlags.value };
  }

  #copyLines(lines: Buffer): Pick<Lines, 'bytes' | 'release'> {
    if (lines.length < LEAST_SLAB_USE_BYTES) return { bytes: Buffer.from(lines) };
    const slab = this.#spareSlabs.pop() ?? Buffer.allocUnsafeSlow(this.capacity);
    slab.set(lines);
    const release = (): void => {
      if (this.#spareSlabs.length < MAX_SPARE_SLABS) this.#spareSlabs.push(slab);
    };
    return { bytes: slab.subarray(0, lines.length), release };
  }

  #moveToFront(): void {
    if (this.#start === this.#chunk) return;
    this.#memory.copyWithin(this.#chunk, this.#start, this.#end);
    this.#end -= this.#start - this.#chunk;
    this.#start = this.#chunk;
  }
}
