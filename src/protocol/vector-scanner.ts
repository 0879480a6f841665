// The scanner for all but odd machines: what looks at bytes is WebAssembly, in assembly/, and takes sixteen at once.
//
// Accepts exactly what JSON.parse accepts behind a strict UTF-8 decoder (RFC 8259, RFC 3629), any nesting.
import { isUtf8 } from 'node:buffer';
import { MESSAGE } from './messages.ts';
import type { Scanner, Taken } from './scanner.ts';
import code from './scanner.wasm';

/** What assembly/index.ts exports. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly CHUNK: WebAssembly.Global;
  readonly CHUNK_BYTES: WebAssembly.Global;
  readonly LINES: WebAssembly.Global;
  readonly ENDS: WebAssembly.Global;
  readonly FLAGS: WebAssembly.Global;
  readonly lineCount: WebAssembly.Global;
  readonly lineBytes: WebAssembly.Global;
  readonly allFlags: WebAssembly.Global;
  scan(at: number, end: number): number;
  takeFrames(at: number, end: number): number;
}

const PAGE_BYTES = 65_536;
/** Behind a text: a NUL, rounding, and a vector that is read beyond it. */
const SLACK_BYTES = 64;

let compiled: WebAssembly.Module | undefined;

export class VectorScanner implements Scanner {
  readonly capacity: number;

  readonly #exports: Exports;
  readonly #chunk: number;
  readonly #lines: number;
  /** All of the memory; made anew when that grew. */
  #bytes: Uint8Array;
  #loaded = 0;

  /** @throws where there is no WebAssembly with vectors, or no room for the addresses that it reserves */
  constructor() {
    compiled ??= new WebAssembly.Module(code);
    this.#exports = new WebAssembly.Instance(compiled).exports as Exports;
    this.#chunk = this.#exports.CHUNK.value;
    this.#lines = this.#exports.LINES.value;
    this.capacity = this.#exports.CHUNK_BYTES.value;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  classify(text: Uint8Array): number {
    this.#makeRoom(text.length);
    this.#bytes.set(text, this.#lines);
    const flags = this.#exports.scan(this.#lines, this.#lines + text.length);
    // Bad UTF-8 anywhere outranks bad JSON: it is a fault of the connection.
    return flags >= 0 || isUtf8(text) ? flags : MESSAGE.notUtf8;
  }

  load(parts: readonly Uint8Array[]): void {
    this.#loaded = 0;
    for (const part of parts) {
      this.#bytes.set(part, this.#chunk + this.#loaded);
      this.#loaded += part.length;
    }
  }

  takeEvents(at: number): Taken {
    const { takeFrames, lineCount, lineBytes, allFlags, ENDS, FLAGS, memory } = this.#exports;
    const behind = takeFrames(this.#chunk + at, this.#chunk + this.#loaded) - this.#chunk;
    const count = lineCount.value;
    if (count === 0) return { at: behind, lines: undefined };
    // Copies: the memory is used again, and what is printed may have to wait.
    const bytes = Buffer.from(this.#bytes.subarray(this.#lines, this.#lines + lineBytes.value));
    const ends = new Int32Array(memory.buffer, ENDS.value, count).slice();
    const flags = new Uint8Array(memory.buffer, FLAGS.value, count).slice();
    return { at: behind, lines: { count, bytes, ends, flags, allFlags: allFlags.value } };
  }

  /** Room at LINES for a text and for what `scan` writes behind it. The memory grows and stays as large. */
  #makeRoom(textLength: number): void {
    const needed = this.#lines + textLength + (textLength >> 3) + SLACK_BYTES;
    const missing = needed - this.#bytes.length;
    if (missing <= 0) return;
    this.#exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }
}
