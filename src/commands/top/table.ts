// The table: which rows and columns are shown, and their layout at a width.

import type { Sort } from '../../flags/table-flags.ts';
import { escapeCommands } from '../../render/ci-commands.ts';
import { NO_PAINT, type Paint } from '../../render/paint.ts';
import { makeVisible } from '../../render/sanitize.ts';
import type { Signs } from '../../render/signs.ts';
import { cutText, measureWidth } from '../../render/text-width.ts';
import { groupThousands } from '../../ui/format.ts';
import { drawBars, formatRate } from '../../ui/rate.ts';
import { formatAmount, formatLagPercentile, formatRounded, formatShare } from './cells.ts';
import { compareDecimals, ZERO_DECIMAL } from './decimal.ts';
import type { Ranking } from './ranking.ts';
import { Row } from './row.ts';
import type { Timeline } from './timeline.ts';

export interface TableStyle {
  readonly header: Paint;
  readonly chart: Paint;
}

interface Selection {
  readonly rows: readonly Row[];
  /** All other rows as one; undefined if there are none. */
  readonly rest: Row | undefined;
}

interface TableOptions {
  /** Titles of the key columns. */
  readonly by: readonly string[];
  readonly sort: Sort;
  readonly isReversed: boolean;
  /** Columns of the terminal; with Infinity, nothing is left out or cut. */
  readonly columns: number;
  readonly signs: Signs;
  readonly style: TableStyle;
  readonly formatLast: (lastSeenMs: number) => string;
  /** False if there are no receive times. */
  readonly hasTimes: boolean;
  /** Widths of earlier tables, so that columns do not move; changed by each call. */
  readonly widths: Map<string, number>;
}

const TREND_BARS = 10;
const GAP = 2;
/** A narrower key column cannot be read. */
const MIN_KEY_WIDTH = 8;
const NO_VALUE = '(none)';
const REST = 'other';

const lagOf = (row: Row): number => row.readLag()?.p99 ?? Number.NEGATIVE_INFINITY;
const dollarsPerMinuteOf = (row: Row): number => row.series.dollarsPerMinute ?? 0;

/** The largest value first. */
const ORDERS: Readonly<Record<Sort, (rows: readonly Row[]) => Row[]>> = {
  events: (rows) => sortBy(rows, (row) => row.events),
  rate: (rows) => sortBy(rows, (row) => row.series.ratePerSecond ?? 0),
  usd: (rows) => sortBy(rows, dollarsPerMinuteOf),
  lag: (rows) => sortBy(rows, lagOf),
  largest: (rows) =>
    [...rows].sort((a, b) =>
      compareDecimals(b.largest?.dollars ?? ZERO_DECIMAL, a.largest?.dollars ?? ZERO_DECIMAL),
    ),
  last: (rows) => sortBy(rows, (row) => row.lastSeenMs),
};

function sortBy(rows: readonly Row[], measure: (row: Row) => number): Row[] {
  const measured = rows.map((row) => ({ row, value: measure(row) }));
  // Infinite values would subtract to NaN.
  measured.sort((a, b) => (a.value === b.value ? b.row.events - a.row.events : a.value < b.value ? 1 : -1));
  return measured.map(({ row }) => row);
}

/** The first `count` rows. The other rows, and events that have no row of their own, are added up in `rest`. */
export function selectRows(
  ranking: Ranking,
  timeline: Timeline,
  { sort, isReversed }: Pick<TableOptions, 'sort' | 'isReversed'>,
  count: number,
): Selection {
  const ordered = ORDERS[sort](ranking.rows);
  if (isReversed) ordered.reverse();
  const hidden = ordered.slice(count);
  if (hidden.length === 0 && ranking.other.events === 0) return { rows: ordered, rest: undefined };
  const rest = new Row(timeline);
  rest.absorb(ranking.other);
  for (const row of hidden) rest.absorb(row);
  return { rows: ordered.slice(0, count), rest };
}

interface TableColumn {
  readonly title: string;
  readonly sort?: Sort;
  /** Columns with a larger number are left out first. */
  readonly priority: number;
  readonly isLeft?: boolean;
  readonly minWidth?: number;
  readonly paint?: (style: TableStyle) => Paint;
  /** The column shows times, or values that are computed from times. */
  readonly needsTimes?: boolean;
  /** False if the stream has no values for this column. */
  isUseful?(total: Row): boolean;
  show(row: Row, total: Row, options: TableOptions): string;
}

/** Maximum length of an amount on a terminal; a file has every digit. */
const MAX_AMOUNT_LENGTH = 22;
const maxAmountLength = ({ columns }: TableOptions): number =>
  Number.isFinite(columns) ? MAX_AMOUNT_LENGTH : columns;

const hasAmounts = ({ amounts }: Row): boolean => amounts > 0;
const hasLag = (total: Row): boolean => total.readLag() !== undefined;

function showLag(row: Row, percentile: 'p50' | 'p99'): string {
  const lag = row.readLag();
  return lag === undefined ? '' : formatLagPercentile(lag[percentile]);
}

/** From left to right. */
const COLUMNS: readonly TableColumn[] = [
  {
    title: 'EVENTS',
    sort: 'events',
    priority: 0,
    // More may have come before the row was created.
    show: ({ events, missing }) => groupThousands(events) + (missing > 0 ? '+' : ''),
  },
  {
    title: 'RATE/S',
    sort: 'rate',
    priority: 1,
    needsTimes: true,
    show: ({ series }) => formatRate(series.ratePerSecond),
  },
  {
    title: 'TREND',
    priority: 6,
    needsTimes: true,
    isLeft: true,
    minWidth: TREND_BARS,
    paint: ({ chart }) => chart,
    show: ({ series }, _total, { signs }) => drawBars(series.readTrend(TREND_BARS), signs.bars),
  },
  {
    title: 'USD/MIN',
    sort: 'usd',
    priority: 2,
    needsTimes: true,
    isUseful: hasAmounts,
    show({ amounts, series }) {
      const { dollarsPerMinute } = series;
      return amounts === 0 || dollarsPerMinute === undefined ? '' : formatRounded(dollarsPerMinute);
    },
  },
  {
    title: 'SHARE',
    priority: 3,
    show: ({ events }, total) => formatShare(events / Math.max(1, total.events)),
  },
  {
    title: 'LAG 50%',
    priority: 5,
    isUseful: hasLag,
    show: (row) => showLag(row, 'p50'),
  },
  {
    title: 'LAG 99%',
    sort: 'lag',
    priority: 5,
    isUseful: hasLag,
    show: (row) => showLag(row, 'p99'),
  },
  {
    title: 'LARGEST USD',
    sort: 'largest',
    priority: 7,
    isUseful: hasAmounts,
    show: ({ largest }, _total, options) =>
      largest === undefined ? '' : formatAmount(largest.dollars, maxAmountLength(options)),
  },
  {
    title: 'TOTAL USD',
    priority: 8,
    isUseful: hasAmounts,
    show: ({ amounts, dollars }, _total, options) =>
      amounts === 0 ? '' : formatAmount(dollars, maxAmountLength(options)),
  },
  {
    title: 'LAST',
    sort: 'last',
    priority: 4,
    needsTimes: true,
    show: ({ lastSeenMs }, _total, { formatLast }) => formatLast(lastSeenMs),
  },
];

export function layoutTable({ rows, rest }: Selection, total: Row, options: TableOptions): string[] {
  const { by, columns, signs, sort, isReversed, style, widths, hasTimes } = options;
  const all = rest === undefined ? rows : [...rows, rest];
  const grow = (title: string, texts: readonly string[], measure: (text: string) => number): number => {
    const width = texts.reduce((most, text) => Math.max(most, measure(text)), widths.get(title) ?? 0);
    widths.set(title, width);
    return width;
  };
  const titleOf = (column: TableColumn): string =>
    column.sort === sort ? `${isReversed ? '<' : '>'}${column.title}` : column.title;
  const known = COLUMNS.filter(
    ({ isUseful, needsTimes }) => (hasTimes || needsTimes !== true) && isUseful?.(total) !== false,
  );
  const shown = known.map((column) => {
    const texts = all.map((row) => column.show(row, total, options));
    // With room for the sort marker.
    const room = ' '.repeat(column.minWidth ?? column.title.length + 1);
    return { column, texts, title: titleOf(column), width: grow(column.title, [room, ...texts], lengthOf) };
  });
  const keys = by.map((title, at) => {
    const show = (row: Row): string =>
      row === rest ? (at === 0 ? REST : '') : display(row.key[at] ?? NO_VALUE);
    const texts = all.map(show);
    const shownTitle = display(title).toUpperCase();
    return { title: shownTitle, texts, width: grow(`key ${at}`, [shownTitle, ...texts], measureWidth) };
  });
  const minKeyWidths = keys.map(({ width }) => Math.min(width, MIN_KEY_WIDTH));
  const fitting = pickColumns(shown, columns - sumOf(minKeyWidths) - GAP * (keys.length - 1));
  const room = columns - sumOf(fitting.map(({ width }) => width + GAP)) - GAP * (keys.length - 1);
  const keyWidths = shareRoom(
    keys.map(({ width }) => width),
    room,
  );
  const line = (at: number | 'title'): string => {
    const cells = keys.map(({ title, texts }, key) => {
      const width = keyWidths[key] ?? 0;
      return padEnd(cutText(at === 'title' ? title : (texts[at] ?? ''), width, signs.ellipsis), width);
    });
    for (const { column, texts, title, width } of fitting) {
      const text = at === 'title' ? title : (texts[at] ?? '');
      const { open, close } = (at === 'title' ? undefined : column.paint?.(style)) ?? NO_PAINT;
      const padding = ' '.repeat(Math.max(0, width - lengthOf(text)));
      cells.push(column.isLeft === true ? open + text + close + padding : padding + open + text + close);
    }
    return cells.join(' '.repeat(GAP));
  };
  const { open, close } = style.header;
  return [`${open}${line('title').trimEnd()}${close}`, ...all.map((_row, at) => line(at).trimEnd())];
}

/** The width of figures and bars, whose characters take one column each. `measureWidth` would be too slow. */
const lengthOf = (text: string): number => text.length;

/** Untrusted text: visible, and not a command of a CI system even at the beginning of a line. */
const display = (text: string): string => escapeCommands(makeVisible(text));

/** The most important columns that fit, in the order of COLUMNS. */
function pickColumns<T extends { readonly column: TableColumn; readonly width: number }>(
  shown: readonly T[],
  room: number,
): T[] {
  const picked = new Set<T>();
  let left = room;
  for (const one of [...shown].sort((a, b) => a.column.priority - b.column.priority)) {
    if (one.width + GAP > left) break;
    left -= one.width + GAP;
    picked.add(one);
  }
  return shown.filter((one) => picked.has(one));
}

/** Widths that fit into the room: the widest are reduced first. */
function shareRoom(wanted: readonly number[], room: number): number[] {
  let limit = Math.max(1, ...wanted);
  const total = (): number => sumOf(wanted.map((width) => Math.min(width, limit)));
  while (limit > 1 && total() > room) limit--;
  return wanted.map((width) => Math.min(width, limit));
}

const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - measureWidth(text)));

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
