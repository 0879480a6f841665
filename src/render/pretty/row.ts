// Lays out an event on the lines of the grid: its columns, and other fields as `name value` where there is room.
import type { Paint, Style } from '../paint.ts';
import { cutText, makeSpaces, measureWidth } from '../text-width.ts';
import type { Cells, GridCell } from './cells.ts';
import { COLUMN, GAP, type Grid, NOTE_COLUMNS, noteHidden } from './grid.ts';
import { isShortHash } from './hashes.ts';
import { dropCutNumber, fitNumber, isNumberText } from './numbers.ts';
import type { Pair } from './values.ts';

/** Values are not cut to fewer columns. */
const MIN_VALUE_COLUMNS = 8;
/** JSON or a list, in which a cut number would look like another number. */
const COMPOSITE = /^[[{"]/;

interface Line {
  text: string;
  width: number;
}

export class RowWriter {
  readonly #style: Style;
  readonly #ellipsis: string;
  readonly #grid: Grid;
  #lines: Line[] = [];
  #line: Line = { text: '', width: 0 };
  #pairs: readonly Pair[] = [];
  #next = 0;

  constructor(style: Style, ellipsis: string, grid: Grid) {
    this.#style = style;
    this.#ellipsis = ellipsis;
    this.#grid = grid;
  }

  /** @param hidden number of values that are neither in a column nor among the pairs */
  write(cells: Cells['all'], pairs: readonly Pair[], hidden: number): string[] {
    const grid = this.#grid;
    this.#lines = [];
    this.#pairs = pairs;
    this.#next = 0;
    const isBounded = grid.columns !== Number.POSITIVE_INFINITY;
    const hasParties = [COLUMN.from, COLUMN.arrow, COLUMN.to].some(
      (column) => (cells[column] as GridCell).width > 0,
    );
    for (const [i, columns] of grid.lines.entries()) {
      const isLast = i === grid.lines.length - 1;
      this.#line = { text: '', width: 0 };
      for (const { column, at, width, isRight } of columns) {
        const cell = cells[column] as GridCell;
        if (cell.width === 0) continue;
        // Without parties their columns are free.
        if (isBounded && column === COLUMN.hash && !hasParties) this.#fill(at - GAP, i, false);
        this.#put(cell.painted, cell.width, isRight ? at + width - cell.width : at);
      }
      this.#fill(isBounded ? grid.columns : Number.POSITIVE_INFINITY, i, isLast);
      if (this.#line.width > 0) this.#lines.push(this.#line);
    }
    const left = pairs.length - this.#next + hidden;
    if (left > 0) this.#addNote(noteHidden(left));
    return this.#lines.map(({ text }) => text);
  }

  /** Adds a text at a column, or after what is already there. */
  #put(painted: string, width: number, at: number): void {
    const line = this.#line;
    const start = line.width === 0 ? at : Math.max(at, line.width + 1);
    line.text += makeSpaces(start - line.width) + painted;
    line.width = start + width;
  }

  /**
   * Adds pairs up to column `limit`. A pair that does not fit goes to the next line; on the last line, or on a line
   * that is still empty, it is cut.
   */
  #fill(limit: number, lineIndex: number, isLast: boolean): void {
    for (; this.#next < this.#pairs.length; this.#next++) {
      const { name, value } = this.#pairs[this.#next] as Pair;
      const line = this.#line;
      const start =
        line.width === 0 ? (lineIndex === 0 ? this.#grid.margin : this.#grid.indent) : line.width + GAP;
      const isFinal = this.#next === this.#pairs.length - 1;
      const reserve = isLast && !isFinal ? NOTE_COLUMNS : 0;
      const room = limit - reserve - start;
      const nameWidth = name === '' ? 0 : measureWidth(name) + 1;
      const width = nameWidth + (limit === Number.POSITIVE_INFINITY ? value.length : measureWidth(value));
      if (width <= room) this.#put(this.#paintPair(name, value), width, start);
      else if (!(isLast || line.width === 0) || !this.#putPart(name, nameWidth, value, room, start)) return;
    }
  }

  /** Adds a pair whose value is cut; false if too little of the value would be left. */
  #putPart(name: string, nameWidth: number, value: string, columns: number, start: number): boolean {
    const room = columns - nameWidth;
    if (room < MIN_VALUE_COLUMNS || isShortHash(value)) return false;
    const shown = this.#cut(value, room);
    this.#put(this.#paintPair(name, shown), nameWidth + measureWidth(shown), start);
    return true;
  }

  #cut(value: string, room: number): string {
    if (isNumberText(value)) return fitNumber(value, room, this.#ellipsis);
    const cut = cutText(value, room, this.#ellipsis);
    if (!COMPOSITE.test(value)) return cut;
    return dropCutNumber(cut.slice(0, -this.#ellipsis.length)) + this.#ellipsis;
  }

  #paintPair(name: string, value: string): string {
    return name === '' ? value : `${paintText(this.#style.name, name)} ${value}`;
  }

  /** Adds the number of hidden values to the last line that has room for it. */
  #addNote(note: string): void {
    const fits = ({ width }: Line): boolean => width + 1 + note.length <= this.#grid.columns;
    const found = this.#lines.findLast(fits);
    this.#line = found ?? { text: '', width: 0 };
    const { width } = this.#line;
    const at =
      width === 0 ? this.#grid.indent : width + (width + GAP + note.length <= this.#grid.columns ? GAP : 1);
    this.#put(paintText(this.#style.note, note), note.length, at);
    if (found === undefined) this.#lines.push(this.#line);
  }
}

function paintText({ open, close }: Paint, text: string): string {
  return open + text + close;
}
