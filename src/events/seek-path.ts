// Follows a path through the bytes of an event to the values that it leads to.
import { isContainerByte, type ValueTest } from './match-value.ts';
import type { PathStep } from './path.ts';
import { NOT_FOUND, OPEN_ARRAY, OPEN_OBJECT } from './scan-constants.ts';
import {
  makeNames,
  type Names,
  readSource,
  seekFirstItem,
  seekMembers,
  seekNextItem,
  seekValue,
  skipValue,
  viewMemory,
} from './seek.ts';

/** Reads one value of an event that `classifyText` accepted; undefined if it has none. */
export type ReadEventValue = (text: Uint8Array) => string | undefined;

/** Reads the first string (with its quotes), number or literal at a path, as sent. */
export function createSourceReader(steps: readonly PathStep[]): ReadEventValue {
  const prepared = prepareSteps(steps);
  return (text) => {
    let found: string | undefined;
    visitValues(text, prepared, (view, start, end) => {
      if (isContainerByte(view.getUint8(start))) return false;
      found = readSource(view, start, end);
      return true;
    });
    return found;
  };
}

const DIGIT_OR_MINUS = /^[-\d]/;

/** Like `createSourceReader`, but for strings and numbers only, without the quotes; an empty string is undefined. */
export function createScalarReader(steps: readonly PathStep[]): ReadEventValue {
  const read = createSourceReader(steps);
  return (text) => {
    const source = read(text) ?? '';
    if (DIGIT_OR_MINUS.test(source)) return source;
    return source.startsWith('"') && source !== '""' ? source.slice(1, -1) : undefined;
  };
}

export type SeekStep =
  | { readonly kind: 'member'; readonly names: Names }
  | Exclude<PathStep, { readonly kind: 'member' }>;

/** The result of `seekMembers`, reused so that nothing is allocated. */
const place = new Int32Array(1);

export function prepareSteps(steps: readonly PathStep[]): readonly SeekStep[] {
  return steps.map((step) => (step.kind === 'member' ? { ...step, names: makeNames([step.name]) } : step));
}

/** Visits the values in order until `visit` returns true. */
export function visitValues(
  { buffer, byteOffset, length }: Uint8Array,
  steps: readonly SeekStep[],
  visit: ValueTest,
): void {
  const view = viewMemory(buffer);
  const end = byteOffset + length;
  hasMatch(view, seekValue(view, byteOffset, end), end, steps, 0, visit);
}

/** Follows the steps from `first` on. The depth of recursion is the number of `[*]` in the path. */
export function hasMatch(
  view: DataView,
  at: number,
  end: number,
  steps: readonly SeekStep[],
  first: number,
  matches: ValueTest,
): boolean {
  for (let i = first; i < steps.length && at !== NOT_FOUND; i++) {
    const step = steps[i] as SeekStep;
    if (view.getUint8(at) !== (step.kind === 'member' ? OPEN_OBJECT : OPEN_ARRAY)) return false;
    if (step.kind === 'member') {
      seekMembers(view, at, end, step.names, place);
      at = place[0] as number;
      continue;
    }
    let item = seekFirstItem(view, at, end);
    if (step.kind === 'item') {
      for (let left = step.index; left > 0 && item !== NOT_FOUND; left--)
        item = seekNextItem(view, item, end);
      at = item;
      continue;
    }
    for (; item !== NOT_FOUND; item = seekNextItem(view, item, end)) {
      if (hasMatch(view, item, end, steps, i + 1, matches)) return true;
    }
    return false;
  }
  return at !== NOT_FOUND && matches(view, at, skipValue(view, at, end));
}
