// Tells what a text message is: JSON or not, UTF-8 or not, safe as a line or not.
//
// Accepts exactly what JSON.parse accepts behind a strict UTF-8 decoder (RFC 8259, RFC 3629), any nesting. In one
// pass over the bytes, in assembly/; where there is no WebAssembly, by that parser and that decoder. Each instance has a memory of
// its own.
import { isUtf8 } from 'node:buffer';
import { MESSAGE } from './messages.ts';
import code from './scanner.wasm';

/** What assembly/index.ts exports. */
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
}

let compiled: WebAssembly.Module | undefined;

/**
 * An instance with a memory of its own; undefined where there is no WebAssembly with vectors, or where a limit on
 * addresses (`ulimit -v`) leaves no room for what it reserves.
 */
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
/** Behind a text: a NUL, rounding, and a vector that is read beyond it. */
const SLACK_BYTES = 64;

const BYTE_ORDER_MARK = '\ufeff';
const LINE_BREAK = /[\r\n]/;
const UNSAFE_CHARACTER = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let classify: Classify | undefined;

/** MESSAGE bits for an event, `notJson` or `notUtf8` otherwise. Never throws. */
export function classifyText(text: Uint8Array): number {
  classify ??= createVectorClassify() ?? createPlainClassify();
  return classify(text);
}

/** Undefined where there is no WebAssembly. Its memory grows with the largest text, and stays as large. */
export function createVectorClassify(): Classify | undefined {
  const instance = createInstance();
  if (instance === undefined) return undefined;
  const { memory, scan } = instance;
  const start = instance.LINES.value;
  let bytes = new Uint8Array(memory.buffer);
  return (text) => {
    // An eighth more is for the nesting.
    const needed = start + text.length + (text.length >> 3) + SLACK_BYTES;
    if (needed > bytes.length) {
      memory.grow(Math.ceil((needed - bytes.length) / PAGE_BYTES));
      bytes = new Uint8Array(memory.buffer);
    }
    bytes.set(text, start);
    const flags = scan(start, start + text.length);
    // Bad UTF-8 anywhere outranks bad JSON: it is a fault of the connection.
    return flags >= 0 || isUtf8(text) ? flags : MESSAGE.notUtf8;
  };
}

/** The platform's own decoder and parser: slower, and what the other is measured against. */
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
