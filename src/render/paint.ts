// Styles by meaning, and the styles without colors. The colors are in style.ts, which is loaded only if colors are
// wanted.

/** Escape sequences before and after a text that has none itself. */
export interface Paint {
  readonly open: string;
  readonly close: string;
}

export const NO_PAINT: Paint = { open: '', close: '' };

/** The colors of events: fixed colors for any background, for a dark or a light one, or the colors of the terminal. */
export type Theme = 'auto' | 'dark' | 'light' | 'terminal';

export type Style = Readonly<Record<'time' | 'dollars' | 'name' | 'note' | 'header' | 'mark', Paint>> & {
  /** Each type of event gets one of these. */
  readonly types: readonly Paint[];
  /** Each chain gets one of these. */
  readonly chains: readonly Paint[];
};

export const PLAIN_STYLE: Style = {
  time: NO_PAINT,
  types: [NO_PAINT],
  chains: [NO_PAINT],
  dollars: NO_PAINT,
  name: NO_PAINT,
  note: NO_PAINT,
  header: NO_PAINT,
  mark: NO_PAINT,
};

/** Styles of messages on stderr, by level, and of the status line. */
export type LogStyle = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error' | 'live' | 'waiting' | 'chart', Paint>
>;

export const PLAIN_LOG_STYLE: LogStyle = {
  debug: NO_PAINT,
  info: NO_PAINT,
  warn: NO_PAINT,
  error: NO_PAINT,
  live: NO_PAINT,
  waiting: NO_PAINT,
  chart: NO_PAINT,
};
