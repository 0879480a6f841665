// Collects types, paths and kinds of values from events, to find mistakes in a filter or in `--fields`.
//
// Memory and time are bounded: after MAX_EVENTS, `look` reads only one event of each batch.
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import { TypeCounts } from '../events/event-type.ts';
import { isContainerByte } from '../events/match-value.ts';
import { copyText, decodeString, decodeText } from '../events/message-text.ts';
import type { PathStep } from '../events/path.ts';
import { OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../events/scan-constants.ts';
import { readSource } from '../events/seek.ts';
import { prepareSteps, type SeekStep, visitValues } from '../events/seek-path.ts';
import { type Comparison, JSON_NUMBER, type Wanted } from '../filter/expression.ts';

const MAX_EVENTS = 10_000;
/** Number of events whose paths and compared strings are kept. */
const MAX_LISTED = 500;
const MAX_LISTED_BYTES = 64 * 1024;
const MAX_PATHS = 500;
const MAX_DEPTH = 6;
/** Values of a compared path that are kept for suggestions, and their length. */
const MAX_TEXTS = 50;
const MAX_TEXT_LENGTH = 64;
/** A comparison is reported after this many values, if none of them is of a kind that can match. */
const MIN_MISFITS = 5;

export type ValueKind = 'string' | 'number' | 'boolean' | 'object' | 'array' | 'null';

/** A path that events should have, and the flag that names it. */
export interface WatchedPath {
  readonly text: string;
  readonly steps: readonly PathStep[];
  readonly flag: string;
}

export class NamedPath {
  readonly text: string;
  readonly #steps: readonly SeekStep[];
  isPresent = false;

  constructor(text: string, steps: readonly PathStep[]) {
    this.text = text;
    this.#steps = prepareSteps(steps);
  }

  /** Calls `visit` with the JSON of each value, or only the first byte of an object or array, until it returns true. */
  visit(event: Uint8Array, visit: (source: string) => boolean): void {
    visitValues(event, this.#steps, (view, start, end) => {
      this.isPresent = true;
      const byte = view.getUint8(start);
      return visit(isContainerByte(byte) ? String.fromCharCode(byte) : readSource(view, start, end));
    });
  }
}

class FlagPath extends NamedPath {
  readonly flag: string;

  constructor({ text, steps, flag }: WatchedPath) {
    super(text, steps);
    this.flag = flag;
  }
}

export class Compared extends NamedPath {
  readonly comparison: Comparison;
  /** A value of a kind that can match has arrived. */
  fits = false;
  misfits = 0;
  /** The first value of another kind. */
  misfit: { readonly kind: ValueKind; readonly source: string } | undefined;
  /** Some of the strings that have arrived. */
  readonly texts = new Set<string>();

  constructor(comparison: Comparison) {
    super(comparison.path, comparison.steps);
    this.comparison = comparison;
  }

  look(event: Uint8Array): void {
    this.visit(event, (source) => {
      const kind = kindOf(source);
      // A null says nothing about the kind of the other values.
      if (kind === 'null') return false;
      if (canMatch(this.comparison, kind, source)) this.fits = true;
      else {
        this.misfits += 1;
        this.misfit ??= { kind, source: copyText(source.slice(0, MAX_TEXT_LENGTH)) };
      }
      if (kind === 'string' && source.length <= MAX_TEXT_LENGTH && this.texts.size < MAX_TEXTS)
        this.texts.add(copyText(decodeString(source)));
      return false;
    });
  }
}

function kindOf(source: string): ValueKind {
  const byte = source.charCodeAt(0);
  if (byte === QUOTE) return 'string';
  if (byte === OPEN_OBJECT) return 'object';
  if (byte === OPEN_ARRAY) return 'array';
  if (source === 'null') return 'null';
  return source === 'true' || source === 'false' ? 'boolean' : 'number';
}

/** A string that contains a number can match a number. */
function canMatch({ operator, wanted }: Comparison, kind: ValueKind, source: string): boolean {
  if (operator === '~') return kind !== 'object' && kind !== 'array';
  return wanted.some((one: Wanted) => {
    if (one.kind === 'text') return kind === 'string';
    if (one.kind === 'literal') return one.source === 'null' || kind === 'boolean';
    return kind === 'number' || (kind === 'string' && JSON_NUMBER.test(decodeString(source)));
  });
}

export class EventSample {
  events = 0;
  readonly types = new TypeCounts();
  readonly compared: readonly Compared[];
  readonly fields: readonly FlagPath[];
  readonly #paths = new Set<string>();

  constructor(comparisons: readonly Comparison[], fields: readonly WatchedPath[] = []) {
    this.compared = comparisons.map((comparison) => new Compared(comparison));
    this.fields = fields.map((path) => new FlagPath(path));
  }

  /** Paths that were seen, such as `items[*].x`. */
  get paths(): readonly string[] {
    return [...this.#paths];
  }

  look(batch: Batch): void {
    const count = Math.min(batch.count, Math.max(1, MAX_EVENTS - this.events));
    for (let i = 0; i < count; i += 1) {
      const text = textOf(batch, i);
      if (this.events < MAX_EVENTS) this.types.add(text);
      if (this.events < MAX_LISTED && text.length <= MAX_LISTED_BYTES) {
        listPaths(JSON.parse(decodeText(text, flagsOf(batch, i))), '', MAX_DEPTH, this.#paths);
      }
      for (const one of this.compared) if (!one.fits || this.events < MAX_LISTED) one.look(text);
      this.events += 1;
    }
  }

  /** Call with the events that are printed. */
  lookForFields(batch: Batch): void {
    const missing = this.fields.filter(({ isPresent }) => !isPresent);
    const count = missing.length === 0 ? 0 : Math.min(batch.count, MAX_EVENTS);
    for (let i = 0; i < count; i += 1) {
      for (const field of missing) if (!field.isPresent) field.visit(textOf(batch, i), () => true);
    }
  }

  /** Comparisons for which at least `min` values have arrived, none of them of a kind that can match. */
  listMisfits(min = MIN_MISFITS): Compared[] {
    return this.compared.filter(({ fits, misfits }) => !fits && misfits >= min);
  }
}

const PLAIN_NAME = /^[^\s.[\]()=!<>~"',]+$/;

function listPaths(value: unknown, path: string, depth: number, paths: Set<string>): void {
  if (path !== '' && paths.size < MAX_PATHS) paths.add(path);
  if (typeof value !== 'object' || value === null || depth === 0 || paths.size >= MAX_PATHS) return;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, 3)) listPaths(item, `${path}[*]`, depth - 1, paths);
    return;
  }
  for (const [name, member] of Object.entries(value).slice(0, MAX_PATHS)) {
    const step = PLAIN_NAME.test(name) ? name : `[${JSON.stringify(name)}]`;
    listPaths(member, path === '' || step !== name ? path + step : `${path}.${name}`, depth - 1, paths);
  }
}
