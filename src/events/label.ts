// Reads what an event calls itself out of its bytes: its type, and the value of a path such as its id.
import { viewMemory } from './memory.ts';
import type { Step } from './path.ts';
import { NOWHERE, OPEN_OBJECT, QUOTE } from './scan-constants.ts';
import { makeNames, readSource, readString, seekMembers, seekValue, skipValue } from './seek.ts';
import { hasMatch, prepareSteps } from './seek-path.ts';
import { TYPE_FIELDS } from './type-test.ts';

/** Reads one thing of an event that `classifyText` took; undefined where it has none. */
export type ReadLabel = (text: Uint8Array) => string | undefined;

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

const DIGIT_OR_MINUS = /^[-\d]/;

/**
 * A reader of the string or number to which a path leads first: a number as it was sent, whatever its size, a
 * string as it stands between its quotes, escapes and all.
 */
export function createScalarReader(steps: readonly Step[]): ReadLabel {
  const prepared = prepareSteps(steps);
  let found: string | undefined;
  const take = (view: DataView, start: number, end: number): boolean => {
    const source = readSource(view, start, end);
    if (source.startsWith('"')) found = source.slice(1, -1);
    else if (DIGIT_OR_MINUS.test(source)) found = source;
    return true;
  };
  return ({ buffer, byteOffset, length }) => {
    const view = viewMemory(buffer);
    const end = byteOffset + length;
    found = undefined;
    hasMatch(view, seekValue(view, byteOffset, end), end, prepared, 0, take);
    return found === '' ? undefined : found;
  };
}
