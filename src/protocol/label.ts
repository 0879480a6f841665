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
