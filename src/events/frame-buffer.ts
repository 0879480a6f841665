// Holds the bytes of frames from a socket, and takes the events in them as lines.
//
// The socket reads right into the memory of the scanner, which checks all frames of a read in one call.
import type { EventLines } from './batch.ts';
import { ScannedLines } from './scanned-lines.ts';
import { createInstance, type ScannerExports } from './scanner.ts';

/** Undefined without WebAssembly. */
export function createFrameBuffer(): FrameBuffer | undefined {
  const instance = createInstance();
  return instance === undefined ? undefined : new FrameBuffer(instance);
}

export class FrameBuffer {
  /** In bytes. */
  readonly capacity: number;

  readonly #scanner: ScannerExports;
  /** All of the scanner's memory. It never grows, since sockets write to it. */
  readonly #memory: Buffer;
  readonly #chunk: number;
  /** The bytes that are held, as positions in the memory. */
  #start: number;
  #end: number;
  readonly #lines: ScannedLines;

  constructor(scanner: ScannerExports) {
    this.#scanner = scanner;
    this.#lines = new ScannedLines(scanner);
    this.#memory = Buffer.from(scanner.memory.buffer);
    this.#chunk = scanner.CHUNK.value;
    this.capacity = scanner.CHUNK_BYTES.value;
    this.#start = this.#chunk;
    this.#end = this.#chunk;
  }

  /** A view, valid until the next call. */
  get rest(): Buffer {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Whether another read is worthwhile before the events are taken. */
  get hasRoom(): boolean {
    return this.#end - this.#start < this.capacity / 2;
  }

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** Bytes that are written here need no copy in `add`. Moves the bytes that are held. */
  get room(): Buffer {
    this.#moveToFront();
    return this.#memory.subarray(this.#end, this.#chunk + this.capacity);
  }

  /** Room for a read whose bytes are added after other bytes. Usable while the first half has room for the others. */
  get lastHalf(): Buffer {
    return this.#memory.subarray(this.#chunk + this.capacity / 2, this.#chunk + this.capacity);
  }

  /** Adds as many bytes as fit, and returns their number. */
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

  /**
   * Stops at the first frame that is not a complete event in one text frame (final, unmasked, no reserved bits). May
   * leave some events for the next call. Undefined if it takes none.
   */
  takeEvents(): EventLines | undefined {
    this.#start = this.#scanner.takeFrames(this.#start, this.#end);
    return this.#lines.copy();
  }

  #moveToFront(): void {
    if (this.#start === this.#chunk) return;
    this.#memory.copyWithin(this.#chunk, this.#start, this.#end);
    this.#end -= this.#start - this.#chunk;
    this.#start = this.#chunk;
  }
}
