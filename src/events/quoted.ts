// JSON strings that need no escapes, ready to be compared with the bytes of an event four at a time.

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
