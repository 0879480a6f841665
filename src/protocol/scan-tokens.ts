// The tokens of JSON below the grammar: white space, numbers, and what strings seldom hold (escapes, DEL,
// characters beyond ASCII).
//
// Each function returns the index behind what it skipped, or NOWHERE if that is not what it should be, and
// notes in `found` what has to be rewritten before the text is a safe line. None reads at or beyond `end`.
import { MESSAGE } from './messages.ts';
import {
  BACKSLASH,
  CR,
  DEL,
  DOT,
  ESCAPE_BIT,
  LETTER_U,
  LF,
  MINUS,
  NINE,
  NOWHERE,
  QUOTE,
  SPACE,
  TAB,
  ZERO,
} from './scan-constants.ts';
import { skipDigits, skipPlain } from './scan-words.ts';

/**
 * Of the message that is being scanned, or was last: its MESSAGE bits, ESCAPE_BIT where a string in it has an
 * escape, and two for each key of its outermost object whose place was kept.
 */
export const found = { bits: 0, placeCount: 0 };

const isHexDigit = new Uint8Array(256);
for (const digit of '0123456789abcdefABCDEF') isHexDigit[digit.charCodeAt(0)] = 1;
const isShortEscape = new Uint8Array(256);
for (const letter of '"\\/bfnrt') isShortEscape[letter.charCodeAt(0)] = 1;

/** White space that starts at `at`. */
export function skipSpace(view: DataView, at: number, end: number): number {
  let next = at;
  for (; next < end; next++) {
    const byte = view.getUint8(next);
    if (byte === LF || byte === CR) found.bits |= MESSAGE.lineBreak;
    else if (byte !== SPACE && byte !== TAB) break;
  }
  return next > at ? next : NOWHERE;
}

/** A number from its first byte. */
export function skipNumber(view: DataView, at: number, end: number): number {
  if (view.getUint8(at) === MINUS) at++;
  if (at >= end) return NOWHERE;
  const first = view.getUint8(at);
  if (first < ZERO || first > NINE) return NOWHERE;
  return skipFraction(view, first === ZERO ? at + 1 : skipDigits(view, at + 1, end), end);
}

/** Fraction and exponent, neither of which need be there. */
export function skipFraction(view: DataView, at: number, end: number): number {
  if (at < end && view.getUint8(at) === DOT) {
    const digits = at + 1;
    at = skipDigits(view, digits, end);
    if (at === digits) return NOWHERE;
  }
  if (at < end && (view.getUint8(at) | 0x20) === 0x65) {
    at++;
    if (at < end && (view.getUint8(at) === 0x2b || view.getUint8(at) === MINUS)) at++;
    const digits = at;
    at = skipDigits(view, digits, end);
    if (at === digits) return NOWHERE;
  }
  return at;
}

/** A string from anywhere inside it to behind its closing quote. */
export function skipRestOfString(view: DataView, at: number, end: number): number {
  while (at < end) {
    const byte = view.getUint8(at);
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at = skipEscape(view, at, end);
    else if (byte > DEL) at = skipCharacter(view, at, end);
    else if (byte < SPACE) return NOWHERE;
    else {
      if (byte === DEL) found.bits |= MESSAGE.unsafeCharacter;
      at = skipPlain(view, at + 1, end);
    }
  }
  return NOWHERE;
}

function skipEscape(view: DataView, at: number, end: number): number {
  found.bits |= ESCAPE_BIT;
  if (at + 1 < end && isShortEscape[view.getUint8(at + 1)] === 1) return at + 2;
  if (at + 6 > end || view.getUint8(at + 1) !== LETTER_U) return NOWHERE;
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (isHexDigit[view.getUint8(digit)] === 0) return NOWHERE;
  }
  return at + 6;
}

/** One character of two to four bytes (RFC 3629 § 4), noting the unsafe ones (contract O1). */
function skipCharacter(view: DataView, at: number, end: number): number {
  const lead = view.getUint8(at);
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || at + length > end) return NOWHERE;
  const second = view.getUint8(at + 1);
  let codePoint = ((lead & (0xff >> (length + 1))) << 6) | (second & 0x3f);
  if ((second & 0xc0) !== 0x80) return NOWHERE;
  if (lead === 0xe0 && second < 0xa0) return NOWHERE; // overlong
  if (lead === 0xed && second > 0x9f) return NOWHERE; // surrogates
  if (lead === 0xf0 && second < 0x90) return NOWHERE; // overlong
  if (lead === 0xf4 && second > 0x8f) return NOWHERE; // beyond U+10FFFF
  for (let next = at + 2; next < at + length; next++) {
    const byte = view.getUint8(next);
    if ((byte & 0xc0) !== 0x80) return NOWHERE;
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  if (isUnsafe(codePoint)) found.bits |= MESSAGE.unsafeCharacter;
  return at + length;
}

/** C1, U+2028/2029 and the bidi controls, among the characters from U+0080 on. */
function isUnsafe(codePoint: number): boolean {
  if (codePoint <= 0x9f || codePoint === 0x061c) return true;
  if (codePoint < 0x200e || codePoint > 0x2069) return false;
  return codePoint <= 0x200f || (codePoint >= 0x2028 && codePoint <= 0x202e) || codePoint >= 0x2066;
}
