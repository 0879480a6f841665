// The few signs beyond ASCII that the output adds of its own, and what replaces them on a terminal without Unicode.

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
