// Finds values in the bytes of an event without building anything: members by name, items by index.
//
// Only for text that `classifyText` took as an event: the grammar is trusted, not checked. Places are indexes
// into the whole memory that `view` shows; NOWHERE stands for what is not there. No recursion, and nothing is
// allocated but for keys that are written with escapes. Of duplicate keys the last one counts.
import { decodeString } from './json-string.ts';
import {
  BACKSLASH,
  COMMA,
  NINE,
  NOWHERE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
  ZERO,
} from './scan-constants.ts';
import { skipDigits } from './scan-numbers.ts';

/** A string in its quotes, as UTF-8. */
export interface Quoted {
  /** In bytes, quotes included. */
  readonly length: number;
  /** Every four bytes, little-endian; the last four overlap. Of fewer than four bytes those inside the quotes. */
  readonly words: Int32Array;
}

const WORD_BYTES = 4;

/** `text` in quotes; undefined where that takes an escape, or where it is no Unicode (lone surrogates). */
export function quoteText(text: string): Quoted | undefined {
  const bytes = Buffer.from(`"${text}"`);
  if (/["\\\0-\x1f]/.test(text) || bytes.toString() !== `"${text}"`) return undefined;
  return copyQuoted(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** The string that stands, with its quotes, from `start` to `end`. */
export function copyQuoted(view: DataView, start: number, end: number): Quoted {
  const length = end - start;
  if (length < WORD_BYTES) return { length, words: Int32Array.of(view.getUint8(start + 1)) };
  const words = new Int32Array(Math.ceil(length / WORD_BYTES));
  for (let i = 0; i < words.length; i++) {
    words[i] = view.getInt32(Math.min(start + WORD_BYTES * i, end - WORD_BYTES), true);
  }
  return { length, words };
}

/** True if the string from `start` to `end`, quotes included, has these bytes. */
export function isQuoted(view: DataView, start: number, end: number, { length, words }: Quoted): boolean {
  if (end - start !== length) return false;
  if (length < WORD_BYTES) return view.getUint8(start + 1) === words[0];
  const last = words.length - 1;
  for (let i = 0; i < last; i++) {
    if (view.getInt32(start + WORD_BYTES * i, true) !== words[i]) return false;
  }
  return view.getInt32(end - WORD_BYTES, true) === words[last];
}

/** Names of members, ready to be compared with keys. */
export interface Names {
  readonly texts: readonly string[];
  /** Undefined where only a key with escapes can be it. */
  readonly quoted: readonly (Quoted | undefined)[];
  /** Of each name in its quotes the first four bytes, as far as it has them, and the bits that they take. */
  readonly heads: Int32Array;
  readonly masks: Int32Array;
  /** A bit for the first byte of each name: most keys are told from all names by it. */
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

/** The first byte of the text's value: behind a byte order mark and white space. */
export function seekValue(view: DataView, start: number, end: number): number {
  const hasMark = end - start >= 3 && view.getUint8(start) === 0xef;
  return skipSpace(view, hasMark ? start + 3 : start, end);
}

/** Sets `places[i]` to the place of the value of the member `names[i]` of the object at `at`. */
export function seekMembers(view: DataView, at: number, end: number, names: Names, places: Int32Array): void {
  for (let i = 0; i < places.length; i++) places[i] = NOWHERE;
  let depth = 1;
  let isKey = true; // the next string at this depth
  at++;
  for (;;) {
    const byte = view.getUint8(at);
    if (byte === QUOTE) {
      const start = at;
      at = skipToMark(view, start + 1, end);
      const hasEscape = view.getUint8(at) !== QUOTE;
      at = hasEscape ? skipString(view, start, end) : at + 1;
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

/** The first item of the array at `at`. */
export function seekFirstItem(view: DataView, at: number, end: number): number {
  at = skipSpace(view, at + 1, end);
  // The closing bracket is the opening one plus two.
  return view.getUint8(at) === OPEN_ARRAY + 2 ? NOWHERE : at;
}

/** The item behind the one at `at`. */
export function seekNextItem(view: DataView, at: number, end: number): number {
  at = skipSpace(view, skipValue(view, at, end), end);
  return view.getUint8(at) === COMMA ? skipSpace(view, at + 1, end) : NOWHERE;
}

/** The end of the value that begins at `at`. */
export function skipValue(view: DataView, at: number, end: number): number {
  const byte = view.getUint8(at);
  if (byte === QUOTE) return skipString(view, at, end);
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return skipContainer(view, at, end);
  at = skipDigits(view, at + 1, end);
  for (; at < end; at++) {
    const next = view.getUint8(at);
    // What follows a number or a literal: a comma, white space or a closing bracket.
    if (next === COMMA || next <= SPACE || (next | 0x20) === OPEN_OBJECT + 2) return at;
  }
  return at;
}

/** The value of the string from `start` to `end`, quotes included. */
export function readString(view: DataView, start: number, end: number): string {
  return decodeString(readSource(view, start, end));
}

/** The text from `start` to `end` as it was sent. */
export function readSource(view: DataView, start: number, end: number): string {
  return Buffer.from(view.buffer, start, end - start).toString('utf8');
}

/** Index of the first quote or backslash, or `end`. Four bytes at a time, as in `skipDigits`. */
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

/** Which name the key from `start` to `end`, quotes included, is; -1 for none. A value follows the key. */
function findName(view: DataView, start: number, end: number, names: Names): number {
  const word = view.getInt32(start, true);
  if ((names.firsts & firstBit(word)) === 0) return -1;
  const { quoted, heads, masks } = names;
  for (let i = 0; i < heads.length; i++) {
    if ((word & (masks[i] as number)) !== heads[i]) continue;
    const name = quoted[i];
    if (name !== undefined && isQuoted(view, start, end, name)) return i;
  }
  return -1;
}

/** One of 32 bits, by the byte behind the quote with which a word of a key begins. */
function firstBit(word: number): number {
  return 1 << (word >>> 8); // a shift takes the lowest five bits
}

function skipString(view: DataView, at: number, end: number): number {
  at = skipToMark(view, at + 1, end);
  // A backslash takes the next character with it; what else belongs to the escape is plain.
  while (at < end && view.getUint8(at) === BACKSLASH) at = skipToMark(view, at + 2, end);
  return at + 1;
}

function skipContainer(view: DataView, at: number, end: number): number {
  let depth = 0;
  while (at < end) {
    const byte = view.getUint8(at);
    if (byte === QUOTE) {
      at = skipString(view, at, end);
      continue;
    }
    at++;
    // With this bit set square brackets are curly ones, and nothing else outside of strings is.
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
