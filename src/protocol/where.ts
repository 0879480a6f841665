// `--where` expressions: `PATH OP VALUE`, read once, tested against each event (contract O8, docs/filters.md).
//
// Numbers are compared exactly, whatever their size and form; regular expressions run in linear time (RE2).
import { Big } from 'big.js';
import { RE2JS } from 're2js';
import { decodeString, type JsonNode } from './json-tree.ts';
import { ExpressionFault, findValues, parsePath, type Step } from './path.ts';

export const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '~', '!~'] as const;
export type Operator = (typeof OPERATORS)[number];

/** Tests an event's tree. */
export type Test = (root: JsonNode) => boolean;

const OPERATOR = /\s*(!=|!~|>=|<=|=|>|<|~)\s*/y;
/** RFC 8259 § 6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Integers that a float holds exactly are compared as such: the common case, and forty times as fast. */
const SMALL_INTEGER = /^-?\d{1,15}$/;
/** Past this an exponent says nothing about a real amount, and only costs time. */
const MAX_EXPONENT_DIGITS = 9;

/**
 * Reads an expression.
 *
 * @throws ExpressionFault with the place of the fault
 */
export function parseWhere(text: string): Test {
  const start = text.length - text.trimStart().length;
  const { steps, end } = parsePath(text, start);
  OPERATOR.lastIndex = end;
  const operator = OPERATOR.exec(text);
  if (operator === null) throw new ExpressionFault(`expected one of ${OPERATORS.join(' ')}`, end);
  const at = OPERATOR.lastIndex;
  const value = text.slice(at).trimEnd();
  if (value === '') throw new ExpressionFault('expected a value', at);
  if (/^[=!<>~]/.test(value)) {
    throw new ExpressionFault('expected a value; one that begins like an operator goes in JSON quotes', at);
  }
  return build(steps, operator[1] as Operator, value, at);
}

/** `!=` and `!~` are the opposite of `=` and `~`: that is why a missing path satisfies them, and only them. */
function build(steps: readonly Step[], operator: Operator, value: string, at: number): Test {
  const isNegated = operator === '!=' || operator === '!~';
  const matches =
    operator === '~' || operator === '!~' ? buildPattern(value, at) : buildComparison(operator, value, at);
  return (root) => findValues(root, steps).some(matches) !== isNegated;
}

function buildPattern(value: string, at: number): Test {
  const source = value.startsWith('"') ? readQuoted(value, at) : value;
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not a regular expression';
    throw new ExpressionFault(`${reason.slice(0, 120)} (RE2 syntax)`, at);
  }
  return (node) => {
    const text = readText(node);
    return text !== undefined && pattern.matcher(text).find();
  };
}

function buildComparison(operator: Operator, value: string, at: number): Test {
  const holds = (order: number): boolean => {
    if (operator === '>') return order > 0;
    if (operator === '>=') return order >= 0;
    if (operator === '<') return order < 0;
    return operator === '<=' ? order <= 0 : order === 0;
  };
  if (value === 'true' || value === 'false' || value === 'null') {
    if (operator !== '=' && operator !== '!=') {
      throw new ExpressionFault(`${value} has no order: use = or !=`, at);
    }
    return (node) => node.kind === 'literal' && node.raw === value;
  }
  if (NUMBER.test(value)) {
    const compare = compareTo(value, at);
    return (node) => {
      const raw = readNumber(node);
      return raw !== undefined && holds(compare(raw));
    };
  }
  const text = value.startsWith('"') ? readQuoted(value, at) : value;
  return (node) => {
    if (node.kind !== 'string') return false;
    const sent = decodeString(node.raw);
    return holds(sent === text ? 0 : sent < text ? -1 : 1);
  };
}

/** Compares number texts with `value`: below 0, 0, above 0. Exact for every size and form. */
function compareTo(value: string, at: number): (raw: string) => number {
  if (hasHugeExponent(value)) throw new ExpressionFault('the exponent is out of range', at);
  const exact = new Big(value);
  const small = SMALL_INTEGER.test(value) ? Number(value) : undefined;
  return (raw) => {
    if (small !== undefined && SMALL_INTEGER.test(raw)) return Number(raw) - small;
    // An exponent of ten digits: its sign alone decides, unless the number is zero.
    if (hasHugeExponent(raw)) return compareHuge(raw, exact);
    return new Big(raw).cmp(exact);
  };
}

function hasHugeExponent(raw: string): boolean {
  const exponent = /[eE][+-]?0*(\d+)$/.exec(raw)?.[1];
  return exponent !== undefined && exponent.length > MAX_EXPONENT_DIGITS;
}

function compareHuge(raw: string, exact: Big): number {
  const mantissa = new Big(raw.replace(/[eE].*$/, ''));
  const isTiny = /[eE]-/.test(raw);
  if (mantissa.eq(0) || isTiny) {
    const order = new Big(0).cmp(exact);
    return order !== 0 || mantissa.eq(0) ? order : mantissa.gt(0) ? 1 : -1;
  }
  return mantissa.gt(0) ? 1 : -1;
}

/** A number, also where it was sent as a text, as exchanges like to do with amounts. */
function readNumber(node: JsonNode): string | undefined {
  if (node.kind === 'number') return node.raw;
  if (node.kind !== 'string') return undefined;
  const text = decodeString(node.raw);
  return NUMBER.test(text) ? text : undefined;
}

/** What a regular expression looks at: the text of a string, the source of a number or literal. */
function readText(node: JsonNode): string | undefined {
  if (node.kind === 'string') return decodeString(node.raw);
  return node.kind === 'number' || node.kind === 'literal' ? node.raw : undefined;
}

function readQuoted(value: string, at: number): string {
  try {
    const text: unknown = JSON.parse(value);
    if (typeof text === 'string') return text;
  } catch {
    // Said below: the place is all that helps.
  }
  throw new ExpressionFault('expected a text in JSON quotes, with nothing behind it', at);
}
