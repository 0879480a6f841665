// Numbers in the bytes of an event, whose digits are passed four at a time: a 32-bit word is tested with plain
// arithmetic.
//
// In `stops` the top bit of a byte says that the byte ends the run. Borrows and carries only move up, and
// only from a byte that is flagged itself, so the lowest flag is always true; words are read little-endian,
// so the lowest byte comes first. No function reads at or beyond `end`.
import { DOT, MINUS, NINE, NOWHERE, ZERO } from './scan-constants.ts';

/** The top bit of each of four bytes. */
const TOP_BITS = 0x80808080 | 0;

/** The end of the number that begins at `at`; NOWHERE if it is none. */
export function skipNumber(view: DataView, at: number, end: number): number {
  if (view.getUint8(at) === MINUS) at++;
  if (at >= end) return NOWHERE;
  const first = view.getUint8(at);
  if (first < ZERO || first > NINE) return NOWHERE;
  return skipFraction(view, first === ZERO ? at + 1 : skipDigits(view, at + 1, end), end);
}

/** The end of fraction and exponent, neither of which need be there. */
function skipFraction(view: DataView, at: number, end: number): number {
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

/** Index of the first byte that is not a digit. */
export function skipDigits(view: DataView, at: number, end: number): number {
  while (at + 4 <= end) {
    const word = view.getInt32(at, true);
    const stops = ((word - 0x30303030) | (word + 0x46464646) | word) & TOP_BITS;
    if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >> 3);
    at += 4;
  }
  while (at < end && view.getUint8(at) >= 0x30 && view.getUint8(at) <= 0x39) at++;
  return at;
}
