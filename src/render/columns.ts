// Rows in aligned columns under a header. Columns grow with their values; if the terminal is too narrow, the widest are
// cut first.

import type { Paint } from './paint.ts';
import { dropCutNumber } from './pretty/numbers.ts';
import { isHashLike, shortenMiddle } from './pretty/values.ts';
import { SIGNS, type Signs } from './signs.ts';
import { measureWidth, splitByWidth } from './text-width.ts';

export interface Cell {
  /** Visible. */
  readonly text: string;
  /** False for numbers, which are shown in full. */
  readonly mayBeCut: boolean;
  /** Several values, or JSON: a number inside is shown in full or left out. */
  readonly isComposite?: boolean;
}

export interface ColumnsOptions {
  readonly names: readonly string[];
  readonly header: Paint;
  readonly signs?: Signs | undefined;
  /** Columns of the terminal, or undefined if nothing is to be cut. */
  width(): number | undefined;
}

interface Columns {
  /** The rows as lines; the first call adds the header. */
  render(rows: readonly (readonly Cell[])[]): string;
}

/** The widest cell of a column, and the widest of those that may not be cut. */
interface Widths {
  readonly widest: number;
  readonly uncut: number;
}

const NO_WIDTHS: Widths = { widest: 0, uncut: 0 };
const EMPTY: Cell = { text: '', mayBeCut: false };
/** Spaces between columns. */
const GAP = 2;
/** `0x`, the first four characters and the last four. */
const SHOWN_OF_HASH = 10;
/** A narrower column is unreadable. */
const MIN_WIDTH = 6;

export function createColumns({ names, header, signs = SIGNS, width }: ColumnsOptions): Columns {
  const widths = names.map((name) => ({ widest: measureWidth(name), uncut: 0 }));
  let hasHeader = false;
  const joinRow = (row: readonly Cell[], limit: number): string => {
    const last = row.findLastIndex(({ text }) => text !== '');
    let line = '';
    for (let i = 0; i <= last; i++) {
      const { widest, uncut } = widths[i] ?? NO_WIDTHS;
      const shown = cutCell(row[i] ?? EMPTY, limit, signs);
      const missing = Math.max(uncut, Math.min(widest, limit)) - measureWidth(shown);
      line += i === last ? shown : shown + ' '.repeat(GAP + Math.max(0, missing));
    }
    return line;
  };
  return {
    render(rows) {
      for (const row of rows) {
        for (const [i, { text, mayBeCut }] of row.entries()) {
          const known = widths[i] ?? NO_WIDTHS;
          const own = measureWidth(text);
          widths[i] = {
            widest: Math.max(known.widest, own),
            uncut: mayBeCut ? known.uncut : Math.max(known.uncut, own),
          };
        }
      }
      const limit = findLimit(widths, width());
      const lines = rows.map((row) => `${joinRow(row, limit)}\n`).join('');
      if (hasHeader) return lines;
      hasHeader = true;
      const title = names.map((text) => ({ text, mayBeCut: true }));
      return `${header.open}${joinRow(title, limit)}${header.close}\n${lines}`;
    },
  };
}

/** The largest width of cells that may be cut with which all columns fit, or MIN_WIDTH. */
function findLimit(widths: readonly Widths[], columns: number | undefined): number {
  if (columns === undefined) return Number.POSITIVE_INFINITY;
  const room = columns - GAP * (widths.length - 1);
  const needs = (limit: number): number =>
    widths.reduce((sum, { widest, uncut }) => sum + Math.max(uncut, Math.min(widest, limit)), 0);
  let limit = columns;
  while (limit > MIN_WIDTH && needs(limit) > room) limit--;
  return limit;
}

function cutCell({ text, mayBeCut, isComposite = false }: Cell, limit: number, { ellipsis }: Signs): string {
  if (!mayBeCut || measureWidth(text) <= limit) return text;
  if (isHashLike(text, 0, text.length) && limit >= SHOWN_OF_HASH + ellipsis.length)
    return shortenMiddle(text, 0, text.length, ellipsis);
  const [kept = ''] = splitByWidth(text.slice(0, 4 * limit), limit - ellipsis.length);
  return (isComposite ? dropCutNumber(kept) : kept) + ellipsis;
}
