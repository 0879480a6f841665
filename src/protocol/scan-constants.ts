// The bytes and bounds that the JSON scanner compares with.
//
// A file of nothing but constants, so that the bundler writes each in place: as variables of the bundle
// they would be loaded at every use, which costs the scanner a seventh of its speed.

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const LETTER_F = 0x66;
export const LETTER_N = 0x6e;
export const LETTER_T = 0x74;
export const LETTER_U = 0x75;
export const OPEN_OBJECT = 0x7b;
export const DEL = 0x7f;

/** `true`, `alse` and `null` as little-endian words. */
export const TRUE_WORD = 0x65757274;
export const ALSE_WORD = 0x65736c61;
export const NULL_WORD = 0x6c6c756e;

/** An index beyond every text: what was looked for is not there. */
export const NOWHERE = 0x7fffffff;

/** Largest memory (bytes) that is remembered from one message to the next. */
export const LARGEST_KEPT_MEMORY = 0x100000;

/** The bits of MESSAGE that the scan sets, and one beside them: a string of the text is written with an escape. */
export const MESSAGE_BITS = 0x7;
export const ESCAPE_BIT = 0x100;

/** Keys of an event's outermost object whose places are kept: two numbers for each. */
export const KEPT_PLACES = 128;
