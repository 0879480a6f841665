// The characters beyond ASCII that this program prints, and their replacements on a terminal without Unicode.

export interface Signs {
  readonly ellipsis: string;
  /** Direction of a transfer between two parties. */
  readonly right: string;
  readonly left: string;
  readonly unknown: string;
  /** Before a highlighted event. */
  readonly mark: string;
  /** Before the status of a live stream. */
  readonly live: string;
  /** Bars of a chart, lowest first. */
  readonly bars: string;
}

export const SIGNS: Signs = {
  ellipsis: '…',
  right: '→',
  left: '←',
  unknown: '↔',
  mark: '»',
  live: '●',
  bars: '▁▂▃▄▅▆▇█',
};

export const ASCII_SIGNS: Signs = {
  ellipsis: '...',
  right: '->',
  left: '<-',
  unknown: '<->',
  mark: '>',
  live: '*',
  bars: '_.-:=+*#',
};

/** For messages, which use no other sign. */
export function spellEllipses(visible: string, { ellipsis }: Signs): string {
  return visible.replaceAll(SIGNS.ellipsis, ellipsis);
}
