// Runs the program of a line: copies what is known and the values of one event, with what headline and details
// do to them. One long function, since calls would take most of its time.
import { COMMA, DOT, MINUS, SPACE } from '../../events/scan-constants.ts';
import { skipDigits } from '../../events/scan-numbers.ts';
import { type Paint, pickTypePaint } from '../paint.ts';
import type { Signs } from '../signs.ts';
import { copyWords, putSpaces, WordTexts } from './byte-words.ts';
import type { ShapeWalker } from './event-shape.ts';
import type { LineProgram } from './line-program.ts';
import type { Column, SharedWidths } from './shared-widths.ts';
import { isHashLikeAt } from './shorten.ts';
import {
  DOLLARS_COLUMN,
  MAX_GROUPED_DIGITS,
  MAX_TEXT_LENGTH,
  MIN_HASH_LENGTH,
  STEP_ARROW,
  STEP_COLUMN,
  STEP_FIGURE,
  STEP_SKIP_TYPE,
  STEP_TYPE,
  STEP_UNLESS_SHOWN,
  TYPE_COLUMN,
} from './step-codes.ts';

/** What a run returns for an event that has to go the long way. */
export const ODD = -1;

const LINE_FEED = 0x0a;
const LETTER_X = 0x78;
const DOLLAR = 0x24;
/** Their numbers among the texts of signs. */
const RIGHT = 0;
const LEFT = 1;
const UNKNOWN = 2;
const ELLIPSIS = 3;

export class ProgramRunner {
  /** Where lines are written: there must be room. */
  to: DataView = new DataView(new ArrayBuffer(0));
  /** What stands before each line, as the only text. */
  time = new WordTexts(['']);
  readonly #typePaints: WordTexts;
  readonly #signs: WordTexts;
  readonly #widths: SharedWidths;
  readonly #walker: ShapeWalker;
  readonly #isWide: boolean;

  constructor(
    types: readonly Paint[],
    { right, left, unknown, ellipsis }: Signs,
    widths: SharedWidths,
    walker: ShapeWalker,
    isWide: boolean,
  ) {
    this.#signs = new WordTexts([right, left, unknown, ellipsis]);
    this.#typePaints = new WordTexts(types.flatMap(({ open, close }) => [open, close]));
    this.#widths = widths;
    this.#walker = walker;
    this.#isWide = isWide;
  }

  /** Writes a line to `at` on, of the event in `view` that was walked last; the place behind it, or ODD. */
  run(
    view: DataView,
    { codes, indexes, areStrings, columns, shows, texts }: LineProgram,
    at: number,
  ): number {
    const { to, time } = this;
    const { starts, ends } = this.#walker;
    const widths = this.#widths;
    const { view: textView, starts: textStarts, lengths: textLengths } = texts;
    at = copyWords(to, at, time.view, 0, time.lengths[0] as number);
    let padding = 0;
    let shown = 0;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] as number;
      if (code === STEP_UNLESS_SHOWN && (shown & (shows[i] as number)) !== 0) continue;
      const column = columns[i] as Column;
      if (code === STEP_SKIP_TYPE) {
        padding += widths.of(TYPE_COLUMN);
        continue;
      }
      const index = indexes[i] as number;
      let start = starts[index] as number;
      const end = ends[index] as number;
      let point = 0;
      if (code === STEP_FIGURE) {
        const first = view.getUint8(start) === MINUS ? start + 1 : start;
        point = skipDigits(view, first, end);
        if (!isPlainFigure(view, first, point, end)) return ODD;
        const commas = ((point - first - 1) / 3) | 0;
        if (commas === 0) shown |= shows[i] as number;
        const width = end - start + commas + (column === DOLLARS_COLUMN ? 1 : 0);
        padding += widths.grow(column, width) - width;
      }
      if (padding > 0) {
        at = putSpaces(to, at, padding);
        padding = 0;
      }
      at = copyWords(to, at, textView, textStarts[2 * i] as number, textLengths[2 * i] as number);
      if (code === STEP_FIGURE) {
        if (view.getUint8(start) === MINUS) {
          to.setUint8(at++, MINUS);
          start++;
        }
        if (column === DOLLARS_COLUMN) to.setUint8(at++, DOLLAR);
        at = copyGrouped(to, at, view, start, point);
        at = copyWords(to, at, view, point, end - point);
      } else if (code === STEP_ARROW) {
        const arrow = index < 0 ? UNKNOWN : pickArrow(view, start, end);
        if (arrow !== UNKNOWN) shown |= shows[i] as number;
        at = copyText(to, at, this.#signs, arrow);
      } else {
        const length = end - start;
        let paint = -1;
        if (code === STEP_TYPE) {
          if (length === 0) return ODD;
          paint = this.#pickPaint(view, start, length);
          at = copyText(to, at, this.#typePaints, 2 * paint);
        }
        const valueAt = at;
        if (areStrings[i] === 1) {
          // What would have to be put into quotes to be seen.
          if (length === 0 || view.getUint8(start) === SPACE || view.getUint8(end - 1) === SPACE) return ODD;
          if (length >= MIN_HASH_LENGTH && !this.#isWide) {
            if (isHashLikeAt(view, start, end)) {
              at = copyWords(to, at, view, start, view.getUint8(start + 1) === LETTER_X ? 6 : 4);
              at = copyText(to, at, this.#signs, ELLIPSIS);
              start = end - 4;
            } else if (length > MAX_TEXT_LENGTH) return ODD;
          }
        }
        at = copyWords(to, at, view, start, end - start);
        const width = at - valueAt;
        if (code === STEP_COLUMN || code === STEP_TYPE) padding = widths.grow(column, width) - width;
        if (paint >= 0) at = copyText(to, at, this.#typePaints, 2 * paint + 1);
      }
      at = copyWords(to, at, textView, textStarts[2 * i + 1] as number, textLengths[2 * i + 1] as number);
    }
    to.setUint8(at, LINE_FEED);
    return at + 1;
  }

  #pickPaint(view: DataView, start: number, length: number): number {
    const first = view.getUint8(start);
    const middle = view.getUint8(start + (length >> 1));
    const last = view.getUint8(start + length - 1);
    return pickTypePaint(this.#typePaints.lengths.length >> 1, length, first, middle, last);
  }
}

function copyText(to: DataView, at: number, { view, starts, lengths }: WordTexts, index: number): number {
  return copyWords(to, at, view, starts[index] as number, lengths[index] as number);
}

/** Digits in groups of three, counted from the right: a group and its comma at a time. */
function copyGrouped(to: DataView, at: number, view: DataView, start: number, end: number): number {
  let group = (end - start) % 3 || 3;
  for (;;) {
    to.setInt32(at, view.getInt32(start, true), true);
    at += group;
    start += group;
    if (start >= end) return at;
    to.setUint8(at++, COMMA);
    group = 3;
  }
}

function pickArrow(view: DataView, start: number, end: number): number {
  const isWay = (way: string): boolean =>
    way.length === end - start &&
    [...way].every((letter, i) => view.getUint8(start + i) === letter.charCodeAt(0));
  if (isWay('in')) return LEFT;
  return isWay('out') ? RIGHT : UNKNOWN;
}

/** Digits, perhaps with a fraction: no exponent, and not so many that they would not be grouped. */
function isPlainFigure(view: DataView, first: number, point: number, end: number): boolean {
  const digits = point - first;
  if (digits === 0 || digits > MAX_GROUPED_DIGITS) return false;
  if (point === end) return true;
  return view.getUint8(point) === DOT && point + 1 < end && skipDigits(view, point + 1, end) === end;
}
