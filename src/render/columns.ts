// Rows in aligned columns under a header, which is repeated when the window is resized.
//
// Only the names of the fields and the width of the terminal decide where a column is. A text that is too wide is cut.
// A number that is too wide moves the next cells to the right.

import type { Paint } from './paint.ts';
import { findRole, ROLE, type Role } from './pretty/event-plan.ts';
import { isHashLike, SHORT_HASH_COLUMNS, shortenMiddle } from './pretty/hashes.ts';
import { dropCutNumber } from './pretty/numbers.ts';
import { SIGNS, type Signs } from './signs.ts';
import { cutText, makeSpaces, measureWidth } from './text-width.ts';

export interface FieldCell {
  /** With invisible characters escaped. */
  readonly text: string;
  /** A number is shown in full, at the right of its column. */
  readonly isNumber: boolean;
  /** Several values, or JSON. A number inside is shown in full or left out. */
  readonly isComposite?: boolean;
}

interface ColumnsOptions {
  readonly fields: readonly { readonly title: string; readonly name: string }[];
  readonly header: Paint;
  readonly signs?: Signs | undefined;
  /** Columns of the terminal, or undefined if nothing is to be cut. */
  width(): number | undefined;
}

interface Columns {
  /** The header comes first in the first call, and in the first call after a resize. */
  render(rows: readonly (readonly FieldCell[])[]): string;
}

interface Span {
  readonly at: number;
  readonly width: number;
  /** The width to which a text is cut; in the last column, the rest of the line. */
  readonly limit: number;
}

const EMPTY: FieldCell = { text: '', isNumber: false };
const GAP = 2;
/** A narrower column is unreadable. */
const MIN_WIDTH = 6;
/** In a wider column of texts, numbers end at this width, to stay close to the column on their left. */
const MAX_NUMBER_WIDTH = 20;

const WIDTHS: Readonly<Partial<Record<Role, readonly [least: number, most: number]>>> = {
  [ROLE.type]: [16, 24],
  [ROLE.chain]: [8, 12],
  [ROLE.dollars]: [14, 20],
  [ROLE.amount]: [12, 24],
  [ROLE.raw]: [12, 32],
  [ROLE.unit]: [5, 8],
  [ROLE.direction]: [5, 9],
  [ROLE.from]: [SHORT_HASH_COLUMNS + 1, 44],
  [ROLE.to]: [SHORT_HASH_COLUMNS + 1, 44],
  [ROLE.address]: [SHORT_HASH_COLUMNS + 1, 44],
  [ROLE.counterparty]: [SHORT_HASH_COLUMNS + 1, 44],
  [ROLE.hash]: [SHORT_HASH_COLUMNS + 1, 66],
};
const OTHER_WIDTHS = [8, 24] as const;
const NUMBERS: ReadonlySet<Role> = new Set([ROLE.dollars, ROLE.amount, ROLE.raw]);

export function createColumns({ fields, header, signs = SIGNS, width }: ColumnsOptions): Columns {
  const roles = fields.map(({ name }) => findRole(name));
  const titles = fields.map(({ title }) => title);
  let shownFor: { readonly columns: number | undefined; readonly spans: readonly Span[] } | undefined;
  const joinRow = (row: readonly FieldCell[], spans: readonly Span[]): string => {
    const last = row.findLastIndex(({ text }) => text !== '');
    let line = '';
    let used = 0;
    for (const [i, span] of spans.slice(0, last + 1).entries()) {
      const cell = row[i] ?? EMPTY;
      const shown = cutCell(cell, span.limit, signs);
      const own = measureWidth(shown);
      const isForNumbers = NUMBERS.has(roles[i] ?? ROLE.other);
      const end = span.at + (isForNumbers ? span.width : Math.min(span.width, MAX_NUMBER_WIDTH));
      const start = Math.max(i === 0 ? 0 : used + GAP, cell.isNumber ? end - own : span.at);
      line += makeSpaces(start - used) + shown;
      used = start + own;
    }
    return line;
  };
  return {
    render(rows) {
      const columns = width();
      const isNew = shownFor === undefined || shownFor.columns !== columns;
      if (isNew) shownFor = { columns, spans: planSpans(titles, roles, columns) };
      const spans = shownFor?.spans ?? [];
      const lines = rows.map((row) => `${joinRow(row, spans)}\n`).join('');
      if (!isNew) return lines;
      // A title is aligned like its values.
      const cells = titles.map((title, i) => {
        const isNumber = NUMBERS.has(roles[i] ?? ROLE.other) || rows[0]?.[i]?.isNumber === true;
        return { text: cutText(title, spans[i]?.width ?? 0, signs.ellipsis), isNumber };
      });
      return `${header.open}${joinRow(cells, spans)}${header.close}\n${lines}`;
    },
  };
}

function planSpans(
  titles: readonly string[],
  roles: readonly Role[],
  columns: number | undefined,
): readonly Span[] {
  const bounds = roles.map((role, i) => {
    const [least, most] = WIDTHS[role] ?? OTHER_WIDTHS;
    return { least: Math.max(least, Math.min(measureWidth(titles[i] ?? ''), most)), most };
  });
  const widths = bounds.map(({ least, most }) => (columns === undefined ? most : least));
  if (columns !== undefined) fitWidths(widths, bounds, columns - GAP * (widths.length - 1));
  let at = 0;
  return widths.map((width, i) => {
    const isLast = i === widths.length - 1;
    const limit =
      columns === undefined ? Number.POSITIVE_INFINITY : isLast ? Math.max(width, columns - at) : width;
    const span = { at, width, limit };
    at += width + GAP;
    return span;
  });
}

/** Widens the columns in turn as long as there is room, or makes the widest ones narrower. */
function fitWidths(widths: number[], bounds: readonly { readonly most: number }[], room: number): void {
  let spare = room - widths.reduce((sum, width) => sum + width, 0);
  for (let hasGrown = true; hasGrown && spare > 0; ) {
    hasGrown = false;
    for (const [i, width] of widths.entries()) {
      if (spare === 0 || width >= (bounds[i]?.most ?? 0)) continue;
      widths[i] = width + 1;
      spare -= 1;
      hasGrown = true;
    }
  }
  for (; spare < 0; spare++) {
    const widest = Math.max(...widths);
    if (widest <= MIN_WIDTH) return;
    widths[widths.indexOf(widest)] = widest - 1;
  }
}

function cutCell(
  { text, isNumber, isComposite = false }: FieldCell,
  limit: number,
  { ellipsis }: Signs,
): string {
  if (isNumber || measureWidth(text) <= limit) return text;
  if (isHashLike(text) && limit >= SHORT_HASH_COLUMNS + ellipsis.length) return shortenMiddle(text, ellipsis);
  const cut = cutText(text, limit, ellipsis);
  return isComposite ? dropCutNumber(cut.slice(0, -ellipsis.length)) + ellipsis : cut;
}
