// Runs over ASCII text four bytes at a time: each 32-bit word is tested with plain arithmetic.
//
// In `stops` the top bit of a byte says that the byte ends the run. Borrows and carries only move up, and
// only from a byte that is flagged itself, so the lowest flag is always true; words are read little-endian,
// so the lowest byte comes first. Neither function reads at or beyond `end`.

/** The top bit of each of four bytes. */
const TOP_BITS = 0x80808080 | 0;

/** Index of the first byte that a JSON string cannot simply go on with: control, quote, backslash, DEL, above. */
export function skipPlain(view: DataView, at: number, end: number): number {
  while (at + 8 <= end) {
    let word = view.getInt32(at, true);
    let stops =
      ((word - 0x20202020) |
        ((word ^ 0x22222222) - 0x01010101) |
        ((word ^ 0x5c5c5c5c) - 0x01010101) |
        (word + 0x01010101) |
        word) &
      TOP_BITS;
    if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >> 3);
    word = view.getInt32(at + 4, true);
    stops =
      ((word - 0x20202020) |
        ((word ^ 0x22222222) - 0x01010101) |
        ((word ^ 0x5c5c5c5c) - 0x01010101) |
        (word + 0x01010101) |
        word) &
      TOP_BITS;
    if (stops !== 0) return at + 4 + ((31 - Math.clz32(stops & -stops)) >> 3);
    at += 8;
  }
  while (at < end) {
    const byte = view.getUint8(at);
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0x7f) return at;
    at++;
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
