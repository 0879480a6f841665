// What makes a line of an event of known shape, step by step: all that can be worked out before its values are
// known is, so that painting is little more than copying bytes.

import type { Paint, Style } from '../paint.ts';
import type { Signs } from '../signs.ts';
import { WordTexts } from './byte-words.ts';
import { type EventPlan, type PartyPair, type PartyPlace, type Place, WEIGHT } from './event-plan.ts';
import { KIND } from './field-reader.ts';
import { COLUMN, type Column } from './shared-widths.ts';
import {
  SHOWS_AMOUNT,
  SHOWS_ARROW,
  SHOWS_DOLLARS,
  STEP_ARROW,
  STEP_COLUMN,
  STEP_FIGURE,
  STEP_SKIP_TYPE,
  STEP_TYPE,
  STEP_UNLESS_SHOWN,
  STEP_VALUE,
} from './step-codes.ts';

/** The steps of a line, one behind the other. */
export interface LineProgram {
  /** STEP_…, the number of the value in the event or -1, whether it is a string, its column, SHOWS_… bits. */
  readonly codes: Uint8Array;
  readonly indexes: Int8Array;
  readonly areStrings: Uint8Array;
  readonly columns: Uint8Array;
  readonly shows: Uint8Array;
  /** Of step `i` at `2 * i` what stands before the value (gap, name, arrow, paint), and then what ends the paint. */
  readonly texts: WordTexts;
}

const SHOWS = { amount: SHOWS_AMOUNT, dollars: SHOWS_DOLLARS, arrow: SHOWS_ARROW } as const;
const NOTHING = '';
const GAP = '  ';
const SPACE = ' ';

/** The steps of a line; `isAtStart`: no time stands before them. */
export function programLine(plan: EventPlan, style: Style, signs: Signs, isAtStart: boolean): LineProgram {
  const program = new Program(style, signs, isAtStart);
  program.addHeadline(plan);
  for (const detail of plan.details) {
    const { name, value, minor } = style;
    const isMinor = detail.weight >= WEIGHT.hash;
    const shows = detail.shownAs === undefined ? 0 : SHOWS[detail.shownAs];
    const before = isMinor ? minor.open + detail.name + SPACE : wrap(name, detail.name) + SPACE + value.open;
    const after = isMinor ? minor.close : value.close;
    const code = detail.shownAs === undefined ? STEP_VALUE : STEP_UNLESS_SHOWN;
    program.add({ code, gap: GAP, before, after, place: detail, shows });
  }
  return packSteps(program.steps);
}

interface NewStep {
  readonly code: number;
  readonly gap: string;
  readonly before?: string;
  readonly after?: string;
  readonly place?: Place;
  readonly column?: Column;
  readonly shows?: number;
}

class Program {
  readonly steps: NewStep[] = [];
  readonly #style: Style;
  readonly #signs: Signs;
  #isAtStart: boolean;

  constructor(style: Style, signs: Signs, isAtStart: boolean) {
    this.#style = style;
    this.#signs = signs;
    this.#isAtStart = isAtStart;
  }

  addHeadline({ type, chain, amount, unit, dollars, parties }: EventPlan): void {
    const { value, amount: amountPaint, dollars: dollarsPaint } = this.#style;
    if (type === undefined) this.steps.push({ code: STEP_SKIP_TYPE, gap: NOTHING });
    else this.add({ code: STEP_TYPE, gap: SPACE, place: type, column: COLUMN.type });
    if (chain !== undefined) this.#addIn(COLUMN.chain, chain, GAP);
    if (amount !== undefined) this.#addFigure(COLUMN.amount, amount, amountPaint, SHOWS.amount);
    if (unit !== undefined) {
      if (amount !== undefined) this.#addIn(COLUMN.unit, unit, SPACE);
      else this.#addPainted(unit, value, GAP);
    }
    if (dollars !== undefined) this.#addFigure(COLUMN.dollars, dollars, dollarsPaint, SHOWS.dollars);
    for (const pair of parties) this.#addPair(pair);
  }

  add(step: NewStep): void {
    this.steps.push(this.#isAtStart ? { ...step, gap: NOTHING } : step);
    this.#isAtStart = false;
  }

  #addIn(column: Column, place: Place, gap: string): void {
    const { open, close } = this.#style.value;
    this.add({ code: STEP_COLUMN, gap, before: open, after: close, place, column });
  }

  #addFigure(column: Column, place: Place, { open, close }: Paint, shows: number): void {
    this.add({ code: STEP_FIGURE, gap: GAP, before: open, after: close, place, column, shows });
  }

  #addPainted(place: Place, { open, close }: Paint, gap: string, before = NOTHING): void {
    this.add({ code: STEP_VALUE, gap, before: before + open, after: close, place });
  }

  #addPair({ left, right, direction }: PartyPair): void {
    const { dim, name } = this.#style;
    const alone = left ?? right;
    if (alone === undefined) return;
    if (left === undefined || right === undefined) {
      this.#addParty(alone, GAP, wrap(name, alone.name) + SPACE);
      return;
    }
    this.#addParty(left, GAP);
    if (direction === 'left to right') {
      this.#addParty(right, SPACE, wrap(dim, this.#signs.right) + SPACE);
      return;
    }
    const arrow = { code: STEP_ARROW, gap: SPACE, before: dim.open, after: dim.close, shows: SHOWS.arrow };
    this.add(direction === undefined ? arrow : { ...arrow, place: direction });
    this.#addParty(right, SPACE);
  }

  #addParty({ address, label }: PartyPlace, gap: string, before = NOTHING): void {
    const { value, label: labelPaint } = this.#style;
    this.#addPainted(address, value, gap, before);
    if (label !== undefined) this.#addPainted(label, labelPaint, SPACE);
  }
}

function packSteps(steps: readonly NewStep[]): LineProgram {
  return {
    codes: Uint8Array.from(steps, ({ code }) => code),
    indexes: Int8Array.from(steps, ({ place }) => place?.index ?? -1),
    areStrings: Uint8Array.from(steps, ({ place }) => (place?.field.kind === KIND.string ? 1 : 0)),
    columns: Uint8Array.from(steps, ({ column }) => column ?? 0),
    shows: Uint8Array.from(steps, ({ shows }) => shows ?? 0),
    texts: new WordTexts(steps.flatMap(({ gap, before = '', after = '' }) => [gap + before, after])),
  };
}

function wrap({ open, close }: Paint, text: string): string {
  return open + text + close;
}
