// Mistakes in a filter or a list of fields. The message names the flag; the hint has a caret under the mistake.
import type { ErrorText } from '../errors.ts';

export const sayFilterInvalid = (flag: string, fault: string, hint: string): ErrorText => [
  `invalid ${flag}: ${fault}`,
  hint,
];

export const pointAt = (line: string, at: number, advice: string): string =>
  `${line}\n${' '.repeat(at)}^ ${advice}`;

export const FIELDS_ADVICE = 'accepted: paths such as a.b, items[0].x or ["odd name"].x';
export const TYPE_ADVICE = 'see docs/filters.md: * ? [abc] [!abc] {one,other}';
const OPERATORS = '= != > >= < <= ~ !~ in';
export const WHERE_ADVICE = `see docs/filters.md: PATH OP VALUE, OP one of ${OPERATORS}, joined by and, or, not, ( )`;

export const FIELDS_FAULTS = {
  separator: 'expected a comma or the end',
} as const;

const QUOTE_TO_COMPARE = 'to compare it as a string, quote it';

export const WHERE_FAULTS = {
  /** @param joined the last `and` or `or` before the mistake, which may be part of a text */
  operator: (joined: string | undefined) =>
    `expected one of ${OPERATORS}${joined === undefined ? '' : `; quote a string that contains "${joined}"`}`,
  noJoin: 'expected "and", "or" or the end',
  join: (word: string, sign: string) => `write "${word}" instead of "${sign}", or quote the string`,
  tooDeep: (levels: number) => `nested deeper than ${levels} levels`,
  parenthesisOpen: 'this parenthesis is not closed',
  parenthesis: 'unexpected ")"; quote a value that contains it',
  noList: 'expected ( and a list of values',
  noValue: 'expected a value',
  sign: (sign: string) => `unexpected "${sign}"; quote a string that starts with it: "${sign}x"`,
  noOrder: (literal: string) => `${literal} can only be compared with = or !=`,
  exponent: 'the exponent is out of range: use one from -10^15 to 10^15',
  nearlyNumber: `not a number; write 1000, 1_000, 0.5 or 1.5M; ${QUOTE_TO_COMPARE}`,
  unit: `not a number; the units are k, M and G; ${QUOTE_TO_COMPARE}`,
  afterQuote: 'unexpected text after the closing quote',
  pattern: (fault: string) => `${fault} (RE2 syntax)`,
} as const;

export const GLOB_FAULTS = {
  nested: 'braces cannot be nested',
  alternatives: (limit: number) => `more than ${limit} alternatives`,
  backslash: 'expected a character after the backslash',
  braceOpen: 'this brace is not closed',
  set: 'this set is empty or not closed',
  range: (range: string) => `the range ${range} is in the wrong order`,
} as const;
