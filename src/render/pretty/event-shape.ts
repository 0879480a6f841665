// Events whose bytes differ in nothing but their values, as those of one type do nearly always: then where the
// values stand is found in one walk, by comparing what is between them. Anything unusual is no match, and goes
// the long way.
import { DOT, MINUS } from '../../events/scan-constants.ts';
import { skipDigits } from '../../events/scan-numbers.ts';
import { isSame, skipPlain, WordTexts } from './byte-words.ts';
import type { EventPlan } from './event-plan.ts';
import { KIND, type Kind } from './field-reader.ts';

export interface EventShape {
  readonly plan: EventPlan;
  readonly kinds: Uint8Array;
  /** What stands before each value, and behind the last one; quotes of strings are counted to these. */
  readonly between: WordTexts;
}

const MAX_FIELDS = 100;
const PLUS = 0x2b;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_E = 0x65;
const STRING: Kind = KIND.string;
const NUMBER: Kind = KIND.number;
const NULL: Kind = KIND.null;

/**
 * The shape of an event of printable ASCII without escapes, by the places of its values, quotes included;
 * undefined where it has arrays, or more fields than are worth it.
 */
export function learnShape(
  text: string,
  plan: EventPlan,
  kinds: readonly Kind[],
  starts: readonly number[],
  ends: readonly number[],
): EventShape | undefined {
  if (kinds.length > MAX_FIELDS || kinds.some((kind) => kind === KIND.array || kind === KIND.object))
    return undefined;
  const between: string[] = [];
  let behind = 0;
  for (const [i, kind] of kinds.entries()) {
    const quote = kind === KIND.string ? 1 : 0;
    between.push(text.slice(behind, (starts[i] ?? 0) + quote));
    behind = (ends[i] ?? 0) - quote;
  }
  between.push(text.slice(behind));
  return { plan, kinds: Uint8Array.from(kinds), between: new WordTexts(between) };
}

/** Finds the values of one event after the other; they stand in its properties until the next one. */
export class ShapeWalker {
  /** The value of `i` is `starts[i]` to `ends[i]` of the memory, without quotes. */
  readonly starts = new Int32Array(MAX_FIELDS);
  readonly ends = new Int32Array(MAX_FIELDS);

  /** Whether the event from `at` to `end`, which is valid JSON with a word of room behind it, has that shape. */
  walk(view: DataView, at: number, end: number, { kinds, between }: EventShape): boolean {
    const { starts, ends } = this;
    const { view: texts, starts: textStarts, lengths } = between;
    for (let i = 0; i < kinds.length; i++) {
      const length = lengths[i] as number;
      if (at + length > end || !isSame(view, at, texts, textStarts[i] as number, length)) return false;
      at += length;
      starts[i] = at;
      const kind = kinds[i];
      if (kind === STRING) {
        at = skipPlain(view, at, end);
      } else if (kind === NUMBER) {
        const first = at;
        at = skipNumber(view, at, end);
        if (at === first) return false;
      } else {
        at += measureWord(view.getUint8(at), kind === NULL);
      }
      ends[i] = at;
    }
    const length = lengths[kinds.length] as number;
    return at + length === end && isSame(view, at, texts, textStarts[kinds.length] as number, length);
  }
}

/** The end of a number; whatever is none ends at its first byte. */
function skipNumber(view: DataView, at: number, end: number): number {
  for (;;) {
    at = skipDigits(view, at, end);
    const byte = view.getUint8(at);
    const isOfNumber = byte === DOT || byte === MINUS || byte === PLUS || (byte | 0x20) === LETTER_E;
    if (!isOfNumber) return at;
    at++;
  }
}

/** Length of `null`, or of `true` or `false`, by the first letter; 0 if it is something else. */
function measureWord(first: number, isNull: boolean): number {
  if (isNull) return first === LETTER_N ? 4 : 0;
  if (first === LETTER_T) return 4;
  return first === LETTER_F ? 5 : 0;
}
