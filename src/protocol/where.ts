// `--where` expressions: `PATH OP VALUE`, read once, tested against each event (contract O8, docs/filters.md).
//
// Pure but for loading the engine of regular expressions where one is asked for.
import { decodeString } from './json-string.ts';
import { ExpressionFault, parsePath, type Step } from './path.ts';
import {
  compareNumbers,
  compareTexts,
  equalLiteral,
  type Order,
  testTexts,
  type ValueTest,
} from './value-test.ts';

export const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '~', '!~'] as const;

export interface Condition {
  readonly steps: readonly Step[];
  /** One of the values that `steps` lead to must match. */
  readonly matches: ValueTest;
  /** It holds where nothing matches: so a missing path satisfies `!=` and `!~`, and only them. */
  readonly isNegated: boolean;
}

const OPERATOR = /\s*(!?)([=~]|[<>]=?)\s*/y;
/** RFC 8259 § 6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** What somebody means as a number, but JSON does not: compared as a text it would never be found. */
const NEARLY_NUMBER = /^[+-]?(?:\d[\d_,']*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d*)?n?$/;
/** What joins comparisons in other languages. A text that has it is seldom meant, and would never be found. */
const CONNECTIVE = /\s(?:&&|\|\||(?:and|or)\s+[^\s=!<>~]+\s*[=!<>~])/i;
const LITERALS = ['true', 'false', 'null'];

/**
 * Reads an expression.
 *
 * @throws ExpressionFault with the place of the fault
 */
export async function parseWhere(text: string): Promise<Condition> {
  const start = text.length - text.trimStart().length;
  const { steps, end } = parsePath(text, start);
  OPERATOR.lastIndex = end;
  const [found = '', not = '', operator = ''] = OPERATOR.exec(text) ?? [];
  if (found === '' || (not !== '' && /[<>]/.test(operator))) {
    throw new ExpressionFault(`expected one of ${OPERATORS.join(' ')}`, end + countSpaces(text, end));
  }
  const at = end + found.length;
  const value = text.slice(at).trimEnd();
  if (value === '') throw new ExpressionFault('expected a value', at);
  if (/^[=!<>~]/.test(value)) {
    throw new ExpressionFault('expected a value; a text that begins like an operator goes into ""', at);
  }
  if (value.startsWith("'")) throw new ExpressionFault('a text goes into "" or stands as it is', at);
  const matches = operator === '~' ? await readPattern(value, at) : readComparison(operator, value, at);
  return { steps, matches, isNegated: not !== '' };
}

function readComparison(operator: string, value: string, at: number): ValueTest {
  const order = operator as Order;
  if (value.startsWith('"')) return compareTexts(order, readQuoted(value, at));
  if (LITERALS.includes(value)) {
    if (operator === '=') return equalLiteral(value);
    throw new ExpressionFault(`${value} has no order: use = or !=`, at);
  }
  if (NUMBER.test(value)) {
    const test = compareNumbers(order, value);
    if (test === undefined) throw new ExpressionFault('the exponent is out of range', at);
    return test;
  }
  if (NEARLY_NUMBER.test(value)) {
    throw new ExpressionFault('not a number as in JSON; in "" it is compared as a text', at);
  }
  const connective = CONNECTIVE.exec(value);
  if (connective !== null) {
    const words =
      'one comparison each: repeat --where, and all must hold; a text with such words goes into ""';
    throw new ExpressionFault(words, at + connective.index + 1);
  }
  return compareTexts(order, value);
}

async function readPattern(value: string, at: number): Promise<ValueTest> {
  const isQuoted = value.startsWith('"');
  const source = isQuoted ? readQuoted(value, at) : value;
  const { compilePattern } = await import('./pattern.ts');
  const pattern = compilePattern(source);
  if (typeof pattern === 'function') return testTexts(pattern);
  // Behind an escape the places differ from those of the pattern itself.
  const skipped = isQuoted ? (value.includes('\\') ? 0 : pattern.at + 1) : pattern.at;
  throw new ExpressionFault(pattern.message, at + skipped);
}

/** The text of `value`, which begins with a quote; nothing may follow the closing one. */
function readQuoted(value: string, at: number): string {
  const length = /^"(?:[^"\\]|\\.)*"/s.exec(value)?.[0].length;
  if (length === undefined) throw new ExpressionFault('this quote is not closed', at);
  if (length < value.length) throw new ExpressionFault('expected nothing behind the text', at + length);
  try {
    JSON.parse(value);
  } catch {
    throw new ExpressionFault('not a text as in JSON, where a backslash is written \\\\', at);
  }
  return decodeString(value);
}

function countSpaces(text: string, from: number): number {
  return text.length - from - text.slice(from).trimStart().length;
}
