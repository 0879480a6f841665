// The columns of pretty output. Only the width of the terminal decides where a column begins and how wide it is.
//
// A wide terminal has one line per event, a narrower one two or three, and the narrowest ones six. Every grid leaves
// room for the number of hidden fields on one of its lines.
import type { Signs } from '../signs.ts';
import { SHORT_HASH_COLUMNS } from './hashes.ts';

export const GAP = 2;
/** Columns for the number of hidden fields and the space before it: ` +99`. */
export const NOTE_COLUMNS = 4;
const MAX_HIDDEN = 99;

export const COLUMN = {
  time: 0,
  type: 1,
  chain: 2,
  dollars: 3,
  amount: 4,
  unit: 5,
  from: 6,
  arrow: 7,
  to: 8,
  hash: 9,
} as const;
export type Column = (typeof COLUMN)[keyof typeof COLUMN];

const TITLES = ['TIME', 'TYPE', 'CHAIN', 'USD', 'AMOUNT', '', 'FROM', '', 'TO', 'TX'];

interface PlacedColumn {
  readonly column: Column;
  readonly at: number;
  readonly width: number;
  readonly isRight: boolean;
}

export interface Grid {
  /** Columns of the terminal. Infinity without a terminal: then nothing is cut. */
  readonly columns: number;
  readonly lines: readonly (readonly PlacedColumn[])[];
  /** Where the first line of an event begins. */
  readonly margin: number;
  /** Where its other lines begin. */
  readonly indent: number;
  /** Undefined for a column that is not shown. */
  readonly byColumn: readonly (PlacedColumn | undefined)[];
}

interface GridFrame {
  /** Columns of the terminal; undefined without a terminal. */
  readonly columns: number | undefined;
  /** Columns of the time, or 0. */
  readonly timeWidth: number;
  /** Columns on the left for marks. */
  readonly margin: number;
  readonly signs: Signs;
}

/** A narrower terminal wraps the lines itself. */
const MIN_COLUMNS = 20;
const ONE_LINE_COLUMNS = 120;
/** The columns of one line without a terminal. */
const ENDLESS_COLUMNS = 200;
/** `large_transfer`, `ethereum` and 99,999,999.99 dollars fit. */
const WIDTHS = { type: 16, chain: 8, dollars: 14, amount: 12, unit: 5, party: 11 };
/** Columns grow up to these widths: the label `exchange_hot_wallet` fits after its address. */
const MAX_WIDTHS = { type: 24, chain: 12, dollars: 18, amount: 24, unit: 8, party: 31 };
/** The width of a shortened address, `0xcc…8a71`. */
const MIN_PARTY = 9;
type Widths = Record<keyof typeof WIDTHS, number>;

export function planGrid({ columns: given, timeWidth, margin, signs }: GridFrame): Grid {
  const columns = Math.max(given ?? ENDLESS_COLUMNS, MIN_COLUMNS);
  const time = timeWidth === 0 ? 0 : timeWidth + GAP;
  const left = margin + time;
  const arrow = Math.max(signs.right.length, signs.left.length);
  const hash = SHORT_HASH_COLUMNS + signs.ellipsis.length;
  const numbers = (w: Widths): number => w.dollars + GAP + w.amount + 1 + w.unit;
  const parties = (w: Widths): number => 2 * w.party + arrow + 2;
  const head = (w: Widths): number => left + w.type + GAP + w.chain;
  const tail = (w: Widths): number => parties(w) + GAP + hash;

  let rows: Column[][];
  let indent: number;
  let widths: Widths;
  if (columns >= ONE_LINE_COLUMNS) {
    rows = [[...HEAD, ...NUMBERS, ...TAIL]];
    indent = left;
    const need = (w: Widths): number => head(w) + GAP + numbers(w) + GAP + tail(w) + NOTE_COLUMNS;
    widths = grow(columns, ['party', 'party', 'amount', 'dollars', 'chain', 'type', 'unit'], need);
  } else if (head(WIDTHS) + GAP + numbers(WIDTHS) + NOTE_COLUMNS <= columns) {
    rows = [[...HEAD, ...NUMBERS], [...TAIL]];
    indent = left;
    const need = (w: Widths): number => head(w) + GAP + numbers(w) + NOTE_COLUMNS;
    const first = grow(columns, ['amount', 'amount', 'dollars', 'chain', 'type', 'unit'], need);
    widths = { ...first, party: growParties(columns - indent, tail) };
  } else if (tail({ ...WIDTHS, party: MIN_PARTY }) + margin <= columns) {
    rows = [[...HEAD], [...NUMBERS], [...TAIL]];
    const spare = columns - margin - tail(WIDTHS);
    indent = margin + Math.min(GAP, Math.max(0, spare));
    const type = Math.min(WIDTHS.type, columns - left - GAP - WIDTHS.chain - NOTE_COLUMNS);
    widths = {
      ...grow(columns - indent, ['amount', 'amount', 'dollars'], (w) => numbers(w)),
      type,
      party: growParties(columns - indent, tail),
    };
  } else {
    rows = [[COLUMN.time, COLUMN.type], [COLUMN.chain], [COLUMN.dollars], [COLUMN.amount, COLUMN.unit]];
    rows.push([COLUMN.from, COLUMN.arrow, COLUMN.to], [COLUMN.hash]);
    indent = margin;
    const party = Math.floor((columns - indent - arrow - 2) / 2);
    widths = { ...WIDTHS, type: Math.min(WIDTHS.type, columns - left), party };
  }
  return placeColumns(rows, { ...widths, time: timeWidth, arrow, hash }, { columns: given, indent, margin });
}

const HEAD = [COLUMN.time, COLUMN.type, COLUMN.chain];
const NUMBERS = [COLUMN.dollars, COLUMN.amount, COLUMN.unit];
const TAIL = [COLUMN.from, COLUMN.arrow, COLUMN.to, COLUMN.hash];

function grow(columns: number, order: readonly (keyof Widths)[], need: (widths: Widths) => number): Widths {
  const widths = { ...WIDTHS };
  // A wide time column or a margin may leave less than the usual width.
  while (need(widths) > columns && widths.type > 1) widths.type--;
  for (let hasGrown = true; hasGrown; ) {
    hasGrown = false;
    for (const name of order) {
      if (widths[name] >= MAX_WIDTHS[name]) continue;
      widths[name]++;
      if (need(widths) <= columns) hasGrown = true;
      else widths[name]--;
    }
  }
  return widths;
}

function growParties(columns: number, tail: (widths: Widths) => number): number {
  let party = 1;
  while (party < MAX_WIDTHS.party && tail({ ...WIDTHS, party: party + 1 }) <= columns) party++;
  return party;
}

function placeColumns(
  rows: readonly (readonly Column[])[],
  widths: Widths & { readonly time: number; readonly arrow: number; readonly hash: number },
  {
    columns = Number.POSITIVE_INFINITY,
    indent,
    margin,
  }: { columns: number | undefined; indent: number; margin: number },
): Grid {
  const widthOf = [widths.time, widths.type, widths.chain, widths.dollars, widths.amount, widths.unit];
  widthOf.push(widths.party, widths.arrow, widths.party, widths.hash);
  const byColumn: (PlacedColumn | undefined)[] = widthOf.map(() => undefined);
  const lines = rows.map((row, index) => {
    let at = index === 0 ? margin : indent;
    const line: PlacedColumn[] = [];
    for (const column of row) {
      const width = widthOf[column] as number;
      if (width === 0) continue;
      const isRight = column === COLUMN.dollars || column === COLUMN.amount;
      const placed = { column, at, width, isRight };
      line.push(placed);
      byColumn[column] = placed;
      // A unit follows its amount, and an arrow is between the parties.
      const isClose = column === COLUMN.amount || column === COLUMN.from || column === COLUMN.arrow;
      at += width + (isClose ? 1 : GAP);
    }
    return line;
  });
  return { columns, lines, margin, indent, byColumn };
}

export function listTitles({ lines }: Grid, signs: Signs): string[] {
  return lines.map((line) => {
    let text = '';
    for (const { column, at, width, isRight } of line) {
      const title = (column === COLUMN.arrow ? signs.right : (TITLES[column] ?? '')).slice(0, width);
      text = text.padEnd(at) + (isRight ? title.padStart(width) : title);
    }
    return text.trimEnd();
  });
}

/** `+7`; at most two digits, which every grid has room for. */
export function noteHidden(count: number): string {
  return count > MAX_HIDDEN ? `>${MAX_HIDDEN}` : `+${count}`;
}
