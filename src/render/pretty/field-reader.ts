// Reads an event as a flat list of its fields: what is nested in objects is found under a path, `data.chain`.
//
// Events of one type have the same fields in the same order, so each field remembers which one followed it.
// Most often a name is only compared then, not read, and all that depends on names alone is worked out once
// for each sequence of fields. Bounded in memory: names are made up by others.
import { readString, skipSpace, skipValue } from '../../events/json-level.ts';
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

/** A field at its place in a sequence of fields. */
export interface Field<Plan> {
  /** Decoded. */
  readonly name: string;
  /** Visible, with the names above it, cut if it is long. */
  readonly path: string;
  readonly kind: Kind;
  /** Levels above it. */
  readonly depth: number;
  /** The field whose object it is in. */
  readonly container: Field<Plan> | undefined;
  readonly previous: Field<Plan> | undefined;
  /** Name and colon as sent. */
  readonly source: string;
  /** The field that came behind it last time. */
  guess: Field<Plan> | undefined;
  readonly next: Map<string, Field<Plan>>;
  /** What was worked out for events whose last field this is. */
  plan: Plan | undefined;
}

export interface FieldBounds {
  /** Levels that are opened. */
  readonly depth: number;
  /** Fields that are read. */
  readonly fields: number;
  /** Characters of a path. */
  readonly pathLength: number;
}

/** Sequences that are remembered, counted in fields, and how long one may be. */
const MAX_REMEMBERED = 4_000;
const MAX_REMEMBERED_LENGTH = 100;
const MAX_REMEMBERED_NAME = 100;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Reads one event after the other; what it found stands in its properties until the next one. */
export class FieldReader<Plan> {
  /** Fields but for opened objects: the value of `i` is `starts[i]` to `ends[i]` of the text. */
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** There are more fields than were read. */
  isCut = false;
  /** Of an event without fields it is this one. */
  readonly root: Field<Plan> = createField('', '', KIND.open, 0, undefined, undefined);
  last: Field<Plan> = this.root;

  readonly #bounds: FieldBounds;
  #remembered = 0;

  constructor(bounds: FieldBounds) {
    this.#bounds = bounds;
  }

  /** False if the event is no object. `isPlain`: there is no escape in the text. */
  read(text: string, isPlain: boolean): boolean {
    let at = skipSpace(text, 0);
    if (text.charCodeAt(at) !== OPEN_OBJECT) return false;
    at++;
    const { starts, ends } = this;
    let field = this.root;
    let container: Field<Plan> | undefined;
    let depth = 0;
    let count = 0;
    this.isCut = false;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === COMMA || code <= SPACE) {
        at++;
        continue;
      }
      if (code === CLOSE_OBJECT) {
        if (depth === 0) break;
        depth--;
        container = container?.container;
        at++;
        continue;
      }
      if (count >= this.#bounds.fields) {
        this.isCut = true;
        break;
      }
      const { guess } = field;
      if (guess !== undefined && guess.depth === depth && isAt(text, at, guess.source)) {
        const valueAt = at + guess.source.length;
        if (this.#findKind(text, valueAt, depth) === guess.kind) {
          field = guess;
          at = valueAt;
        } else {
          field = this.#readName(text, at, field, container, depth, count);
          at = this.#valueAt;
        }
      } else {
        field = this.#readName(text, at, field, container, depth, count);
        at = this.#valueAt;
      }
      if (field.kind === KIND.open) {
        container = field;
        depth++;
        at++;
        continue;
      }
      starts[count] = at;
      at = isPlain && field.kind === KIND.string ? text.indexOf('"', at + 1) + 1 : skipValue(text, at);
      ends[count] = at;
      count++;
    }
    this.count = count;
    this.last = field;
    return true;
  }

  #valueAt = 0;

  /** The field behind `previous` whose name stands at `at`; its value begins at `#valueAt` then. */
  #readName(
    text: string,
    at: number,
    previous: Field<Plan>,
    container: Field<Plan> | undefined,
    depth: number,
    count: number,
  ): Field<Plan> {
    const nameEnd = skipValue(text, at);
    this.#valueAt = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const kind = this.#findKind(text, this.#valueAt, depth);
    // A copy: a slice would keep the whole text of its event alive.
    const source = Buffer.from(text.slice(at, this.#valueAt)).toString();
    const key = `${depth} ${kind} ${source}`;
    let field = previous.next.get(key);
    if (field === undefined) {
      const name = readString(source, 0, nameEnd - at);
      field = createField(name, this.#joinPath(container, name), kind, depth, container, previous, source);
      const isWorthIt = count < MAX_REMEMBERED_LENGTH && source.length < MAX_REMEMBERED_NAME;
      if (!isWorthIt || this.#remembered >= MAX_REMEMBERED) return field;
      this.#remembered++;
      previous.next.set(key, field);
    }
    previous.guess = field;
    return field;
  }

  #joinPath(container: Field<Plan> | undefined, name: string): string {
    const own = name === '' ? '""' : truncateVisible(name, this.#bounds.pathLength);
    return container === undefined
      ? own
      : truncateVisible(`${container.path}.${own}`, this.#bounds.pathLength);
  }

  #findKind(text: string, at: number, depth: number): Kind {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return KIND.string;
    if (code === OPEN_OBJECT) {
      if (depth >= this.#bounds.depth) return KIND.object;
      return text.charCodeAt(skipSpace(text, at + 1)) === CLOSE_OBJECT ? KIND.object : KIND.open;
    }
    if (code === OPEN_ARRAY) return KIND.array;
    if (code < 0x61) return KIND.number;
    return code === 0x6e ? KIND.null : KIND.boolean;
  }
}

/** `text.startsWith(sought, at)`, at half its cost for short texts. */
function isAt(text: string, at: number, sought: string): boolean {
  for (let i = sought.length - 1; i > 0; i--) {
    if (text.charCodeAt(at + i) !== sought.charCodeAt(i)) return false;
  }
  return true;
}

function createField<Plan>(
  name: string,
  path: string,
  kind: Kind,
  depth: number,
  container: Field<Plan> | undefined,
  previous: Field<Plan> | undefined,
  source = '',
): Field<Plan> {
  return {
    name,
    path,
    kind,
    depth,
    container,
    previous,
    source,
    guess: undefined,
    next: new Map(),
    plan: undefined,
  };
}

/** The fields that have values, in order, up to `last`. */
export function listFields<Plan>(last: Field<Plan>): Field<Plan>[] {
  const fields: Field<Plan>[] = [];
  for (let field: Field<Plan> | undefined = last; field?.previous !== undefined; field = field.previous) {
    if (field.kind !== KIND.open) fields.push(field);
  }
  return fields.reverse();
}
