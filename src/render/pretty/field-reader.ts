// Reads an event as a flat list of its fields: what is nested in objects is found under a path, `data.chain`.
//
// Every event is read from its own text, and white space is skipped wherever JSON allows it: where the values of
// the previous event were says nothing about this one.

import { readString, skipSpace, skipValue } from '../../events/json-level.ts';
import { copyText } from '../../events/messages.ts';
import { truncateVisible } from '../sanitize.ts';

export const KIND = {
  string: 0,
  number: 1,
  null: 2,
  boolean: 3,
  array: 4,
  /** Empty, or nested deeper than is looked. */
  object: 5,
  /** Its members follow as fields of their own. */
  open: 6,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** A field of one event. */
export interface EventField {
  /** The name as sent, quotes included. */
  readonly source: string;
  readonly kind: Kind;
  /** Levels above it. */
  readonly depth: number;
  /** The value is `start` to `end` of the text; of an open object this is its bracket. */
  readonly start: number;
  readonly end: number;
}

/** The fields of one event, in the order sent. */
export interface EventFields {
  readonly fields: readonly EventField[];
  /** Names, kinds and depths as one text: the same for events that differ only in values and white space. */
  readonly layout: string;
  /** There are more fields than were read. */
  readonly isCut: boolean;
}

/** What is known of a field without its value. */
export interface NamedField {
  /** Decoded. */
  readonly name: string;
  /** Visible, with the names above it, cut if it is long. */
  readonly path: string;
  readonly kind: Kind;
  /** Levels above it. */
  readonly depth: number;
  /** The field whose object it is in. */
  readonly container: NamedField | undefined;
}

export interface FieldBounds {
  /** Levels that are opened. */
  readonly depth: number;
  /** Fields that are read, without open objects. */
  readonly fields: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const LETTER_A = 0x61;
const LETTER_N = 0x6e;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Undefined if the event is not an object. */
export function readFields(text: string, bounds: FieldBounds): EventFields | undefined {
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_OBJECT) return undefined;
  const fields: EventField[] = [];
  let layout = '';
  let depth = 0;
  let left = bounds.fields;
  at = skipSpace(text, at + 1);
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === CLOSE_OBJECT) {
      if (depth === 0) break;
      depth--;
      at = skipSpace(text, at + 1);
      continue;
    }
    if (code === COMMA) at = skipSpace(text, at + 1);
    if (left === 0) return { fields, layout, isCut: true };
    const nameEnd = skipValue(text, at);
    const source = text.slice(at, nameEnd);
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1); // after the colon
    const kind = findKind(text, start, depth < bounds.depth);
    const end = kind === KIND.open ? start + 1 : skipValue(text, start);
    fields.push({ source, kind, depth, start, end });
    layout += `${depth}${kind}${source}`;
    if (kind === KIND.open) depth++;
    else left--;
    at = skipSpace(text, end);
  }
  return { fields, layout, isCut: false };
}

function findKind(text: string, at: number, mayOpen: boolean): Kind {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return KIND.string;
  if (code === OPEN_ARRAY) return KIND.array;
  if (code === OPEN_OBJECT) {
    const isEmpty = text.charCodeAt(skipSpace(text, at + 1)) === CLOSE_OBJECT;
    return mayOpen && !isEmpty ? KIND.open : KIND.object;
  }
  // A minus or a digit, or the first letter of a literal.
  if (code < LETTER_A) return KIND.number;
  return code === LETTER_N ? KIND.null : KIND.boolean;
}

/** The names and paths of these fields, each at its index; a path has at most `pathLength` characters. */
export function nameFields(fields: readonly EventField[], pathLength: number): NamedField[] {
  const containers: NamedField[] = [];
  return fields.map(({ source, kind, depth }) => {
    const copy = copyText(source);
    const name = readString(copy, 0, copy.length);
    const container = depth === 0 ? undefined : containers[depth - 1];
    const own = name === '' ? '""' : truncateVisible(name, pathLength);
    const path = container === undefined ? own : truncateVisible(`${container.path}.${own}`, pathLength);
    const field = { name, path, kind, depth, container };
    if (kind === KIND.open) containers[depth] = field;
    return field;
  });
}
