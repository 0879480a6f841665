// Finds values in the bytes of an event without building anything.
//
// Only for text that `classifyText` accepted as an event: the grammar is not checked. Positions are indexes into the
// whole memory of `view`. Nothing recurses, and memory is allocated only for keys with escapes. Of duplicate keys
// the last one counts.
//
// Searches read four bytes at a time, as little-endian 32-bit words, and use plain arithmetic. In `stops`, a set top
// bit of a byte means that the search ends at this byte. Borrows and carries only move up, so the lowest of these bits
// is always right. No function reads at or after `end`.
import { decodeString } from './message-text.ts';
import {
  BACKSLASH,
  COMMA,
  DOT,
  MAX_KEPT_MEMORY,
  MINUS,
  NINE,
  NOT_FOUND,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
  ZERO,
} from './scan-constants.ts';

let lastMemory: ArrayBufferLike = new ArrayBuffer(0);
let lastView: DataView = new DataView(lastMemory);

/** Messages that arrived together share their memory, so the last view is kept. */
export function viewMemory(memory: ArrayBufferLike): DataView {
  if (memory === lastMemory) return lastView;
  const view = new DataView(memory);
  // The cache must not keep a huge message in memory.
  if (memory.byteLength <= MAX_KEPT_MEMORY) {
    lastMemory = memory;
    lastView = view;
  }
  return view;
}

/** The UTF-8 bytes of a string, quotes included, as words that compare fast. */
export interface Quoted {
  /** In bytes. */
  readonly length: number;
  /** Little-endian; the last word may overlap the one before. For fewer than four bytes: the byte inside the quotes. */
  readonly words: Int32Array;
}

const WORD_BYTES = 4;

/** Undefined if `text` needs an escape or has lone surrogates. */
export function quoteText(text: string): Quoted | undefined {
  const bytes = Buffer.from(`"${text}"`);
  if (/["\\\0-\x1f]/.test(text) || bytes.toString() !== `"${text}"`) return undefined;
  return copyQuoted(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

export function copyQuoted(view: DataView, start: number, end: number): Quoted {
  const length = end - start;
  if (length < WORD_BYTES) return { length, words: Int32Array.of(view.getUint8(start + 1)) };
  const words = new Int32Array(Math.ceil(length / WORD_BYTES));
  for (let i = 0; i < words.length; i++) {
    words[i] = view.getInt32(Math.min(start + WORD_BYTES * i, end - WORD_BYTES), true);
  }
  return { length, words };
}

export function equalsQuoted(view: DataView, start: number, end: number, { length, words }: Quoted): boolean {
  if (end - start !== length) return false;
  if (length < WORD_BYTES) return view.getUint8(start + 1) === words[0];
  const last = words.length - 1;
  for (let i = 0; i < last; i++) {
    if (view.getInt32(start + WORD_BYTES * i, true) !== words[i]) return false;
  }
  return view.getInt32(end - WORD_BYTES, true) === words[last];
}

/** Names of members, prepared for comparison with keys. */
export interface Names {
  readonly texts: readonly string[];
  /** Undefined for a name that is always written with escapes. */
  readonly quoted: readonly (Quoted | undefined)[];
  /** The first four bytes of each name, quote included, and a mask for shorter ones. */
  readonly heads: Int32Array;
  readonly masks: Int32Array;
  /** One bit for the first byte of each name. A key whose bit is not set equals no name. */
  readonly firsts: number;
}

/** The top bit of each of four bytes. */
const TOP_BITS = 0x80808080 | 0;

export function makeNames(texts: readonly string[]): Names {
  const heads = new Int32Array(texts.length);
  const masks = new Int32Array(texts.length);
  for (const [i, text] of texts.entries()) {
    const bytes = Buffer.from(`"${text}"\0\0`);
    masks[i] = [0xffff, 0xffffff][bytes.length - 4] ?? -1;
    heads[i] = bytes.readInt32LE() & (masks[i] as number);
  }
  const firsts = heads.reduce((bits, head) => bits | firstBit(head), 0);
  return { texts, quoted: texts.map(quoteText), heads, masks, firsts };
}

/** The start of the text's value, after a byte order mark and white space. */
export function seekValue(view: DataView, start: number, end: number): number {
  const hasMark = end - start >= 3 && view.getUint8(start) === 0xef;
  return skipSpace(view, hasMark ? start + 3 : start, end);
}

/** Sets `places[i]` to the start of the value of member `names[i]` of the object at `at`, or to NOT_FOUND. */
export function seekMembers(view: DataView, at: number, end: number, names: Names, places: Int32Array): void {
  for (let i = 0; i < places.length; i++) places[i] = NOT_FOUND;
  let depth = 1;
  let isKey = true; // whether the next string is a key of this object
  at++;
  for (;;) {
    const byte = view.getUint8(at);
    if (byte === QUOTE) {
      const start = at;
      at = skipToMark(view, start + 1, end);
      const hasEscape = view.getUint8(at) !== QUOTE;
      at = hasEscape ? skipQuoted(view, start, end) : at + 1;
      if (!isKey) continue;
      isKey = false;
      const index = hasEscape
        ? names.texts.indexOf(readString(view, start, at))
        : findName(view, start, at, names);
      if (index < 0) continue;
      at = skipSpace(view, skipSpace(view, at, end) + 1, end);
      places[index] = at;
    } else if (byte >= ZERO && byte <= NINE) {
      at = skipDigits(view, at + 1, end);
    } else {
      at++;
      if (byte === COMMA) isKey = depth === 1;
      else if ((byte | 0x20) === OPEN_OBJECT) depth++;
      else if ((byte | 0x20) === OPEN_OBJECT + 2 && --depth === 0) return;
    }
  }
}

export function seekFirstItem(view: DataView, at: number, end: number): number {
  at = skipSpace(view, at + 1, end);
  // The code of the closing bracket is that of the opening bracket plus two.
  return view.getUint8(at) === OPEN_ARRAY + 2 ? NOT_FOUND : at;
}

export function seekNextItem(view: DataView, at: number, end: number): number {
  at = skipSpace(view, skipValue(view, at, end), end);
  return view.getUint8(at) === COMMA ? skipSpace(view, at + 1, end) : NOT_FOUND;
}

export function skipValue(view: DataView, at: number, end: number): number {
  const byte = view.getUint8(at);
  if (byte === QUOTE) return skipQuoted(view, at, end);
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return skipContainer(view, at, end);
  at = skipDigits(view, at + 1, end);
  for (; at < end; at++) {
    const next = view.getUint8(at);
    // A number or a literal ends at a comma, white space or a closing bracket.
    if (next === COMMA || next <= SPACE || (next | 0x20) === OPEN_OBJECT + 2) return at;
  }
  return at;
}

/** The value of the string from `start` to `end`, quotes included. */
export function readString(view: DataView, start: number, end: number): string {
  return decodeString(readSource(view, start, end));
}

export function readSource(view: DataView, start: number, end: number): string {
  return Buffer.from(view.buffer, start, end - start).toString('utf8');
}

/** Index of the first quote or backslash, or `end`. */
export function skipToMark(view: DataView, at: number, end: number): number {
  while (at + 8 <= end) {
    let word = view.getInt32(at, true);
    let quotes = word ^ 0x22222222;
    let backslashes = word ^ 0x5c5c5c5c;
    let stops = (((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes)) & TOP_BITS;
    if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >> 3);
    word = view.getInt32(at + 4, true);
    quotes = word ^ 0x22222222;
    backslashes = word ^ 0x5c5c5c5c;
    stops = (((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes)) & TOP_BITS;
    if (stops !== 0) return at + 4 + ((31 - Math.clz32(stops & -stops)) >> 3);
    at += 8;
  }
  while (at < end) {
    const byte = view.getUint8(at);
    if (byte === QUOTE || byte === BACKSLASH) return at;
    at++;
  }
  return at;
}

/** Returns -1 if no name equals the key. Four bytes can be read, since a value follows the key. */
function findName(view: DataView, start: number, end: number, names: Names): number {
  const word = view.getInt32(start, true);
  if ((names.firsts & firstBit(word)) === 0) return -1;
  const { quoted, heads, masks } = names;
  for (let i = 0; i < heads.length; i++) {
    if ((word & (masks[i] as number)) !== heads[i]) continue;
    const name = quoted[i];
    if (name !== undefined && equalsQuoted(view, start, end, name)) return i;
  }
  return -1;
}

/** One of 32 bits, chosen by the byte after the quote. */
function firstBit(word: number): number {
  return 1 << (word >>> 8); // `<<` ignores all but the lowest five bits of the distance
}

function skipQuoted(view: DataView, at: number, end: number): number {
  at = skipToMark(view, at + 1, end);
  // Skip a backslash and the character after it; the rest of an escape is plain.
  while (at < end && view.getUint8(at) === BACKSLASH) at = skipToMark(view, at + 2, end);
  return at + 1;
}

function skipContainer(view: DataView, at: number, end: number): number {
  let depth = 0;
  while (at < end) {
    const byte = view.getUint8(at);
    if (byte === QUOTE) {
      at = skipQuoted(view, at, end);
      continue;
    }
    at++;
    // This bit turns square brackets into curly ones; outside of strings, no other byte becomes a curly bracket.
    const bracket = byte | 0x20;
    if (bracket === OPEN_OBJECT) depth++;
    else if (bracket === OPEN_OBJECT + 2 && --depth === 0) return at;
  }
  return at;
}

function skipSpace(view: DataView, at: number, end: number): number {
  while (at < end && view.getUint8(at) <= SPACE) at++;
  return at;
}

export function skipNumber(view: DataView, at: number, end: number): number {
  if (view.getUint8(at) === MINUS) at++;
  if (at >= end) return NOT_FOUND;
  const first = view.getUint8(at);
  if (first < ZERO || first > NINE) return NOT_FOUND;
  return skipFraction(view, first === ZERO ? at + 1 : skipDigits(view, at + 1, end), end);
}

/** The end of the optional fraction and exponent, or NOT_FOUND if one of them has no digits. */
function skipFraction(view: DataView, at: number, end: number): number {
  if (at < end && view.getUint8(at) === DOT) {
    const digits = at + 1;
    at = skipDigits(view, digits, end);
    if (at === digits) return NOT_FOUND;
  }
  if (at < end && (view.getUint8(at) | 0x20) === 0x65) {
    at++;
    if (at < end && (view.getUint8(at) === 0x2b || view.getUint8(at) === MINUS)) at++;
    const digits = at;
    at = skipDigits(view, digits, end);
    if (at === digits) return NOT_FOUND;
  }
  return at;
}

export function skipDigits(view: DataView, at: number, end: number): number {
  while (at + 4 <= end) {
    const word = view.getInt32(at, true);
    const stops = ((word - 0x30303030) | (word + 0x46464646) | word) & TOP_BITS;
    if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >> 3);
    at += 4;
  }
  while (at < end && view.getUint8(at) >= ZERO && view.getUint8(at) <= NINE) at++;
  return at;
}
