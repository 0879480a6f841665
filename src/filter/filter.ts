// Filters events by `--type` globs and `--where` expressions, all of which must match (contract O8).
//
// A filter never changes the text of an event. One pass over an event finds the first member of every path.
import { type Batch, keepEvents } from '../events/batch.ts';
import { chooseType, createTypeTest, TYPE_FIELDS, type TypeTest } from '../events/event-type.ts';
import { NOT_FOUND, OPEN_OBJECT } from '../events/scan-constants.ts';
import { makeNames, seekMembers, seekValue, skipValue, viewMemory } from '../events/seek.ts';
import { Compiler, joinTests, MAX_STEPS, NO, YES } from './compile.ts';
import { type Comparison, listComparisons, parseExpression } from './expression.ts';
import { parseGlob } from './glob.ts';
import { TYPE_ADVICE, WHERE_ADVICE } from './messages.ts';
import { parseWithCaret } from './point-at-fault.ts';

export interface FilterConfig {
  /** Globs of `--type`; an event's type must match one of them. Empty: every event. */
  readonly types: readonly string[];
  readonly where: readonly string[];
}

/** What messages call the two kinds of filters. */
export const FILTER_FLAGS = { type: '--type', where: '--where' };

export interface EventFilter {
  (batch: Batch): Batch;
  /** Larger batches must be filtered in parts, so that signals are handled. Undefined without patterns. */
  readonly maxBytes: number | undefined;
  readonly comparisons: readonly Comparison[];
  /** Called for each event that a pattern could not search completely. */
  onCut?: () => void;
}

/**
 * An event with a text that is too long for a pattern is kept, since no event is dropped for speed (contract G4).
 *
 * @param keepsCut false to drop it instead
 * @throws UsageError with a caret under the mistake
 */
export async function createFilter(
  config: FilterConfig,
  names = FILTER_FLAGS,
  keepsCut = true,
): Promise<EventFilter> {
  const { isWanted, instructionCount, comparisons } = await createEventTest(config, names, () => {
    filter.onCut?.();
    return keepsCut;
  });
  const select = (batch: Batch): Batch => {
    const view = viewMemory(batch.bytes.buffer);
    const { byteOffset } = batch.bytes;
    return keepEvents(batch, (start, end) => isWanted(view, byteOffset + start, byteOffset + end));
  };
  const filter: EventFilter = Object.assign(select, {
    maxBytes: instructionCount === 0 ? undefined : Math.ceil(MAX_STEPS / instructionCount),
    comparisons,
  });
  return filter;
}

/** @param onCut decides about an event that a pattern could not search completely */
async function createEventTest(
  { types, where }: FilterConfig,
  names: typeof FILTER_FLAGS,
  onCut: () => boolean,
): Promise<{
  isWanted: (view: DataView, start: number, end: number) => boolean;
  instructionCount: number;
  comparisons: readonly Comparison[];
}> {
  const isWantedType = types.length === 0 ? undefined : await parseTypes(types, names.type);
  const compiler = new Compiler(isWantedType === undefined ? [] : TYPE_FIELDS);
  const comparisons: Comparison[] = [];
  const tests = await Promise.all(
    where.map((text) =>
      parseWithCaret(
        names.where,
        text,
        (source) => {
          const expression = parseExpression(source);
          comparisons.push(...listComparisons(expression));
          return compiler.compile(expression);
        },
        WHERE_ADVICE,
      ),
    ),
  );
  const test = joinTests(tests, 'and');
  const memberNames = makeNames(compiler.members);
  const places = new Int32Array(compiler.members.length);
  const isWanted = (view: DataView, start: number, end: number): boolean => {
    const root = seekValue(view, start, end);
    if (places.length > 0 && view.getUint8(root) === OPEN_OBJECT)
      seekMembers(view, root, end, memberNames, places);
    else places.fill(NOT_FOUND);
    if (isWantedType !== undefined && !testType(view, places, end, isWantedType)) return false;
    const verdict = test(view, root, end, places);
    return verdict === YES || (verdict !== NO && onCut());
  };
  return { isWanted, instructionCount: compiler.instructionCount, comparisons };
}

function testType(view: DataView, places: Int32Array, end: number, isWanted: TypeTest): boolean {
  const at = chooseType(view, places);
  return at !== NOT_FOUND && isWanted(view, at, skipValue(view, at, end));
}

async function parseTypes(globs: readonly string[], name: string): Promise<TypeTest> {
  const tests = await Promise.all(globs.map((glob) => parseWithCaret(name, glob, parseGlob, TYPE_ADVICE)));
  return createTypeTest((type) => tests.some((test) => test(type)));
}
