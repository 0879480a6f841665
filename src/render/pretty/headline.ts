// The first part of an event: type, chain, amount with its unit, dollars, sender and recipient. Most are in columns that
// all events share.
import { NO_PAINT, type Paint, type Style } from '../paint.ts';
import { measureWidth } from '../text-width.ts';
import type { EventPlan, FieldRef, Party, PartyPair } from './event-plan.ts';
import { type EventField, KIND } from './event-reader.ts';
import { type Flow, GAP, measurePhrase, SPACE, type StyledText } from './flow.ts';
import { groupDigits, isNumberText } from './numbers.ts';
import { showString, type ValueView } from './values.ts';

const COLUMN = { type: 0, chain: 1, amount: 2, unit: 3, dollars: 4 } as const;
type Column = (typeof COLUMN)[keyof typeof COLUMN];

/** A wider value moves the rest of its line to the right. */
const MAX_WIDTHS = [20, 12, 24, 6, 16];
/** On a narrow terminal: one long fraction must not move the rest of all lines to the right. */
const MAX_AMOUNT_WIDTH_IF_NARROW = 16;

/** Widths of the columns that all events share; each grows up to a limit. */
export class SharedWidths {
  /** False on a narrow terminal, where columns of numbers would move the rest to the next line. */
  alignsNumbers = true;
  readonly #widths = new Int32Array(MAX_WIDTHS.length);
  readonly #bounds = Int32Array.from(MAX_WIDTHS);

  setFrame(alignsNumbers: boolean, isNarrow: boolean): void {
    this.alignsNumbers = alignsNumbers;
    const bound = isNarrow ? MAX_AMOUNT_WIDTH_IF_NARROW : (MAX_WIDTHS[COLUMN.amount] ?? 0);
    this.#bounds[COLUMN.amount] = bound;
    this.#widths[COLUMN.amount] = Math.min(this.of(COLUMN.amount), bound);
  }

  /** Current width of the column. */
  of(column: Column): number {
    return this.#widths[column] as number;
  }

  /** Grows the column to `width` if the limit allows, and returns the width to align to. */
  grow(column: Column, width: number): number {
    const known = this.#widths[column] as number;
    if (width <= known) return known;
    if (width <= (this.#bounds[column] as number)) this.#widths[column] = width;
    return width;
  }
}

/** The values of one event. */
export interface EventValues extends ValueView {
  readonly fields: readonly EventField[];
}

/** How the headline shows a value: not at all, with grouped digits, or as sent. */
export const FORM = { none: 0, grouped: 1, exact: 2 } as const;
export type ShownForm = (typeof FORM)[keyof typeof FORM];

export class HeadlineWriter {
  /** How the last headline showed these values. */
  readonly forms: { amount: ShownForm; dollars: ShownForm; arrow: ShownForm } = {
    amount: FORM.none,
    dollars: FORM.none,
    arrow: FORM.none,
  };
  readonly #style: Style;
  readonly #flow: Flow;
  readonly #widths: SharedWidths;

  constructor(style: Style, flow: Flow, widths: SharedWidths) {
    this.#style = style;
    this.#flow = flow;
    this.#widths = widths;
  }

  /** Leaves the column of the type empty, so that the next columns are aligned. */
  skipType(): void {
    this.#flow.pad(this.#widths.of(COLUMN.type));
  }

  add(plan: EventPlan, event: EventValues): void {
    const { type, chain, amount, unit, dollars, parties } = plan;
    if (type === undefined) {
      this.skipType();
    } else {
      const shown = showAt(event, type);
      this.#addInColumn(COLUMN.type, shown, event, this.#paintType(event, type), SPACE);
    }
    if (chain !== undefined)
      this.#addInColumn(COLUMN.chain, showAt(event, chain), event, this.#style.value, GAP);
    this.#addAmount(event, amount, unit);
    if (dollars !== undefined) {
      const shown = this.#readNumber('dollars', event, dollars);
      if (shown !== undefined) this.#addNumber('dollars', signDollars(shown));
    }
    for (const pair of parties) this.#addPair(event, pair);
  }

  /** The same color for the same type, chosen by its length and three of its characters. */
  #paintType(event: EventValues, place: FieldRef): Paint {
    const { start, end } = findValue(event, place);
    const first = start + 1;
    const length = end - 1 - first;
    const { text } = event;
    const { types } = this.#style;
    if (length === 0) return types[0] ?? NO_PAINT;
    const middle = text.charCodeAt(first + (length >> 1));
    const sum = text.charCodeAt(first) + middle + text.charCodeAt(first + length - 1);
    return types[(sum + length) % types.length] ?? NO_PAINT;
  }

  /** An amount and its unit are on one line, unless no line can hold both. */
  #addAmount(event: EventValues, amount: FieldRef | undefined, unit: FieldRef | undefined): void {
    const number = amount === undefined ? undefined : this.#readNumber('amount', event, amount);
    const name = unit === undefined ? undefined : showAt(event, unit);
    const { value, amount: bold } = this.#style;
    if (number === undefined) {
      if (name !== undefined) this.#flow.addWords(name, value, GAP);
    } else if (name === undefined) {
      this.#addNumber('amount', number);
    } else if (this.#widths.alignsNumbers) {
      this.#addNumber('amount', number);
      this.#addInColumn(COLUMN.unit, name, event, value, SPACE);
    } else {
      const phrase = [
        { visible: number, paint: bold },
        { visible: name, paint: value },
      ];
      this.#flow.addPhrase(phrase, GAP);
    }
  }

  #addNumber(column: 'amount' | 'dollars', shown: string): void {
    if (this.#widths.alignsNumbers)
      this.#flow.pad(this.#widths.grow(COLUMN[column], shown.length) - shown.length);
    this.#flow.addWords(shown, this.#style[column], GAP);
  }

  /** The number with grouped digits; undefined for other values, which the details show. */
  #readNumber(column: 'amount' | 'dollars', event: EventValues, place: FieldRef): string | undefined {
    const { start, end } = findValue(event, place);
    const inset = place.field.kind === KIND.string ? 1 : 0;
    this.forms[column] = FORM.none;
    if (inset === 1 && !isNumberText(event.text.slice(start + 1, end - 1))) return undefined;
    const grouped = groupDigits(event.text, start + inset, end - inset);
    this.forms[column] = grouped.length === end - start - 2 * inset ? FORM.exact : FORM.grouped;
    return grouped;
  }

  /** Two parties with an arrow between them, or one after the name of its field. */
  #addPair(event: EventValues, { left, right, direction }: PartyPair): void {
    const { name, dim } = this.#style;
    if (left !== undefined && right !== undefined) {
      const arrow = direction === 'left to right' ? event.signs.right : this.#drawArrow(event, direction);
      const one = this.#describeParty(event, left, undefined);
      const other = this.#describeParty(event, right, { visible: arrow, paint: dim });
      // Both go to the next line rather than one on each.
      const width = this.#flow.isBounded ? measurePhrase(one) + SPACE + measurePhrase(other) : 0;
      if (!this.#flow.fits(GAP + width) && width <= this.#flow.room) this.#flow.breakLine();
      this.#flow.addPhrase(one, GAP);
      this.#flow.addPhrase(other, SPACE);
      return;
    }
    const alone = left ?? right;
    if (alone !== undefined)
      this.#flow.addPhrase(this.#describeParty(event, alone, { visible: alone.name, paint: name }), GAP);
  }

  #describeParty(
    event: EventValues,
    { address, label }: Party,
    before: StyledText | undefined,
  ): StyledText[] {
    const phrase = before === undefined ? [] : [before];
    phrase.push({ visible: showAt(event, address), paint: this.#style.value });
    if (label !== undefined) phrase.push({ visible: showAt(event, label), paint: this.#style.label });
    return phrase;
  }

  /** An unknown direction is shown in the details. */
  #drawArrow(event: EventValues, direction: FieldRef | undefined): string {
    const value = direction === undefined ? '' : showAt(event, direction);
    const { left, right, unknown } = event.signs;
    this.forms.arrow = value === 'in' || value === 'out' ? FORM.exact : FORM.none;
    if (this.forms.arrow === FORM.none) return unknown;
    return value === 'in' ? left : right;
  }

  /** Adds a text, padded to its column. */
  #addInColumn(column: Column, shown: string, { isPlain }: EventValues, paint: Paint, gap: number): void {
    const width = isPlain ? shown.length : measureWidth(shown);
    this.#flow.addWords(shown, paint, gap);
    this.#flow.pad(this.#widths.grow(column, width) - width);
  }
}

const NO_RANGE = { start: 0, end: 0 };

/** The range of the field's value in the event's text. */
export function findValue({ fields }: EventValues, { index }: FieldRef): Pick<EventField, 'start' | 'end'> {
  return fields[index] ?? NO_RANGE;
}

/** The visible value of the field. */
export function showAt(event: EventValues, place: FieldRef): string {
  const { start, end } = findValue(event, place);
  return place.field.kind === KIND.string ? showString(event, start, end) : event.text.slice(start, end);
}

function signDollars(number: string): string {
  return number.startsWith('-') ? `-$${number.slice(1)}` : `$${number}`;
}
