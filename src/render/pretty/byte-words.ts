// Bytes moved and compared four at a time: in JavaScript that takes a quarter of the time. What is moved may
// take up to three bytes more than it has, at both ends: whoever calls sees to it that there is room.

/** Copies `length` bytes from `start` on to `at`, and up to three more; returns the place behind them. */
export function copyWords(to: DataView, at: number, from: DataView, start: number, length: number): number {
  for (let i = 0; i < length; i += 4) to.setInt32(at + i, from.getInt32(start + i, true), true);
  return at + length;
}

/** Writes `count` spaces, and up to three more; returns the place behind them. */
export function putSpaces(to: DataView, at: number, count: number): number {
  for (let i = 0; i < count; i += 4) to.setInt32(at + i, 0x20202020, true);
  return at + count;
}

/** Whether `length` bytes at the two places are the same. */
export function isSame(one: DataView, at: number, other: DataView, start: number, length: number): boolean {
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    if (one.getInt32(at + i, true) !== other.getInt32(start + i, true)) return false;
  }
  if (whole === length) return true;
  const differing = one.getInt32(at + whole, true) ^ other.getInt32(start + whole, true);
  return differing << (32 - ((length & 3) << 3)) === 0;
}

/** The top bit of each of four bytes: of those that end a run it is set, and of the lowest for sure. */
const TOP_BITS = 0x80808080 | 0;

/** Index of the first byte that is not printable ASCII, or that ends a JSON string or an unescaped part of it. */
export function skipPlain(view: DataView, at: number, end: number): number {
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    const stops =
      ((word - 0x20202020) |
        ((word ^ 0x22222222) - 0x01010101) |
        ((word ^ 0x5c5c5c5c) - 0x01010101) |
        (word + 0x01010101) |
        word) &
      TOP_BITS;
    if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >> 3);
  }
  while (at < end && isPlain(view.getUint8(at))) at++;
  return at;
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
}

/** Some texts in one memory, each with room for a word behind it. */
export class WordTexts {
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  readonly view: DataView;

  constructor(texts: readonly string[]) {
    const parts = texts.map((text) => Buffer.from(text));
    const starts: number[] = [];
    let size = 0;
    for (const { length } of parts) {
      starts.push(size);
      size += length + 4;
    }
    const bytes = new Uint8Array(size);
    for (const [i, part] of parts.entries()) bytes.set(part, starts[i]);
    this.starts = starts;
    this.lengths = parts.map(({ length }) => length);
    this.view = new DataView(bytes.buffer);
  }
}
