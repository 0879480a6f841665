// What a step of a line does with its value beside writing it. A file of nothing but constants: see
// events/scan-constants.ts.

export const STEP_VALUE = 0;
/** The rest of its column stays free behind it. */
export const STEP_COLUMN = 1;
/** The same, in a paint by its text. */
export const STEP_TYPE = 2;
/** Digits set apart, the figure at the right of its column. */
export const STEP_FIGURE = 3;
/** No value, but which way it went. */
export const STEP_ARROW = 4;
/** No value: the column of types stays free. */
export const STEP_SKIP_TYPE = 5;
/** Only where no step of the headline showed it as it was sent. */
export const STEP_UNLESS_SHOWN = 6;

/** Bits for the figures and the arrow of the headline. */
export const SHOWS_AMOUNT = 1;
export const SHOWS_DOLLARS = 2;
export const SHOWS_ARROW = 4;

/** Columns of SharedWidths, for code that runs for every byte. */
export const TYPE_COLUMN = 0;
export const DOLLARS_COLUMN = 4;

/** At least this long, of letters and digits, both there: no word, no amount, but an address or a hash. */
export const MIN_HASH_LENGTH = 26;
export const MAX_HASH_LENGTH = 130;
/** Longer texts are cut, unless wide: about two lines. */
export const MAX_TEXT_LENGTH = 160;
/** A 256-bit integer has 78; nobody reads thousands of digits, apart or not. */
export const MAX_GROUPED_DIGITS = 300;
