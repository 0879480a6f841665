// The few signs beyond ASCII that are ours, and lines that hold them as bytes.
//
// One sign beyond Latin-1 makes a string twice as large, and its way to UTF-8 four times as long. Where all
// else in a line is ASCII, as in most lines by far, the signs stand in it as their UTF-8 bytes, one character
// for each: a *byte line*. It needs no more encoding, but its length is not its width.

export interface Signs {
  /** Where a value goes on, or was cut. */
  readonly ellipsis: string;
  /** Which way it went from the left party to the right one. */
  readonly right: string;
  readonly left: string;
  readonly unknown: string;
}

export const SIGNS: Signs = { ellipsis: '…', right: '→', left: '←', unknown: '↔' };

/** The same for byte lines. */
export const BYTE_SIGNS: Signs = {
  ellipsis: toByteLine(SIGNS.ellipsis),
  right: toByteLine(SIGNS.right),
  left: toByteLine(SIGNS.left),
  unknown: toByteLine(SIGNS.unknown),
};

/** Any text as a byte line. */
export function toByteLine(text: string): string {
  return Buffer.from(text).toString('latin1');
}
