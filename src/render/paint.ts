// What is painted, by its meaning, and the way that paints nothing. The colours themselves are in style.ts, which
// is loaded only where colour is wanted.

/** What stands before and behind a painted text. The text holds no escape sequences of its own. */
export interface Paint {
  readonly open: string;
  readonly close: string;
}

export const NO_PAINT: Paint = { open: '', close: '' };

/** Events. */
export interface Style {
  readonly time: Paint;
  /** A type is painted in one of these. */
  readonly types: readonly Paint[];
  readonly amount: Paint;
  readonly dollars: Paint;
  readonly label: Paint;
  readonly name: Paint;
  readonly value: Paint;
  /** Names and values that matter less. */
  readonly minor: Paint;
  readonly header: Paint;
  readonly dim: Paint;
}

export const PLAIN_STYLE: Style = {
  time: NO_PAINT,
  types: [NO_PAINT],
  amount: NO_PAINT,
  dollars: NO_PAINT,
  label: NO_PAINT,
  name: NO_PAINT,
  value: NO_PAINT,
  minor: NO_PAINT,
  header: NO_PAINT,
  dim: NO_PAINT,
};

/** What is said on stderr, by its level, and the status line. */
export interface LogStyle {
  readonly debug: Paint;
  readonly info: Paint;
  readonly warn: Paint;
  readonly error: Paint;
  readonly live: Paint;
  readonly waiting: Paint;
  readonly chart: Paint;
}

export const PLAIN_LOG_STYLE: LogStyle = {
  debug: NO_PAINT,
  info: NO_PAINT,
  warn: NO_PAINT,
  error: NO_PAINT,
  live: NO_PAINT,
  waiting: NO_PAINT,
  chart: NO_PAINT,
};
