// Rows in aligned columns under a header, which is repeated when the window was resized. Columns grow with their values;
// if the terminal is too narrow, the widest are cut first. Numbers are shown in full and end in one column.
import type { Paint } from './paint.ts';
import { isHashLike, SHORT_HASH_COLUMNS, shortenMiddle } from './pretty/hashes.ts';
import { dropCutNumber } from './pretty/numbers.ts';
import { SIGNS, type Signs } from './signs.ts';
import { cutText, makeSpaces, measureWidth } from './text-width.ts';

export interface Cell {
  /** Visible. */
  readonly text: string;
  /** A number: shown in full, at the right of its column. */
  readonly isNumber: boolean;
  /** Several values, or JSON: a number inside is shown in full or left out. */
  readonly isComposite?: boolean;
}

interface ColumnsOptions {
  readonly names: readonly string[];
  readonly header: Paint;
  readonly signs?: Signs | undefined;
  /** Columns of the terminal, or undefined if nothing is to be cut. */
  width(): number | undefined;
}

interface Columns {
  /** The rows as lines, after the header where one is due. */
  render(rows: readonly (readonly Cell[])[]): string;
}

/** The widest cell of a column, and the widest of its numbers. */
interface Widths {
  readonly widest: number;
  readonly numbers: number;
}

const NO_WIDTHS: Widths = { widest: 0, numbers: 0 };
const EMPTY: Cell = { text: '', isNumber: false };
/** Spaces between columns. */
const GAP = 2;
/** A narrower column is unreadable. */
const MIN_WIDTH = 6;

export function createColumns({ names, header, signs = SIGNS, width }: ColumnsOptions): Columns {
  const widths = names.map((name) => ({ widest: measureWidth(name), numbers: 0 }));
  /** The width for which the header was shown. */
  let shownFor: { readonly columns: number | undefined } | undefined;
  const joinRow = (row: readonly Cell[], limit: number): string => {
    const last = row.findLastIndex(({ text }) => text !== '');
    let line = '';
    for (let i = 0; i <= last; i++) {
      const { widest, numbers } = widths[i] ?? NO_WIDTHS;
      const { isNumber } = row[i] ?? EMPTY;
      const shown = cutCell(row[i] ?? EMPTY, limit, signs);
      const missing = Math.max(numbers, Math.min(widest, limit)) - measureWidth(shown);
      const padding = makeSpaces(missing);
      line += isNumber ? padding + shown : i === last ? shown : shown + padding;
      if (i < last) line += makeSpaces(GAP);
    }
    return line;
  };
  return {
    render(rows) {
      for (const row of rows) {
        for (const [i, { text, isNumber }] of row.entries()) {
          const known = widths[i] ?? NO_WIDTHS;
          const own = measureWidth(text);
          widths[i] = {
            widest: Math.max(known.widest, own),
            numbers: isNumber ? Math.max(known.numbers, own) : known.numbers,
          };
        }
      }
      const columns = width();
      const limit = findLimit(widths, columns);
      const lines = rows.map((row) => `${joinRow(row, limit)}\n`).join('');
      if (shownFor !== undefined && shownFor.columns === columns) return lines;
      shownFor = { columns };
      // A title is above its values.
      const titles = names.map((name, i) => {
        const { widest, numbers } = widths[i] ?? NO_WIDTHS;
        const text = cutText(name, Math.max(numbers, Math.min(widest, limit)), signs.ellipsis);
        return { text, isNumber: rows[0]?.[i]?.isNumber === true };
      });
      return `${header.open}${joinRow(titles, limit)}${header.close}\n${lines}`;
    },
  };
}

/** The largest width of texts with which all columns fit, or MIN_WIDTH. */
function findLimit(widths: readonly Widths[], columns: number | undefined): number {
  if (columns === undefined) return Number.POSITIVE_INFINITY;
  const room = columns - GAP * (widths.length - 1);
  const needs = (limit: number): number =>
    widths.reduce((sum, { widest, numbers }) => sum + Math.max(numbers, Math.min(widest, limit)), 0);
  let limit = columns;
  while (limit > MIN_WIDTH && needs(limit) > room) limit--;
  return limit;
}

function cutCell({ text, isNumber, isComposite = false }: Cell, limit: number, { ellipsis }: Signs): string {
  if (isNumber || measureWidth(text) <= limit) return text;
  if (isHashLike(text) && limit >= SHORT_HASH_COLUMNS + ellipsis.length) return shortenMiddle(text, ellipsis);
  const cut = cutText(text, limit, ellipsis);
  return isComposite ? dropCutNumber(cut.slice(0, -ellipsis.length)) + ellipsis : cut;
}
