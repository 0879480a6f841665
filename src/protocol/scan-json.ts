// Classifies a text message in one pass over its bytes: JSON or not, UTF-8 or not, safe as a line or not.
//
// Promises: accepts exactly what JSON.parse accepts behind a strict UTF-8 decoder (RFC 8259, RFC 3629); no
// recursion, so any nesting is fine; nothing allocated per message. Every event of the stream passes here, hence
// the shape: plain string bytes are tested four at a time, and one loop walks the grammar with the open
// brackets as bits of `path`, so that the engine inlines what is hot.
import { isUtf8 } from 'node:buffer';
import { viewMemory } from './memory.ts';
import { MESSAGE } from './messages.ts';
import {
  ALSE_WORD,
  COLON,
  COMMA,
  DOT,
  KEPT_PLACES,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  MESSAGE_BITS,
  MINUS,
  NINE,
  NULL_WORD,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
  TRUE_WORD,
  ZERO,
} from './scan-constants.ts';
import { found, skipFraction, skipNumber, skipRestOfString, skipSpace } from './scan-tokens.ts';
import { skipDigits, skipPlain } from './scan-words.ts';

/** Nesting beyond 32 levels: the words of `path` that did not fit into its 32 bits. Grows, a bit a level. */
let outerPaths = new Int32Array(32);

/**
 * Where the keys of the outermost object stand, for filters, so that they need not go through the bytes
 * again: the place of each opening quote, and the one behind the closing quote. About the event that was
 * classified last, and only its first `found.placeCount` numbers.
 */
export const keyPlaces = new Int32Array(KEPT_PLACES);

/** See `Classify`: MESSAGE bits for an event, `notJson` or `notUtf8` otherwise. */
export function classifyText(bytes: Uint8Array): number {
  const start = bytes.byteOffset;
  const flags = scanText(viewMemory(bytes.buffer), start, start + bytes.length);
  // Bad UTF-8 anywhere outranks bad JSON: it is a fault of the connection.
  return flags >= 0 || isUtf8(bytes) ? flags : MESSAGE.notUtf8;
}

/** The bytes from `at` to `end`: MESSAGE bits for an event, `notJson` for whatever is none. */
export function scanText(view: DataView, at: number, end: number): number {
  let depth = 0;
  let path = 0; // one bit per open bracket, the innermost lowest: 1 is an object
  let isKey = false; // the next string is a key
  let byte = 0;
  let placeCount = 0;
  found.bits = 0;
  if (end - at >= 3 && view.getUint8(at) === 0xef && view.getUint16(at + 1) === 0xbbbf) {
    found.bits = MESSAGE.byteOrderMark;
    at += 3;
  }

  for (;;) {
    // A value, or a key, is next.
    if (at >= end) return MESSAGE.notJson;
    byte = view.getUint8(at);
    if (byte <= SPACE) {
      at = skipSpace(view, at, end);
      continue;
    }
    if (byte === QUOTE) {
      const start = at;
      at = skipPlain(view, start + 1, end);
      if (at >= end) return MESSAGE.notJson;
      at = view.getUint8(at) === QUOTE ? at + 1 : skipRestOfString(view, at, end);
      if (isKey) {
        if (depth === 1 && placeCount < KEPT_PLACES) {
          keyPlaces[placeCount] = start;
          keyPlaces[placeCount + 1] = at;
          placeCount += 2;
        }
        if (at < end && view.getUint8(at) <= SPACE) at = skipSpace(view, at, end);
        if (at >= end || view.getUint8(at) !== COLON) return MESSAGE.notJson;
        at++;
        isKey = false;
        continue;
      }
    } else if (isKey) {
      return MESSAGE.notJson;
    } else if (byte > ZERO && byte <= NINE) {
      at = skipDigits(view, at + 1, end);
      if (at < end && view.getUint8(at) >= DOT) at = skipFraction(view, at, end);
    } else if (byte === ZERO || byte === MINUS) {
      at = skipNumber(view, at, end);
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if ((depth & 31) === 0 && depth > 0) keepOuterPath(depth >>> 5, path);
      isKey = byte === OPEN_OBJECT;
      path = (path << 1) | (isKey ? 1 : 0);
      depth++;
      at++;
      if (at < end && view.getUint8(at) <= SPACE) at = skipSpace(view, at, end);
      // Both closing brackets are their opening ones plus two. An empty container is closed below.
      if (at >= end || view.getUint8(at) !== byte + 2) continue;
    } else if (byte === LETTER_T && at + 4 <= end && view.getInt32(at, true) === TRUE_WORD) {
      at += 4;
    } else if (byte === LETTER_N && at + 4 <= end && view.getInt32(at, true) === NULL_WORD) {
      at += 4;
    } else if (byte === LETTER_F && at + 5 <= end && view.getInt32(at + 1, true) === ALSE_WORD) {
      at += 5;
    } else {
      return MESSAGE.notJson;
    }

    // A value has ended: a comma, closing brackets or the end of the text.
    for (;;) {
      if (at >= end) {
        if (depth > 0 || at > end) return MESSAGE.notJson;
        found.placeCount = placeCount;
        return found.bits & MESSAGE_BITS;
      }
      byte = view.getUint8(at);
      if (byte <= SPACE) {
        at = skipSpace(view, at, end);
        continue;
      }
      if (depth === 0) return MESSAGE.notJson;
      at++;
      isKey = (path & 1) === 1;
      if (byte === COMMA) break;
      if (byte !== (isKey ? OPEN_OBJECT : OPEN_ARRAY) + 2) return MESSAGE.notJson;
      depth--;
      path = (depth & 31) === 0 && depth > 0 ? outerPath(depth >>> 5) : path >>> 1;
    }
  }
}

function keepOuterPath(index: number, path: number): void {
  if (index >= outerPaths.length) {
    const grown = new Int32Array(outerPaths.length * 2);
    grown.set(outerPaths);
    outerPaths = grown;
  }
  outerPaths[index] = path;
}

function outerPath(index: number): number {
  return outerPaths[index] as number;
}
