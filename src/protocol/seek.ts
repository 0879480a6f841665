// Finds values in the bytes of an event without building anything: members by name, items by index.
//
// Only for text that `classifyText` took as an event: the grammar is trusted, not checked. Places are indexes
// into the whole memory that `view` shows; NOWHERE stands for what is not there. No recursion, and nothing is
// allocated but for keys that are written with escapes. Of duplicate keys the last one counts.
import { decodeString } from './json-tree.ts';
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
import { skipDigits } from './scan-words.ts';

/** The name of a member, ready to be compared with keys. */
export interface Name {
  readonly text: string;
  /** UTF-8; undefined where it has none (lone surrogates), so that only a key with escapes can be it. */
  readonly bytes: Uint8Array | undefined;
}

/** The top bit of each of four bytes. */
const TOP_BITS = 0x80808080 | 0;

export function makeName(text: string): Name {
  const bytes = Buffer.from(text);
  return { text, bytes: bytes.toString() === text ? bytes : undefined };
}

/** The first byte of the text's value: behind a byte order mark and white space. */
export function seekValue(view: DataView, start: number, end: number): number {
  const hasMark = end - start >= 3 && view.getUint8(start) === 0xef;
  return skipSpace(view, hasMark ? start + 3 : start, end);
}

/** Sets `found[i]` to the place of the value of the member `names[i]` of the object at `at`. */
export function seekMembers(
  view: DataView,
  at: number,
  end: number,
  names: readonly Name[],
  found: Int32Array,
): void {
  for (let i = 0; i < found.length; i++) found[i] = NOWHERE;
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
        ? findEscapedName(readString(view, start, at), names)
        : findName(view, start + 1, at - 1, names);
      if (index < 0) continue;
      at = skipSpace(view, skipSpace(view, at, end) + 1, end);
      found[index] = at;
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

/** True if the bytes from `start` to `end` are these. */
export function areBytes(view: DataView, start: number, end: number, bytes: Uint8Array): boolean {
  if (end - start !== bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) {
    if (view.getUint8(start + i) !== bytes[i]) return false;
  }
  return true;
}

/** Index of the first quote or backslash, or `end`. Four bytes at a time, as in `skipPlain`. */
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

function findName(view: DataView, start: number, end: number, names: readonly Name[]): number {
  for (let i = 0; i < names.length; i++) {
    const bytes = names[i]?.bytes;
    if (bytes !== undefined && areBytes(view, start, end, bytes)) return i;
  }
  return -1;
}

function findEscapedName(text: string, names: readonly Name[]): number {
  return names.findIndex((name) => name.text === text);
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
