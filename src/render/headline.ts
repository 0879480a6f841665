// What matters of an event, first: chain, amount with its unit, dollars, who to whom. What neighbours share
// stands in columns that grow with what comes, within bounds.
import type { EventPlan, PartyPair, PartyPlace, Place } from './event-plan.ts';
import { KIND } from './field-reader.ts';
import { groupDigits, isFigure } from './figures.ts';
import type { Flow, Words } from './flow.ts';
import type { Paint, Style } from './paint.ts';
import { measureWidth } from './text-width.ts';
import { showString, type ValueView } from './values.ts';

/** A column does not grow beyond this; what is wider pushes what follows aside. */
const MAX_WIDTHS = { type: 20, chain: 12, amount: 24, unit: 6, dollars: 16 };
type Column = keyof typeof MAX_WIDTHS;

const MINUS = 0x2d;
/** Between things, and between the words of one thing. */
const GAP = 2;
const SPACE = 1;

/** The values of one event. */
export interface EventValues extends ValueView {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Adds headlines to a flow, one after the other. */
export class Headline {
  /** On a narrow terminal columns of figures would only push the rest to the next line. */
  alignsFigures = true;
  /** Whether the last headline showed the very text of these, so that the details need not. */
  readonly isExact = { amount: false, dollars: false, arrow: false };
  readonly #style: Style;
  readonly #flow: Flow;
  readonly #widths = { type: 0, chain: 0, amount: 0, unit: 0, dollars: 0 };

  constructor(style: Style, flow: Flow) {
    this.#style = style;
    this.#flow = flow;
  }

  /** Leaves the column of types free, so that what follows stands where it does for others. */
  skipType(): void {
    this.#flow.pad(this.#widths.type);
  }

  add(plan: EventPlan, event: EventValues): void {
    const { type, chain, amount, unit, dollars, parties } = plan;
    if (type === undefined) {
      this.skipType();
    } else {
      const shown = showAt(event, type);
      this.#addInColumn('type', shown, event, this.#style.type(shown), SPACE);
    }
    if (chain !== undefined) this.#addInColumn('chain', showAt(event, chain), event, this.#style.value, GAP);
    const hasAmount = amount !== undefined && this.#addFigure('amount', event, amount);
    if (unit !== undefined) {
      const shown = showAt(event, unit);
      if (hasAmount && this.alignsFigures) this.#addInColumn('unit', shown, event, this.#style.value, SPACE);
      else this.#flow.addWords(shown, this.#style.value, hasAmount ? SPACE : GAP);
    }
    if (dollars !== undefined) this.#addFigure('dollars', event, dollars);
    for (const pair of parties) this.#addPair(event, pair);
  }

  /** Digits set apart; what is no figure is left to the details, and false. */
  #addFigure(column: 'amount' | 'dollars', event: EventValues, { index, field }: Place): boolean {
    const start = event.starts[index] ?? 0;
    const end = event.ends[index] ?? 0;
    const inset = field.kind === KIND.string ? 1 : 0;
    this.isExact[column] = false;
    if (inset === 1 && !isFigure(event.text.slice(start + 1, end - 1))) return false;
    const grouped = groupDigits(event.text, start + inset, end - inset);
    this.isExact[column] = grouped.length === end - start - 2 * inset;
    const shown = column === 'amount' ? grouped : signDollars(grouped);
    if (this.alignsFigures) this.#flow.pad(this.#grow(column, shown.length) - shown.length);
    this.#flow.addWords(shown, this.#style[column], GAP);
    return true;
  }

  /** Two parties with an arrow between them; one alone gets the name of its field. */
  #addPair(event: EventValues, { left, right, direction }: PartyPair): void {
    const { name, dim } = this.#style;
    if (left !== undefined && right !== undefined) {
      const arrow = direction === 'left to right' ? event.signs.right : this.#drawArrow(event, direction);
      this.#addParty(event, left, undefined, GAP);
      this.#addParty(event, right, { visible: arrow, paint: dim }, SPACE);
      return;
    }
    const alone = left ?? right;
    if (alone !== undefined) this.#addParty(event, alone, { visible: alone.name, paint: name }, GAP);
  }

  #addParty(
    event: EventValues,
    { address, label }: PartyPlace,
    before: Words | undefined,
    gap: number,
  ): void {
    const shown = showAt(event, address);
    if (!this.#flow.isBounded && before === undefined && label === undefined) {
      this.#flow.add(shown, this.#style.value, 0, gap);
      return;
    }
    const phrase = before === undefined ? [] : [before];
    phrase.push({ visible: shown, paint: this.#style.value });
    if (label !== undefined) phrase.push({ visible: showAt(event, label), paint: this.#style.label });
    this.#flow.addPhrase(phrase, gap);
  }

  /** From or to the address by the direction; what else a direction says is left to the details. */
  #drawArrow(event: EventValues, direction: Place | undefined): string {
    const way = direction === undefined ? '' : showAt(event, direction);
    this.isExact.arrow = way === 'in' || way === 'out';
    const { left, right, unknown } = event.signs;
    if (!this.isExact.arrow) return unknown;
    return way === 'in' ? left : right;
  }

  /** A text, and behind it what is missing of its column. */
  #addInColumn(column: Column, shown: string, { isPlain }: EventValues, paint: Paint, gap: number): void {
    const width = isPlain ? shown.length : measureWidth(shown);
    this.#flow.addWords(shown, paint, gap);
    this.#flow.pad(this.#grow(column, width) - width);
  }

  /** The width of a column that holds this one too, or `width` where that is beyond all columns. */
  #grow(column: Column, width: number): number {
    if (width > MAX_WIDTHS[column]) return width;
    if (width > this.#widths[column]) this.#widths[column] = width;
    return this.#widths[column];
  }
}

function showAt(event: EventValues, { index, field }: Place): string {
  const start = event.starts[index] ?? 0;
  const end = event.ends[index] ?? 0;
  return field.kind === KIND.string ? showString(event, start, end) : event.text.slice(start, end);
}

function signDollars(figure: string): string {
  return figure.charCodeAt(0) === MINUS ? `-$${figure.slice(1)}` : `$${figure}`;
}
