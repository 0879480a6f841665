// Reads one level of a JSON text: the members of an object, or the items of an array, and where their values
// are, or the places that a path leads to. What is below is skipped, not read, so the cost is one pass over the text however deep it nests.
//
// Only for text that `classifyText` took as an event: the grammar is trusted, not checked.
import { decodeString } from './json-string.ts';
import type { Step } from './path.ts';

/** The source of a value is `start` to `end` of the text. */
export interface JsonPlace {
  readonly start: number;
  readonly end: number;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Every place that the path leads to; none where it leads nowhere, more than one only through `[*]`. */
export function findPlaces(text: string, steps: readonly Step[]): readonly JsonPlace[] {
  const start = skipSpace(text, 0);
  let places: JsonPlace[] = [{ start, end: skipValue(text, start) }];
  for (const step of steps) places = places.flatMap((place) => takeStep(text, place, step));
  return places;
}

/** Of members with the same name the last one counts, as for JSON.parse. */
function takeStep(text: string, { start }: JsonPlace, step: Step): JsonPlace[] {
  const first = text.charCodeAt(start);
  if (first !== (step.kind === 'member' ? OPEN_OBJECT : OPEN_ARRAY)) return [];
  const { names, starts, ends } = readLevel(text, start);
  if (step.kind === 'every') return starts.map((at, i) => ({ start: at, end: ends[i] ?? at }));
  const index = step.kind === 'member' ? names.lastIndexOf(step.name) : step.index;
  const at = starts[index];
  return at === undefined ? [] : [{ start: at, end: ends[index] ?? at }];
}

/** One level. `starts[i]` to `ends[i]` is the source text of value `i`; of arrays all names are ''. */
export interface JsonLevel {
  readonly isArray: boolean;
  /** Decoded, in the order sent; duplicates too. */
  readonly names: string[];
  readonly starts: number[];
  readonly ends: number[];
}

/** Index of the first character from `at` on that is not white space. */
export function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= SPACE) at++;
  return at;
}

/** The level of the object or array that begins at `at`. */
export function readLevel(text: string, at: number): JsonLevel {
  const isArray = text.charCodeAt(at) === OPEN_ARRAY;
  const names: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  at = skipSpace(text, at + 1);
  let code = text.charCodeAt(at);
  while (code !== CLOSE_OBJECT && code !== CLOSE_ARRAY && at < text.length) {
    if (isArray) {
      names.push('');
    } else {
      const nameAt = at;
      at = skipString(text, at);
      names.push(readString(text, nameAt, at));
      // Behind the colon.
      at = skipSpace(text, skipSpace(text, at) + 1);
    }
    starts.push(at);
    at = skipValue(text, at);
    ends.push(at);
    code = text.charCodeAt(at);
    if (code <= SPACE) {
      at = skipSpace(text, at);
      code = text.charCodeAt(at);
    }
    if (code !== COMMA) break;
    at++;
    code = text.charCodeAt(at);
    if (code <= SPACE) at = skipSpace(text, at);
  }
  return { isArray, names, starts, ends };
}

/** The value of the string whose source text, quotes included, is `start` to `end`. */
export function readString(text: string, start: number, end: number): string {
  const value = text.slice(start + 1, end - 1);
  return value.includes('\\') ? decodeString(text.slice(start, end)) : value;
}

/** The end of the value that begins at `at`. */
export function skipValue(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === QUOTE) return skipString(text, at);
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) return skipContainer(text, at);
  for (at++; at < text.length; at++) {
    const next = text.charCodeAt(at);
    if (next === COMMA || next <= SPACE || next === CLOSE_OBJECT || next === CLOSE_ARRAY) break;
  }
  return at;
}

function skipString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end >= 0 && text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) {
    end = text.indexOf('"', end + 1);
  }
  return end < 0 ? text.length : end + 1;
}

/** An odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let first = at - 1;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

function skipContainer(text: string, at: number): number {
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = skipString(text, at);
      continue;
    }
    at++;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
    else if ((code === CLOSE_OBJECT || code === CLOSE_ARRAY) && --depth === 0) break;
  }
  return at;
}
