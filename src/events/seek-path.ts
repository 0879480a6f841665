// Follows a path through the bytes of an event, down to the scalars that it leads to; reads one of them as
// text, for the subject or id of a message.

import { TYPE_FIELDS } from './match-type.ts';
import type { ValueTest } from './match-value.ts';
import { viewMemory } from './memory.ts';
import type { Step } from './path.ts';
import { NOWHERE, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './scan-constants.ts';
import {
  makeNames,
  type Names,
  readSource,
  readString,
  seekFirstItem,
  seekMembers,
  seekNextItem,
  seekValue,
  skipValue,
} from './seek.ts';

/** Reads one thing of an event that `classifyText` took; undefined where it has none. */
type ReadLabel = (text: Uint8Array) => string | undefined;

/** A reader of the event's type, as `--type` finds it: the first of TYPE_FIELDS that is a string. */
export function createTypeReader(): ReadLabel {
  const names = makeNames(TYPE_FIELDS);
  const places = new Int32Array(TYPE_FIELDS.length);
  return ({ buffer, byteOffset, length }) => {
    const view = viewMemory(buffer);
    const end = byteOffset + length;
    const root = seekValue(view, byteOffset, end);
    if (view.getUint8(root) !== OPEN_OBJECT) return undefined;
    seekMembers(view, root, end, names, places);
    const at = places.find((place) => place !== NOWHERE && view.getUint8(place) === QUOTE);
    return at === undefined ? undefined : readString(view, at, skipValue(view, at, end));
  };
}

/** A reader of the string, number or literal to which a path leads first: as it was sent, a string in its quotes. */
export function createSourceReader(steps: readonly Step[]): ReadLabel {
  const prepared = prepareSteps(steps);
  let found: string | undefined;
  const take = (view: DataView, start: number, end: number): boolean => {
    found = readSource(view, start, end);
    return true;
  };
  return ({ buffer, byteOffset, length }) => {
    const view = viewMemory(buffer);
    const end = byteOffset + length;
    found = undefined;
    hasMatch(view, seekValue(view, byteOffset, end), end, prepared, 0, take);
    return found;
  };
}

const DIGIT_OR_MINUS = /^[-\d]/;

/** The same for strings and numbers only, without the quotes; an empty string is undefined. */
export function createScalarReader(steps: readonly Step[]): ReadLabel {
  const read = createSourceReader(steps);
  return (text) => {
    const source = read(text) ?? '';
    if (DIGIT_OR_MINUS.test(source)) return source;
    return source.startsWith('"') && source !== '""' ? source.slice(1, -1) : undefined;
  };
}

/** A step of a path, its name ready to be compared with keys. */
export type SeekStep =
  | { readonly kind: 'member'; readonly names: Names }
  | Exclude<Step, { readonly kind: 'member' }>;

const place = new Int32Array(1);

export function prepareSteps(steps: readonly Step[]): readonly SeekStep[] {
  return steps.map((step) => (step.kind === 'member' ? { ...step, names: makeNames([step.name]) } : step));
}

/**
 * True if `matches` takes one of the scalars to which the steps from `first` on lead, out of the value at
 * `at`; arrays and objects match nothing. Recursion is as deep as there are `[*]` in the path.
 */
export function hasMatch(
  view: DataView,
  at: number,
  end: number,
  steps: readonly SeekStep[],
  first: number,
  matches: ValueTest,
): boolean {
  for (let i = first; i < steps.length && at !== NOWHERE; i++) {
    const step = steps[i] as SeekStep;
    if (view.getUint8(at) !== (step.kind === 'member' ? OPEN_OBJECT : OPEN_ARRAY)) return false;
    if (step.kind === 'member') {
      seekMembers(view, at, end, step.names, place);
      at = place[0] as number;
      continue;
    }
    let item = seekFirstItem(view, at, end);
    if (step.kind === 'item') {
      for (let left = step.index; left > 0 && item !== NOWHERE; left--) item = seekNextItem(view, item, end);
      at = item;
      continue;
    }
    for (; item !== NOWHERE; item = seekNextItem(view, item, end)) {
      if (hasMatch(view, item, end, steps, i + 1, matches)) return true;
    }
    return false;
  }
  if (at === NOWHERE) return false;
  const byte = view.getUint8(at);
  return byte !== OPEN_OBJECT && byte !== OPEN_ARRAY && matches(view, at, skipValue(view, at, end));
}
