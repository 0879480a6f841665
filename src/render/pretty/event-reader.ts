// `readFields` reads an event as a flat list of fields with paths such as `data.chain`; `readLevel` reads one level of
// it.
//
// The grammar is not checked, so the text must be an event that `classifyText` accepted.
import { copyText, decodeString } from '../../events/message-text.ts';
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  SPACE,
} from '../../events/scan-constants.ts';
import { truncateVisible } from '../sanitize.ts';

const LETTER_A = 0x61;
const LETTER_N = 0x6e;

/** Skips white space. */
export function findToken(text: string, at: number): number {
  while (text.charCodeAt(at) <= SPACE) at++;
  return at;
}

export function findValueEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return findStringEnd(text, at);
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) return findContainerEnd(text, at);
  for (at++; at < text.length; at++) {
    const next = text.charCodeAt(at);
    if (next === COMMA || next <= SPACE || next === CLOSE_OBJECT || next === CLOSE_ARRAY) break;
  }
  return at;
}

function findStringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end >= 0 && text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end < 0 ? text.length : end + 1;
}

/** Whether an odd number of backslashes precedes `at`. */
function isEscaped(text: string, at: number): boolean {
  let first = at - 1;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

function findContainerEnd(text: string, at: number): number {
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = findStringEnd(text, at);
      continue;
    }
    at++;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
    else if ((code === CLOSE_OBJECT || code === CLOSE_ARRAY) && --depth === 0) break;
  }
  return at;
}

export function isContainerAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === OPEN_OBJECT || code === OPEN_ARRAY;
}

export interface JsonLevel {
  readonly isArray: boolean;
  /** The first values, up to the limit. The name of a member is decoded. The name of an item is ''. */
  readonly values: readonly { readonly name: string; readonly start: number; readonly end: number }[];
  /** Number of all values. */
  readonly count: number;
  /** Whether any value, also beyond the limit, is an array or an object. */
  readonly hasContainers: boolean;
}

/** Keeps up to `limit` values, because an array can have millions. */
export function readLevel(text: string, at: number, limit: number): JsonLevel {
  const isArray = text.charCodeAt(at) === OPEN_ARRAY;
  const values: JsonLevel['values'][number][] = [];
  let count = 0;
  let hasContainers = false;
  at = findToken(text, at + 1);
  for (let code = text.charCodeAt(at); code !== CLOSE_OBJECT && code !== CLOSE_ARRAY && at < text.length; ) {
    const nameStart = at;
    const nameEnd = isArray ? at : findStringEnd(text, at);
    const start = isArray ? at : findToken(text, findToken(text, nameEnd) + 1); // after the colon
    const end = findValueEnd(text, start);
    if (count < limit)
      values.push({ name: isArray ? '' : decodeString(text.slice(nameStart, nameEnd)), start, end });
    hasContainers ||= isContainerAt(text, start);
    count++;
    at = findToken(text, end);
    if (text.charCodeAt(at) === COMMA) at = findToken(text, at + 1);
    code = text.charCodeAt(at);
  }
  return { isArray, values, count, hasContainers };
}

export const KIND = {
  string: 0,
  number: 1,
  null: 2,
  boolean: 3,
  array: 4,
  /** Empty, or too deep to be opened. */
  object: 5,
  /** An object whose members follow as fields. */
  open: 6,
} as const;
export type FieldKind = (typeof KIND)[keyof typeof KIND];
const KINDS = Object.keys(KIND).length;

export interface EventField {
  /** The name as sent, quotes included. */
  readonly source: string;
  readonly kind: FieldKind;
  /** Number of objects around the field, without the event itself. */
  readonly depth: number;
  /** The value is `start` to `end` of the text; for an open object, this is only its opening bracket. */
  readonly start: number;
  readonly end: number;
}

export interface EventFields {
  /** In the order sent. */
  readonly fields: readonly EventField[];
  /** Names, kinds and depths as one text, equal for events that differ only in values and white space. */
  readonly layout: string;
  /** There are more fields than were read. */
  readonly isCut: boolean;
}

export interface NamedField {
  /** The name, decoded. */
  readonly name: string;
  /** Such as `data.chain`, with invisible characters escaped. A long path is cut. */
  readonly path: string;
  readonly kind: FieldKind;
  readonly depth: number;
  /** The field whose value is the object around this field; undefined at the top level. */
  readonly container: NamedField | undefined;
}

interface FieldBounds {
  /** Maximum number of levels to open. */
  readonly depth: number;
  /** Maximum number of fields to read, not counting open objects. */
  readonly fields: number;
}

/** Undefined if the event is not an object. */
export function readFields(text: string, bounds: FieldBounds): EventFields | undefined {
  let at = findToken(text, 0);
  if (text.charCodeAt(at) !== OPEN_OBJECT) return undefined;
  const fields: EventField[] = [];
  let layout = '';
  let depth = 0;
  let left = bounds.fields;
  at = findToken(text, at + 1);
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === CLOSE_OBJECT) {
      if (depth === 0) break;
      depth--;
      at = findToken(text, at + 1);
      continue;
    }
    if (code === COMMA) at = findToken(text, at + 1);
    if (left === 0) return { fields, layout, isCut: true };
    const nameEnd = findStringEnd(text, at);
    const source = text.slice(at, nameEnd);
    const start = findToken(text, findToken(text, nameEnd) + 1); // after the colon
    const kind = findKind(text, start, depth < bounds.depth);
    const end = kind === KIND.open ? start + 1 : findValueEnd(text, start);
    fields.push({ source, kind, depth, start, end });
    // Depth and kind are one character, because each further piece of the layout costs time for every field.
    layout += String.fromCharCode(depth * KINDS + kind) + source;
    if (kind === KIND.open) depth++;
    else left--;
    at = findToken(text, end);
  }
  return { fields, layout, isCut: false };
}

function findKind(text: string, at: number, mayOpen: boolean): FieldKind {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return KIND.string;
  if (code === OPEN_ARRAY) return KIND.array;
  if (code === OPEN_OBJECT) {
    const isEmpty = text.charCodeAt(findToken(text, at + 1)) === CLOSE_OBJECT;
    return mayOpen && !isEmpty ? KIND.open : KIND.object;
  }
  // A minus or a digit, or the first letter of a literal.
  if (code < LETTER_A) return KIND.number;
  return code === LETTER_N ? KIND.null : KIND.boolean;
}

/** @param pathLength maximum length of a path, in characters */
export function nameFields(fields: readonly EventField[], pathLength: number): NamedField[] {
  const containers: NamedField[] = [];
  return fields.map(({ source, kind, depth }) => {
    const name = decodeString(copyText(source));
    const container = depth === 0 ? undefined : containers[depth - 1];
    const own = name === '' ? '""' : truncateVisible(name, pathLength);
    const path = container === undefined ? own : truncateVisible(`${container.path}.${own}`, pathLength);
    const field = { name, path, kind, depth, container };
    if (kind === KIND.open) containers[depth] = field;
    return field;
  });
}
