// Classifies a text message: whether it is JSON and UTF-8, and whether it is a safe line.
//
// Accepts exactly what JSON.parse accepts after a strict UTF-8 decoder (RFC 8259, RFC 3629), at any depth. The code in
// assembly/ takes one pass over the bytes; without WebAssembly, TextDecoder and JSON.parse are used.
import { isUtf8 } from 'node:buffer';
import { MESSAGE, UNSAFE_CHARACTER } from './message-text.ts';
import code from './scanner.wasm';

/** The exports of assembly/index.ts. */
export interface ScannerExports {
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
  takeRecords(at: number, end: number, same: number, head: number, tail: number): number;
}

let compiled: WebAssembly.Module | undefined;

/** Undefined without WebAssembly vectors, or if `ulimit -v` is below the memory that WebAssembly reserves. */
export function createInstance(): ScannerExports | undefined {
  try {
    compiled ??= new WebAssembly.Module(code);
    return new WebAssembly.Instance(compiled).exports as ScannerExports;
  } catch {
    return undefined;
  }
}

type Classify = (text: Uint8Array) => number;

const PAGE_BYTES = 65_536;
/** Needed after a text: a NUL, the alignment of the stack, and a vector that is read past the end. */
const SLACK_BYTES = 64;

const BYTE_ORDER_MARK = '\ufeff';
const LINE_BREAK = /[\r\n]/;

let classify: Classify | undefined;

/** MESSAGE bits for an event, `notJson` or `notUtf8` otherwise. Never throws. */
export function classifyText(text: Uint8Array): number {
  classify ??= createVectorClassify() ?? createPlainClassify();
  return classify(text);
}

/** Undefined without WebAssembly. The memory grows to fit the largest text and never shrinks. */
export function createVectorClassify(): Classify | undefined {
  const instance = createInstance();
  if (instance === undefined) return undefined;
  const { memory, scan } = instance;
  const start = instance.LINES.value;
  let bytes = new Uint8Array(memory.buffer);
  return (text) => {
    // The stack of open brackets takes up to an eighth of the text's length.
    const needed = start + text.length + (text.length >> 3) + SLACK_BYTES;
    if (needed > bytes.length) {
      memory.grow(Math.ceil((needed - bytes.length) / PAGE_BYTES));
      bytes = new Uint8Array(memory.buffer);
    }
    bytes.set(text, start);
    const flags = scan(start, start + text.length);
    // Invalid UTF-8 anywhere outranks invalid JSON: it is an error of the connection.
    return flags >= 0 || isUtf8(text) ? flags : MESSAGE.notUtf8;
  };
}

/** Slower than WebAssembly, and the reference for tests. */
export function createPlainClassify(): Classify {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return (bytes) => {
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      return MESSAGE.notUtf8;
    }
    const hasMark = text.startsWith(BYTE_ORDER_MARK);
    try {
      JSON.parse(hasMark ? text.slice(1) : text);
    } catch {
      return MESSAGE.notJson;
    }
    return (
      (hasMark ? MESSAGE.byteOrderMark : 0) |
      (LINE_BREAK.test(text) ? MESSAGE.lineBreak : 0) |
      (UNSAFE_CHARACTER.test(text) ? MESSAGE.unsafeCharacter : 0)
    );
  };
}
