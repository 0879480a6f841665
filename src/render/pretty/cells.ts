// The texts of the columns of an event, each cut visibly to the width of its column.
import { NO_PAINT, type Paint, type Style } from '../paint.ts';
import { cutText, measureWidth } from '../text-width.ts';
import type { EventPlan, FieldRef, PartyPair } from './event-plan.ts';
import { KIND } from './event-reader.ts';
import { findPage, makeLink } from './explorers.ts';
import { COLUMN, type Column, type Grid } from './grid.ts';
import { isHashLike, shortenMiddle } from './hashes.ts';
import { fitNumber, groupDigits, isNumberText } from './numbers.ts';
import { type EventView, showField } from './values.ts';

export interface GridCell {
  /** Columns of the text; 0 for an empty cell. */
  width: number;
  /** With colors and links. */
  painted: string;
}

/** If less is left for a label, only the end of its address is shown. */
const MIN_LABEL_COLUMNS = 6;

export class Cells {
  readonly all: readonly GridCell[] = Object.values(COLUMN).map(() => ({ width: 0, painted: '' }));
  /** Whether a column cannot show its value because of the form of the value. The value of `arrow` is the direction. */
  readonly isUnshown = { amount: false, dollars: false, arrow: false };
  /** Number of labels that do not fit. */
  hiddenLabels = 0;
  readonly #style: Style;
  readonly #hasLinks: boolean;
  #grid: Grid | undefined;
  #chain = '';

  constructor(style: Style, hasLinks: boolean) {
    this.#style = style;
    this.#hasLinks = hasLinks;
  }

  read(plan: EventPlan, event: EventView, grid: Grid): void {
    this.clear(grid);
    const style = this.#style;
    const { type, chain, unit, hash } = plan;
    if (type !== undefined) {
      const shown = showField(event, type);
      this.#setText(COLUMN.type, shown, pickPaint(style.types, shown), event);
    }
    if (chain !== undefined) {
      this.#chain = showField(event, chain);
      this.#setText(COLUMN.chain, this.#chain, pickPaint(style.chains, this.#chain), event);
    }
    this.isUnshown.dollars = !this.#setNumber(COLUMN.dollars, plan.dollars, event, style.dollars);
    this.isUnshown.amount = !this.#setNumber(COLUMN.amount, plan.amount, event, NO_PAINT);
    if (unit !== undefined) this.#setText(COLUMN.unit, showField(event, unit), NO_PAINT, event);
    this.isUnshown.arrow = true;
    if (plan.pair !== undefined) this.#setPair(plan.pair, event);
    if (hash !== undefined) this.#setHash(hash, event);
  }

  setTime(time: string): void {
    const { open, close } = this.#style.time;
    this.#set(COLUMN.time, time.length, open + time + close);
  }

  clear(grid: Grid): void {
    this.#grid = grid;
    this.#chain = '';
    this.hiddenLabels = 0;
    for (const cell of this.all) {
      cell.width = 0;
      cell.painted = '';
    }
  }

  #link(kind: 'transaction' | 'address', value: string, shown: string): string {
    const url = this.#hasLinks ? findPage(this.#chain, kind, value) : undefined;
    return url === undefined ? shown : makeLink(shown, url);
  }

  /** Infinity if nothing is cut. */
  #widthOf(column: Column): number {
    const grid = this.#grid;
    if (grid === undefined || grid.columns === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return grid.byColumn[column]?.width ?? 0;
  }

  #set(column: Column, width: number, painted: string): void {
    const cell = this.all[column] as GridCell;
    cell.width = width;
    cell.painted = painted;
  }

  #setText(column: Column, visible: string, { open, close }: Paint, { isPlain, signs }: EventView): void {
    const width = this.#widthOf(column);
    const isFitting = isPlain && visible.length <= width;
    const shown = isFitting ? visible : cutText(visible, width, signs.ellipsis);
    this.#set(column, isFitting ? shown.length : measureWidth(shown), open + shown + close);
  }

  /** Returns false if the value is not a number. */
  #setNumber(column: Column, ref: FieldRef | undefined, event: EventView, { open, close }: Paint): boolean {
    if (ref === undefined) return true;
    const value = showField(event, ref);
    if (ref.field.kind === KIND.string && !isNumberText(value)) return false;
    const width = this.#widthOf(column);
    const sign = column === COLUMN.dollars ? '$' : '';
    const room = width - sign.length;
    const { ellipsis } = event.signs;
    const number = room === Number.POSITIVE_INFINITY ? groupDigits(value) : fitNumber(value, room, ellipsis);
    const shown = sign === '' ? number : number.startsWith('-') ? `-$${number.slice(1)}` : `$${number}`;
    this.#set(column, shown.length, open + shown + close);
    return true;
  }

  #setPair({ left, right, direction }: PartyPair, event: EventView): void {
    if (left !== undefined) this.#setParty(COLUMN.from, left.address, left.label, event);
    if (right !== undefined) this.#setParty(COLUMN.to, right.address, right.label, event);
    const arrow = this.#drawArrow(direction, event);
    if (arrow !== '') this.#set(COLUMN.arrow, measureWidth(arrow), arrow);
  }

  /** A direction other than `in` and `out` is listed with the other fields. */
  #drawArrow(direction: PartyPair['direction'], event: EventView): string {
    const { left, right, unknown } = event.signs;
    if (direction === 'left to right') return right;
    if (direction === undefined)
      return (this.all[COLUMN.from]?.width ?? 0) > 0 && (this.all[COLUMN.to]?.width ?? 0) > 0 ? unknown : '';
    const value = showField(event, direction);
    this.isUnshown.arrow = value !== 'in' && value !== 'out';
    if (this.isUnshown.arrow) return unknown;
    return value === 'in' ? left : right;
  }

  #setParty(column: Column, address: FieldRef, label: FieldRef | undefined, event: EventView): void {
    const width = this.#widthOf(column);
    const whole = showField(event, address);
    const name = label === undefined ? '' : showField(event, label);
    const nameWidth = name === '' ? 0 : measureWidth(name);
    const { ellipsis } = event.signs;
    const isHash = isCuttableHash(whole, width);
    let { shown, shownWidth } = fitIdentifier(whole, width, ellipsis);
    if (name !== '' && isHash && width - shownWidth - 1 < Math.min(MIN_LABEL_COLUMNS, nameWidth)) {
      const tail = shortenMiddle(whole, ellipsis, 0);
      if (width - tail.length - 1 >= Math.min(MIN_LABEL_COLUMNS, nameWidth)) {
        shown = tail;
        shownWidth = tail.length;
      }
    }
    const linked = this.#link('address', whole, shown);
    const room = width - shownWidth - 1;
    if (name === '' || room <= ellipsis.length) {
      if (name !== '') this.hiddenLabels++;
      this.#set(column, shownWidth, linked);
      return;
    }
    const cut = cutText(name, room, ellipsis);
    this.#set(column, shownWidth + 1 + measureWidth(cut), `${linked} ${cut}`);
  }

  #setHash(ref: FieldRef, event: EventView): void {
    const width = this.#widthOf(COLUMN.hash);
    const whole = showField(event, ref);
    const { shown, shownWidth } = fitIdentifier(whole, width, event.signs.ellipsis);
    this.#set(COLUMN.hash, shownWidth, this.#link('transaction', whole, shown));
  }
}

function isCuttableHash(text: string, width: number): boolean {
  return width !== Number.POSITIVE_INFINITY && isHashLike(text);
}

function fitIdentifier(text: string, width: number, ellipsis: string): { shown: string; shownWidth: number } {
  if (isCuttableHash(text, width)) {
    const shown = shortenMiddle(text, ellipsis, width);
    // Hash characters and the ellipsis are narrow.
    return { shown, shownWidth: shown.length };
  }
  const shown = cutText(text, width, ellipsis);
  return { shown, shownWidth: measureWidth(shown) };
}

/** Equal texts have the same paint, chosen by an FNV-1a hash. */
export function pickPaint(paints: readonly Paint[], text: string): Paint {
  if (paints.length === 1) return paints[0] as Paint;
  let hash = 0x811c9dc5;
  for (let at = Math.min(text.length, 24) - 1; at >= 0; at--)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return paints[(hash >>> 18) % paints.length] ?? NO_PAINT;
}
