// Which events are wanted: `--type` globs and `--where` expressions, all of which must hold (contract O8).
//
// Filters look at an event's bytes and never change what is printed. One pass finds all its members that are
// asked for; from there each path goes its own way. A bundle of its own.
import { type Batch, keepEvents } from '../events/batch.ts';
import { decodeString } from '../events/json-string.ts';
import { createTypeTest, TYPE_FIELDS, type TypeTest } from '../events/match-type.ts';
import {
  compareNumbers,
  compareTexts,
  equalLiteral,
  type Order,
  testTexts,
  type ValueTest,
} from '../events/match-value.ts';
import { viewMemory } from '../events/memory.ts';
import { ExpressionFault, parsePath, type Step } from '../events/path.ts';
import { NOWHERE, OPEN_OBJECT, QUOTE } from '../events/scan-constants.ts';
import { makeNames, seekMembers, seekValue, skipValue } from '../events/seek.ts';
import { hasMatch, prepareSteps, type SeekStep } from '../events/seek-path.ts';
import { parseGlob } from './glob.ts';
import { readWord } from './read-word.ts';

const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '~', '!~'] as const;

interface Condition {
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

export interface FilterWords {
  /** Globs of `--type`; an event's type must match one of them. Empty: every event. */
  readonly types: readonly string[];
  /** Expressions of `--where`; all must hold. */
  readonly where: readonly string[];
}

/** How messages call the two kinds of words. */
interface FilterNames {
  readonly type: string;
  readonly where: string;
}

const FLAGS: FilterNames = { type: '--type', where: '--where' };

/** A condition that begins at the member `memberNames[member]` of the event, or at the event itself if -1. */
interface Start extends Omit<Condition, 'steps'> {
  readonly member: number;
  readonly steps: readonly SeekStep[];
}

/**
 * Reads the words of `--type` and `--where` into one function that keeps the events that are wanted.
 *
 * @throws UsageError with a caret under the place of the fault
 */
export async function createFilter(
  words: FilterWords,
  names: FilterNames = FLAGS,
): Promise<(batch: Batch) => Batch> {
  const isWanted = await createEventTest(words, names);
  return (batch) => {
    const view = viewMemory(batch.bytes.buffer);
    const { byteOffset } = batch.bytes;
    return keepEvents(batch, (start, end) => isWanted(view, byteOffset + start, byteOffset + end));
  };
}

/** Tests the event from `start` to `end`. */
type EventTest = (view: DataView, start: number, end: number) => boolean;

async function createEventTest(words: FilterWords, names: FilterNames): Promise<EventTest> {
  const isWantedType = words.types.length === 0 ? undefined : await readTypes(words.types, names.type);
  const conditions = await Promise.all(words.where.map((text) => readWhere(text, names.where)));
  const members: string[] = isWantedType === undefined ? [] : [...TYPE_FIELDS];
  const starts = conditions.map((condition) => findStart(condition, members));
  const memberNames = makeNames(members);
  const places = new Int32Array(members.length);
  return (view, start, end) => {
    const root = seekValue(view, start, end);
    if (places.length > 0 && view.getUint8(root) === OPEN_OBJECT)
      seekMembers(view, root, end, memberNames, places);
    else places.fill(NOWHERE);
    if (isWantedType !== undefined && !testType(view, places, end, isWantedType)) return false;
    for (let i = 0; i < starts.length; i += 1) {
      const { member, steps, matches, isNegated } = starts[i] as Start;
      const at = member < 0 ? root : (places[member] as number);
      if (hasMatch(view, at, end, steps, 0, matches) === isNegated) return false;
    }
    return true;
  };
}

/** The first of the type fields that is there and a string decides. */
function testType(view: DataView, places: Int32Array, end: number, isWanted: TypeTest): boolean {
  for (let i = 0; i < TYPE_FIELDS.length; i += 1) {
    const at = places[i] as number;
    if (at !== NOWHERE && view.getUint8(at) === QUOTE) return isWanted(view, at, skipValue(view, at, end));
  }
  return false;
}

/** Where the condition begins; a member that nobody asked for so far is added to `members`. */
function findStart({ steps, ...condition }: Condition, members: string[]): Start {
  const [first, ...rest] = steps;
  if (first?.kind !== 'member') return { ...condition, member: -1, steps: prepareSteps(steps) };
  if (!members.includes(first.name)) members.push(first.name);
  return { ...condition, member: members.indexOf(first.name), steps: prepareSteps(rest) };
}

async function readTypes(globs: readonly string[], name: string): Promise<TypeTest> {
  const advice = 'see docs/filters.md: * ? [abc] [!abc] {one,other}';
  const tests = await Promise.all(globs.map((glob) => readWord(name, glob, parseGlob, advice)));
  return createTypeTest((type) => tests.some((test) => test(type)));
}

function readWhere(text: string, name: string): Promise<Condition> {
  const advice = `see docs/filters.md: PATH OP VALUE, OP one of ${OPERATORS.join(' ')}`;
  return readWord(name, text, parseWhere, advice);
}
