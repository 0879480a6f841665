// Where in an event's text the values of a path stand: the source of each, as it was sent.
//
// For text that `classifyText` took as an event. No tree is built: only the levels on the way are read.
import { readLevel, skipSpace, skipValue } from './json-level.ts';
import type { Step } from './path.ts';

/** The source of a value is `start` to `end` of the text. */
export interface JsonPlace {
  readonly start: number;
  readonly end: number;
}

const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

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
