// What is wrong with a filter or a list of fields; the message has the flag before it, and the hint a caret below it.
import type { ErrorText } from '../errors.ts';

export const sayFilterInvalid = (flag: string, fault: string, hint: string): ErrorText => [
  `invalid ${flag}: ${fault}`,
  hint,
];

/** The hint with the expression, and a caret below the position `at`. */
export const pointAt = (line: string, at: number, advice: string): string =>
  `${line}\n${' '.repeat(at)}^ ${advice}`;

export const FIELDS_ADVICE = 'accepted: paths such as a.b, items[0].x or ["odd name"].x';
export const TYPE_ADVICE = 'see docs/filters.md: * ? [abc] [!abc] {one,other}';
export const adviseOnWhere = (operators: readonly string[]): string =>
  `see docs/filters.md: PATH OP VALUE, OP one of ${operators.join(' ')}`;

export const FIELDS_FAULTS = {
  separator: 'expected a comma or the end',
} as const;

export const WHERE_FAULTS = {
  operator: (operators: readonly string[]) => `expected one of ${operators.join(' ')}`,
  noValue: 'expected a value',
  sign: (sign: string) => `unexpected "${sign}"; quote a string that starts with it: "${sign}x"`,
  singleQuotes: 'use double quotes, or no quotes: chain = tron',
  noOrder: (literal: string) => `${literal} has no order; use = or !=`,
  exponent: 'the exponent is out of range',
  nearlyNumber: 'not a JSON number; to compare it as a string, quote it',
  connective:
    'and/or are not supported; repeat --where for AND, use chain ~ ^(tron|bsc)$ for OR, or quote the string',
  quoteOpen: 'this quote is not closed',
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
