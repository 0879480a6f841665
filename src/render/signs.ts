// The few signs beyond ASCII that are ours, what replaces them on a terminal without Unicode, and lines that hold
// them as bytes.
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
  /** In front of a status that does not change. */
  readonly live: string;
  /** Bars of a chart, the lowest first. */
  readonly bars: string;
}

export const SIGNS: Signs = {
  ellipsis: '…',
  right: '→',
  left: '←',
  unknown: '↔',
  live: '●',
  bars: '▁▂▃▄▅▆▇█',
};

export const ASCII_SIGNS: Signs = {
  ellipsis: '...',
  right: '->',
  left: '<-',
  unknown: '<->',
  live: '*',
  bars: '_.-:=+*#',
};

/** A visible text with its ellipses as those signs have them; no other sign is used in messages. */
export function spellEllipses(visible: string, { ellipsis }: Signs): string {
  return visible.replaceAll(SIGNS.ellipsis, ellipsis);
}

/** The same signs for byte lines. */
export function toByteSigns(signs: Signs): Signs {
  return {
    ...signs,
    ellipsis: toByteLine(signs.ellipsis),
    right: toByteLine(signs.right),
    left: toByteLine(signs.left),
    unknown: toByteLine(signs.unknown),
  };
}

/** Any text as a byte line. */
export function toByteLine(text: string): string {
  return Buffer.from(text).toString('latin1');
}
