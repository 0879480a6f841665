// Classifies a text in one pass over its bytes: JSON or not, UTF-8 or not, safe as a line or not.
//
// Accepts exactly what JSON.parse accepts after a strict UTF-8 decoder (RFC 8259, RFC 3629). It does not
// recurse, so nesting is unlimited: the open brackets are the bits of `path`.
import {
  ALSE,
  COLON,
  COMMA,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  MINUS,
  NUL,
  NULL,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
  TRUE,
  ZERO,
} from './bytes';
import { BAD, BYTE_ORDER_MARK, bits, skipNumber, skipSpace, skipString, startBits } from './tokens';

/** The same as MESSAGE.notJson in src/events/message-text.ts; returned for invalid UTF-8 too. */
export const NOT_JSON: i32 = -1;

/**
 * Scans the bytes from `at` to `end`. Returns the MESSAGE bits of an event, or NOT_JSON. Writes a NUL at `end`;
 * after it, uses up to an eighth of the text's length for nesting beyond 64 levels.
 */
export function scan(at: usize, end: usize): i32 {
  store<u8>(end, NUL);
  const outerPaths = (end + 8) & ~7;
  let depth: usize = 0;
  let path: u64 = 0; // one bit per open bracket, the innermost is the lowest; 1 is an object
  startBits(0);
  if (end - at >= 3 && (load<u32>(at) & 0xffffff) === 0xbfbbef) {
    startBits(BYTE_ORDER_MARK);
    at += 3;
  }

  while (true) {
    // A value is next.
    let byte: u32 = load<u8>(at);
    if (byte <= SPACE) {
      at = skipSpace(at);
      byte = load<u8>(at);
    }
    if (byte === QUOTE) {
      at = skipString(at + 1);
    } else if (byte - ZERO <= 9 || byte === MINUS) {
      at = skipNumber(at);
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if ((depth & 63) === 0 && depth > 0) store<u64>(outerPaths + (depth >> 3), path);
      path = (path << 1) | u64(byte === OPEN_OBJECT);
      depth++;
      at++;
      if (load<u8>(at) <= SPACE) at = skipSpace(at);
      // In ASCII, a closing bracket is its opening one plus two. An empty container is closed below.
      if (load<u8>(at) !== byte + 2) {
        if (byte === OPEN_OBJECT) at = skipKey(at);
        if (at === BAD) return NOT_JSON;
        continue;
      }
    } else if (byte === LETTER_T && load<u32>(at) === TRUE) {
      at += 4;
    } else if (byte === LETTER_N && load<u32>(at) === NULL) {
      at += 4;
    } else if (byte === LETTER_F && load<u32>(at + 1) === ALSE) {
      at += 5;
    } else {
      return NOT_JSON;
    }
    if (at === BAD) return NOT_JSON;

    // A value has ended: a comma, closing brackets or the end of the text.
    while (true) {
      byte = load<u8>(at);
      if (byte <= SPACE) {
        if (byte === NUL) return at === end && depth === 0 ? bits : NOT_JSON;
        at = skipSpace(at);
        if (at === BAD) return NOT_JSON;
        continue;
      }
      if (depth === 0) return NOT_JSON;
      at++;
      const isObject = (path & 1) === 1;
      if (byte === COMMA) {
        if (isObject) at = skipKey(at);
        if (at === BAD) return NOT_JSON;
        break;
      }
      if (byte !== (isObject ? OPEN_OBJECT : OPEN_ARRAY) + 2) return NOT_JSON;
      depth--;
      path = (depth & 63) === 0 && depth > 0 ? load<u64>(outerPaths + (depth >> 3)) : path >> 1;
    }
  }
}

/** Skips white space, a key and its colon. */
function skipKey(at: usize): usize {
  if (load<u8>(at) !== QUOTE) {
    at = skipSpace(at);
    if (load<u8>(at) !== QUOTE) return BAD;
  }
  at = skipString(at + 1);
  if (load<u8>(at) !== COLON) {
    at = skipSpace(at);
    if (load<u8>(at) !== COLON) return BAD;
  }
  return at + 1;
}
