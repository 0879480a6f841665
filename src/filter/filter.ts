// Filters events by `--type` globs and `--where` expressions, all of which must match (contract O8).
//
// Filters read an event's bytes and never change what is printed. One pass finds all members that some condition begins
// with; from there each path is followed alone. Loaded on demand.
import { type Batch, keepEvents } from '../events/batch.ts';
import { createTypeTest, TYPE_FIELDS, type TypeTest } from '../events/event-type.ts';
import {
  compareNumbers,
  compareTexts,
  equalLiteral,
  type Order,
  testTexts,
  type ValueTest,
} from '../events/match-value.ts';
import { decodeString } from '../events/message-text.ts';
import { ExpressionFault, type PathStep, parsePath } from '../events/path.ts';
import { NOT_FOUND, OPEN_OBJECT, QUOTE } from '../events/scan-constants.ts';
import { makeNames, seekMembers, seekValue, skipValue, viewMemory } from '../events/seek.ts';
import { hasMatch, prepareSteps, type SeekStep } from '../events/seek-path.ts';
import { parseGlob } from './glob.ts';
import { parseWithCaret } from './point-at-fault.ts';

const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '~', '!~'] as const;

interface Condition {
  readonly steps: readonly PathStep[];
  /** One of the values at the path must match. */
  readonly matches: ValueTest;
  /** The condition holds if no value matches, so a missing path satisfies `!=` and `!~`. */
  readonly isNegated: boolean;
}

const OPERATOR = /\s*(!?)([=~]|[<>]=?)\s*/y;
/** RFC 8259 § 6. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Looks like a number, but is not one in JSON: compared as a text it would never match. */
const NEARLY_NUMBER = /^[+-]?(?:\d[\d_,']*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d*)?n?$/;
/** Joins comparisons in other languages. As part of a text it would never match. */
const CONNECTIVE = /\s(?:&&|\|\||(?:and|or)\s+[^\s=!<>~]+\s*[=!<>~])/i;
const LITERALS = ['true', 'false', 'null'];

/** @throws ExpressionFault */
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
    const sign = value.charAt(0);
    throw new ExpressionFault(`unexpected "${sign}"; quote a string that starts with it: "${sign}x"`, at);
  }
  if (value.startsWith("'")) throw new ExpressionFault('use double quotes, or no quotes: chain = tron', at);
  const matches = operator === '~' ? await parsePattern(value, at) : parseComparison(operator, value, at);
  return { steps, matches, isNegated: not !== '' };
}

function parseComparison(operator: string, value: string, at: number): ValueTest {
  const order = operator as Order;
  if (value.startsWith('"')) return compareTexts(order, parseQuoted(value, at));
  if (LITERALS.includes(value)) {
    if (operator === '=') return equalLiteral(value);
    throw new ExpressionFault(`${value} has no order; use = or !=`, at);
  }
  if (NUMBER.test(value)) {
    const test = compareNumbers(order, value);
    if (test === undefined) throw new ExpressionFault('the exponent is out of range', at);
    return test;
  }
  if (NEARLY_NUMBER.test(value)) {
    throw new ExpressionFault('not a JSON number; to compare it as a string, quote it', at);
  }
  const connective = CONNECTIVE.exec(value);
  if (connective !== null) {
    const message =
      'and/or are not supported; repeat --where for AND, use chain ~ ^(tron|bsc)$ for OR, or quote the string';
    throw new ExpressionFault(message, at + connective.index + 1);
  }
  return compareTexts(order, value);
}

async function parsePattern(value: string, at: number): Promise<ValueTest> {
  const isQuoted = value.startsWith('"');
  const source = isQuoted ? parseQuoted(value, at) : value;
  const { compilePattern } = await import('./pattern.ts');
  const pattern = compilePattern(source);
  if (typeof pattern === 'function') return testTexts(pattern);
  // After an escape, positions differ from those in the pattern.
  const skipped = isQuoted ? (value.includes('\\') ? 0 : pattern.at + 1) : pattern.at;
  throw new ExpressionFault(pattern.message, at + skipped);
}

/** The text of `value`, which begins with a quote and must end with the closing one. */
function parseQuoted(value: string, at: number): string {
  const length = /^"(?:[^"\\]|\\.)*"/s.exec(value)?.[0].length;
  if (length === undefined) throw new ExpressionFault('this quote is not closed', at);
  if (length < value.length)
    throw new ExpressionFault('unexpected text after the closing quote', at + length);
  try {
    JSON.parse(value);
  } catch {
    throw new ExpressionFault('not a valid JSON string; write a backslash as \\\\', at);
  }
  return decodeString(value);
}

function countSpaces(text: string, from: number): number {
  return text.length - from - text.slice(from).trimStart().length;
}

export interface FilterConfig {
  /** Globs of `--type`; an event's type must match one of them. Empty: every event. */
  readonly types: readonly string[];
  /** Expressions of `--where`; all must match. */
  readonly where: readonly string[];
}

/** What messages call the two kinds of filters. */
const FLAGS = { type: '--type', where: '--where' };

/** A condition that starts at the member of the event with this index, or at the event itself if -1. */
interface MemberCondition extends Omit<Condition, 'steps'> {
  readonly member: number;
  readonly steps: readonly SeekStep[];
}

/** Creates a function that keeps the events that match. @throws UsageError with a caret under the mistake */
export async function createFilter(config: FilterConfig, names = FLAGS): Promise<(batch: Batch) => Batch> {
  const isWanted = await createEventTest(config, names);
  return (batch) => {
    const view = viewMemory(batch.bytes.buffer);
    const { byteOffset } = batch.bytes;
    return keepEvents(batch, (start, end) => isWanted(view, byteOffset + start, byteOffset + end));
  };
}

/** Tests the event from `start` to `end`. */
type EventTest = (view: DataView, start: number, end: number) => boolean;

async function createEventTest({ types, where }: FilterConfig, names: typeof FLAGS): Promise<EventTest> {
  const isWantedType = types.length === 0 ? undefined : await parseTypes(types, names.type);
  const conditions = await Promise.all(where.map((text) => readWhere(text, names.where)));
  const members: string[] = isWantedType === undefined ? [] : [...TYPE_FIELDS];
  const memberConditions = conditions.map((condition) => splitFirstMember(condition, members));
  const memberNames = makeNames(members);
  const places = new Int32Array(members.length);
  return (view, start, end) => {
    const root = seekValue(view, start, end);
    if (places.length > 0 && view.getUint8(root) === OPEN_OBJECT)
      seekMembers(view, root, end, memberNames, places);
    else places.fill(NOT_FOUND);
    if (isWantedType !== undefined && !testType(view, places, end, isWantedType)) return false;
    for (let i = 0; i < memberConditions.length; i += 1) {
      const { member, steps, matches, isNegated } = memberConditions[i] as MemberCondition;
      const at = member < 0 ? root : (places[member] as number);
      if (hasMatch(view, at, end, steps, 0, matches) === isNegated) return false;
    }
    return true;
  };
}

/** Tests the first of the type fields that is a string. */
function testType(view: DataView, places: Int32Array, end: number, isWanted: TypeTest): boolean {
  for (let i = 0; i < TYPE_FIELDS.length; i += 1) {
    const at = places[i] as number;
    if (at !== NOT_FOUND && view.getUint8(at) === QUOTE) return isWanted(view, at, skipValue(view, at, end));
  }
  return false;
}

/** Splits off the first member of a condition, and adds it to `members` if it is new. */
function splitFirstMember({ steps, ...condition }: Condition, members: string[]): MemberCondition {
  const [first, ...rest] = steps;
  if (first?.kind !== 'member') return { ...condition, member: -1, steps: prepareSteps(steps) };
  if (!members.includes(first.name)) members.push(first.name);
  return { ...condition, member: members.indexOf(first.name), steps: prepareSteps(rest) };
}

async function parseTypes(globs: readonly string[], name: string): Promise<TypeTest> {
  const advice = 'see docs/filters.md: * ? [abc] [!abc] {one,other}';
  const tests = await Promise.all(globs.map((glob) => parseWithCaret(name, glob, parseGlob, advice)));
  return createTypeTest((type) => tests.some((test) => test(type)));
}

function readWhere(text: string, name: string): Promise<Condition> {
  const advice = `see docs/filters.md: PATH OP VALUE, OP one of ${OPERATORS.join(' ')}`;
  return parseWithCaret(name, text, parseWhere, advice);
}
