// Which events are wanted: `--type` globs and `--where` expressions, all of which must hold (contract O8).
//
// Filters look at an event's bytes and never change what is printed. One pass finds all its members that are
// asked for; from there each path goes its own way. A bundle of its own.
import { pointAt } from './caret.ts';
import { parseGlob } from './glob.ts';
import { viewMemory } from './memory.ts';
import type { Batch } from './messages.ts';
import { ExpressionFault } from './path.ts';
import { NOWHERE, OPEN_OBJECT, QUOTE } from './scan-constants.ts';
import { makeName, seekMembers, seekValue, skipValue } from './seek.ts';
import { hasMatch, prepareSteps, type SeekStep } from './seek-path.ts';
import { createTypeTest, TYPE_FIELDS, type TypeTest } from './type-test.ts';
import { type Condition, OPERATORS, parseWhere } from './where.ts';

export interface FilterWords {
  /** Globs of `--type`; an event's type must match one of them. Empty: every event. */
  readonly types: readonly string[];
  /** Expressions of `--where`; all must hold. */
  readonly where: readonly string[];
}

/** A condition that begins at the member `names[member]` of the event, or at the event itself if -1. */
interface Start extends Omit<Condition, 'steps'> {
  readonly member: number;
  readonly steps: readonly SeekStep[];
}

/**
 * Reads the words of `--type` and `--where` into one function that keeps the events that are wanted.
 *
 * @throws UsageError with a caret under the place of the fault
 */
export async function createFilter(words: FilterWords): Promise<(batch: Batch) => Batch> {
  const isWanted = await createEventTest(words);
  return (batch) => {
    const texts: Buffer[] = [];
    const flags: number[] = [];
    for (let i = 0; i < batch.texts.length; i += 1) {
      const text = batch.texts[i];
      if (text === undefined || !isWanted(text)) continue;
      texts.push(text);
      flags.push(batch.flags[i] ?? 0);
    }
    return { ...batch, texts, flags };
  };
}

/** The test of one event's bytes, which `classifyText` took as an event. */
async function createEventTest(words: FilterWords): Promise<(text: Uint8Array) => boolean> {
  const isWantedType = words.types.length === 0 ? undefined : readTypes(words.types);
  const conditions = await Promise.all(words.where.map(readWhere));
  const members: string[] = isWantedType === undefined ? [] : [...TYPE_FIELDS];
  const starts = conditions.map((condition) => findStart(condition, members));
  const names = members.map(makeName);
  const found = new Int32Array(names.length);
  return (text) => {
    const view = viewMemory(text.buffer);
    const end = text.byteOffset + text.length;
    const root = seekValue(view, text.byteOffset, end);
    if (names.length > 0 && view.getUint8(root) === OPEN_OBJECT) seekMembers(view, root, end, names, found);
    else found.fill(NOWHERE);
    if (isWantedType !== undefined && !testType(view, found, end, isWantedType)) return false;
    for (const { member, steps, matches, isNegated } of starts) {
      const at = member < 0 ? root : (found[member] as number);
      if (hasMatch(view, at, end, steps, 0, matches) === isNegated) return false;
    }
    return true;
  };
}

/** The first of the type fields that is there and a string decides. */
function testType(view: DataView, found: Int32Array, end: number, isWanted: TypeTest): boolean {
  for (let i = 0; i < TYPE_FIELDS.length; i += 1) {
    const at = found[i] as number;
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

function readTypes(globs: readonly string[]): TypeTest {
  const tests = globs.map((glob) => {
    try {
      return parseGlob(glob);
    } catch (error) {
      if (!(error instanceof ExpressionFault)) throw error;
      throw pointAt('--type', glob, error, 'see docs/filters.md: * ? [abc] [!abc] {one,other}');
    }
  });
  return createTypeTest((type) => tests.some((test) => test(type)));
}

async function readWhere(text: string): Promise<Condition> {
  try {
    return await parseWhere(text);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const advice = `see docs/filters.md: PATH OP VALUE, OP one of ${OPERATORS.join(' ')}`;
    throw pointAt('--where', text, error, advice);
  }
}
