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
import { NOT_A_STRING } from '../events/messages.ts';
import { ExpressionFault, type PathStep, parsePath } from '../events/path.ts';
import { NOT_FOUND, OPEN_OBJECT, QUOTE } from '../events/scan-constants.ts';
import { makeNames, seekMembers, seekValue, skipValue, viewMemory } from '../events/seek.ts';
import { hasMatch, prepareSteps, type SeekStep } from '../events/seek-path.ts';
import { parseGlob } from './glob.ts';
import { adviseOnWhere, WHERE_FAULTS as FAULTS, TYPE_ADVICE } from './messages.ts';
import { parseWithCaret } from './point-at-fault.ts';

const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '~', '!~'] as const;

interface Condition {
  readonly steps: readonly PathStep[];
  /** One of the values at the path must match. */
  readonly matches: ValueTest;
  /** The condition holds if no value matches, so a missing path satisfies `!=` and `!~`. */
  readonly isNegated: boolean;
  /** Of a pattern. */
  readonly work?: PatternWork | undefined;
}

/**
 * Instructions that a pattern may take for one event: RE2 takes up to 25 ns for each of them and each character, so a
 * signal is heard within 0.5 s (contract R2). A pattern of 10 instructions searches a million characters.
 */
const MAX_STEPS = 10_000_000;

/** Bounds the work of one pattern for one event. */
class PatternWork {
  /** Whether a text was too long to search. */
  isCut = false;
  readonly size: number;
  #stepsLeft = MAX_STEPS;

  constructor(size: number) {
    this.size = size;
  }

  begin(): void {
    this.isCut = false;
    this.#stepsLeft = MAX_STEPS;
  }

  allows(text: string): boolean {
    const steps = text.length * this.size;
    if (steps > this.#stepsLeft) {
      this.isCut = true;
      return false;
    }
    this.#stepsLeft -= steps;
    return true;
  }
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
    throw new ExpressionFault(FAULTS.operator(OPERATORS), end + countSpaces(text, end));
  }
  const at = end + found.length;
  const value = text.slice(at).trimEnd();
  if (value === '') throw new ExpressionFault(FAULTS.noValue, at);
  if (/^[=!<>~]/.test(value)) throw new ExpressionFault(FAULTS.sign(value.charAt(0)), at);
  if (value.startsWith("'")) throw new ExpressionFault(FAULTS.singleQuotes, at);
  const isNegated = not !== '';
  if (operator === '~') return { steps, isNegated, ...(await parsePattern(value, at)) };
  return { steps, isNegated, matches: parseComparison(operator, value, at) };
}

function parseComparison(operator: string, value: string, at: number): ValueTest {
  const order = operator as Order;
  if (value.startsWith('"')) return compareTexts(order, parseQuoted(value, at));
  if (LITERALS.includes(value)) {
    if (operator === '=') return equalLiteral(value);
    throw new ExpressionFault(FAULTS.noOrder(value), at);
  }
  if (NUMBER.test(value)) {
    const test = compareNumbers(order, value);
    if (test === undefined) throw new ExpressionFault(FAULTS.exponent, at);
    return test;
  }
  if (NEARLY_NUMBER.test(value)) throw new ExpressionFault(FAULTS.nearlyNumber, at);
  const connective = CONNECTIVE.exec(value);
  if (connective !== null) throw new ExpressionFault(FAULTS.connective, at + connective.index + 1);
  return compareTexts(order, value);
}

async function parsePattern(value: string, at: number): Promise<Pick<Condition, 'matches' | 'work'>> {
  const isQuoted = value.startsWith('"');
  const source = isQuoted ? parseQuoted(value, at) : value;
  const { compilePattern } = await import('./pattern.ts');
  const pattern = compilePattern(source);
  if (typeof pattern === 'function') {
    const work = new PatternWork(pattern.size);
    return { matches: testTexts((text) => work.allows(text) && pattern(text)), work };
  }
  // After an escape, positions differ from those in the pattern.
  const skipped = isQuoted ? (value.includes('\\') ? 0 : pattern.at + 1) : pattern.at;
  throw new ExpressionFault(FAULTS.pattern(pattern.message), at + skipped);
}

/** The text of `value`, which begins with a quote and must end with the closing one. */
function parseQuoted(value: string, at: number): string {
  const length = /^"(?:[^"\\]|\\.)*"/s.exec(value)?.[0].length;
  if (length === undefined) throw new ExpressionFault(FAULTS.quoteOpen, at);
  if (length < value.length) throw new ExpressionFault(FAULTS.afterQuote, at + length);
  try {
    JSON.parse(value);
  } catch {
    throw new ExpressionFault(NOT_A_STRING, at);
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

/** Keeps the events of a batch that match. */
export interface EventFilter {
  (batch: Batch): Batch;
  /** Larger batches are to be filtered in parts, so that signals are heard in between; undefined without patterns. */
  readonly maxBytes: number | undefined;
  /** Called for each event that a pattern could not search completely. */
  onCut?: () => void;
}

/**
 * Creates a filter. An event with a text that is too long for a pattern is kept, since no event is dropped for speed
 * (contract G4).
 *
 * @param keepsCut false to drop it instead
 * @throws UsageError with a caret under the mistake
 */
export async function createFilter(
  config: FilterConfig,
  names = FLAGS,
  keepsCut = true,
): Promise<EventFilter> {
  const { isWanted, size } = await createEventTest(config, names, () => {
    filter.onCut?.();
    return keepsCut;
  });
  const select = (batch: Batch): Batch => {
    const view = viewMemory(batch.bytes.buffer);
    const { byteOffset } = batch.bytes;
    return keepEvents(batch, (start, end) => isWanted(view, byteOffset + start, byteOffset + end));
  };
  const filter: EventFilter = Object.assign(select, {
    maxBytes: size === 0 ? undefined : Math.ceil(MAX_STEPS / size),
  });
  return filter;
}

/** Tests the event from `start` to `end`. */
type EventTest = (view: DataView, start: number, end: number) => boolean;

/** @param onCut decides about an event that a pattern could not search completely */
async function createEventTest(
  { types, where }: FilterConfig,
  names: typeof FLAGS,
  onCut: () => boolean,
): Promise<{ isWanted: EventTest; size: number }> {
  const isWantedType = types.length === 0 ? undefined : await parseTypes(types, names.type);
  const conditions = await Promise.all(where.map((text) => readWhere(text, names.where)));
  const members: string[] = isWantedType === undefined ? [] : [...TYPE_FIELDS];
  const memberConditions = conditions.map((condition) => splitFirstMember(condition, members));
  const memberNames = makeNames(members);
  const places = new Int32Array(members.length);
  const isWanted: EventTest = (view, start, end) => {
    const root = seekValue(view, start, end);
    if (places.length > 0 && view.getUint8(root) === OPEN_OBJECT)
      seekMembers(view, root, end, memberNames, places);
    else places.fill(NOT_FOUND);
    if (isWantedType !== undefined && !testType(view, places, end, isWantedType)) return false;
    let isCut = false;
    for (let i = 0; i < memberConditions.length; i += 1) {
      const { member, steps, matches, isNegated, work } = memberConditions[i] as MemberCondition;
      const at = member < 0 ? root : (places[member] as number);
      work?.begin();
      const isFound = hasMatch(view, at, end, steps, 0, matches);
      if (!isFound && work?.isCut) isCut = true;
      else if (isFound === isNegated) return false;
    }
    return !isCut || onCut();
  };
  return { isWanted, size: conditions.reduce((sum, { work }) => sum + (work?.size ?? 0), 0) };
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
  const tests = await Promise.all(globs.map((glob) => parseWithCaret(name, glob, parseGlob, TYPE_ADVICE)));
  return createTypeTest((type) => tests.some((test) => test(type)));
}

function readWhere(text: string, name: string): Promise<Condition> {
  return parseWithCaret(name, text, parseWhere, adviseOnWhere(OPERATORS));
}
