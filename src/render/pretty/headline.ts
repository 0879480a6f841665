// What matters of an event, first: chain, amount with its unit, dollars, who to whom. What neighbours share
// stands in columns that grow with what comes, within bounds.

import { NO_PAINT, type Paint, type Style } from '../paint.ts';
import { measureWidth } from '../text-width.ts';
import type { EventPlan, PartyPair, PartyPlace, Place } from './event-plan.ts';
import { type EventField, KIND } from './field-reader.ts';
import { groupDigits, isFigure } from './figures.ts';
import { type Flow, measurePhrase, type Words } from './flow.ts';
import { COLUMN, type Column, type SharedWidths } from './shared-widths.ts';
import { showString, type ValueView } from './values.ts';

const MINUS = 0x2d;
/** Between things, and between the words of one thing. */
const GAP = 2;
const SPACE = 1;

/** The values of one event. */
export interface EventValues extends ValueView {
  readonly fields: readonly EventField[];
}

/** How a value stands in the headline: not at all, with its digits set apart, or as it was sent. */
export const FORM = { none: 0, grouped: 1, exact: 2 } as const;
export type Form = (typeof FORM)[keyof typeof FORM];

/** Adds headlines to a flow, one after the other. */
export class Headline {
  /** How the last headline showed these. */
  readonly forms: { amount: Form; dollars: Form; arrow: Form } = {
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

  /** Leaves the column of types free, so that what follows stands where it does for others. */
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
      const shown = this.#readFigure('dollars', event, dollars);
      if (shown !== undefined) this.#addFigure('dollars', signDollars(shown));
    }
    for (const pair of parties) this.#addPair(event, pair);
  }

  /** The same color for the same type, by its length and a few of its characters. */
  #paintType(event: EventValues, place: Place): Paint {
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

  /** An amount and its unit: never on two lines, unless no line can hold them. */
  #addAmount(event: EventValues, amount: Place | undefined, unit: Place | undefined): void {
    const figure = amount === undefined ? undefined : this.#readFigure('amount', event, amount);
    const name = unit === undefined ? undefined : showAt(event, unit);
    const { value, amount: bold } = this.#style;
    if (figure === undefined) {
      if (name !== undefined) this.#flow.addWords(name, value, GAP);
    } else if (name === undefined) {
      this.#addFigure('amount', figure);
    } else if (this.#widths.alignsFigures) {
      this.#addFigure('amount', figure);
      this.#addInColumn(COLUMN.unit, name, event, value, SPACE);
    } else {
      const phrase = [
        { visible: figure, paint: bold },
        { visible: name, paint: value },
      ];
      this.#flow.addPhrase(phrase, GAP);
    }
  }

  #addFigure(column: 'amount' | 'dollars', shown: string): void {
    if (this.#widths.alignsFigures)
      this.#flow.pad(this.#widths.grow(COLUMN[column], shown.length) - shown.length);
    this.#flow.addWords(shown, this.#style[column], GAP);
  }

  /** The figure with its digits set apart; what is none is left to the details, and undefined. */
  #readFigure(column: 'amount' | 'dollars', event: EventValues, place: Place): string | undefined {
    const { start, end } = findValue(event, place);
    const inset = place.field.kind === KIND.string ? 1 : 0;
    this.forms[column] = FORM.none;
    if (inset === 1 && !isFigure(event.text.slice(start + 1, end - 1))) return undefined;
    const grouped = groupDigits(event.text, start + inset, end - inset);
    this.forms[column] = grouped.length === end - start - 2 * inset ? FORM.exact : FORM.grouped;
    return grouped;
  }

  /** Two parties with an arrow between them; one alone gets the name of its field. */
  #addPair(event: EventValues, { left, right, direction }: PartyPair): void {
    const { name, dim } = this.#style;
    if (left !== undefined && right !== undefined) {
      const arrow = direction === 'left to right' ? event.signs.right : this.#drawArrow(event, direction);
      const one = this.#wordParty(event, left, undefined);
      const other = this.#wordParty(event, right, { visible: arrow, paint: dim });
      // Rather both below than one here and one there.
      const width = this.#flow.isBounded ? measurePhrase(one) + SPACE + measurePhrase(other) : 0;
      if (!this.#flow.fits(GAP + width) && width <= this.#flow.room) this.#flow.breakLine();
      this.#flow.addPhrase(one, GAP);
      this.#flow.addPhrase(other, SPACE);
      return;
    }
    const alone = left ?? right;
    if (alone !== undefined)
      this.#flow.addPhrase(this.#wordParty(event, alone, { visible: alone.name, paint: name }), GAP);
  }

  #wordParty(event: EventValues, { address, label }: PartyPlace, before: Words | undefined): Words[] {
    const phrase = before === undefined ? [] : [before];
    phrase.push({ visible: showAt(event, address), paint: this.#style.value });
    if (label !== undefined) phrase.push({ visible: showAt(event, label), paint: this.#style.label });
    return phrase;
  }

  /** From or to the address by the direction; what else a direction says is left to the details. */
  #drawArrow(event: EventValues, direction: Place | undefined): string {
    const way = direction === undefined ? '' : showAt(event, direction);
    const { left, right, unknown } = event.signs;
    this.forms.arrow = way === 'in' || way === 'out' ? FORM.exact : FORM.none;
    if (this.forms.arrow === FORM.none) return unknown;
    return way === 'in' ? left : right;
  }

  /** A text, and behind it what is missing of its column. */
  #addInColumn(column: Column, shown: string, { isPlain }: EventValues, paint: Paint, gap: number): void {
    const width = isPlain ? shown.length : measureWidth(shown);
    this.#flow.addWords(shown, paint, gap);
    this.#flow.pad(this.#widths.grow(column, width) - width);
  }
}

const NOT_THERE = { start: 0, end: 0 };

/** Where in the event's text the value of that field is. */
export function findValue({ fields }: EventValues, { index }: Place): Pick<EventField, 'start' | 'end'> {
  return fields[index] ?? NOT_THERE;
}

/** The visible text of that field. */
export function showAt(event: EventValues, place: Place): string {
  const { start, end } = findValue(event, place);
  return place.field.kind === KIND.string ? showString(event, start, end) : event.text.slice(start, end);
}

function signDollars(figure: string): string {
  return figure.charCodeAt(0) === MINUS ? `-$${figure.slice(1)}` : `$${figure}`;
}
