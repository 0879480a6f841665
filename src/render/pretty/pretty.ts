// `--format pretty`, events for people (contract O2): a table, or with --wide a card for each event.
//
// The columns of the table depend only on the width of the terminal.
import { type Batch, flagsOf, startOf } from '../../events/batch.ts';
import { copyText, decodeText, MESSAGE } from '../../events/message-text.ts';
import { OPEN_ARRAY } from '../../events/scan-constants.ts';
import { escapeCommands, mayHaveCommand } from '../ci-commands.ts';
import type { Style } from '../paint.ts';
import type { Renderer } from '../renderer.ts';
import { SIGNS, type Signs } from '../signs.ts';
import { makeSpaces } from '../text-width.ts';
import { makeCard, writeCard } from './card.ts';
import { Cells } from './cells.ts';
import { type EventPlan, type FieldRef, planEvent, WEIGHT } from './event-plan.ts';
import { type EventFields, findToken, findValueEnd, nameFields, readFields } from './event-reader.ts';
import { type Grid, listTitles, planGrid } from './grid.ts';
import { isSameNumber } from './numbers.ts';
import { createReceiveTimes, type ReceiveTimes, type TimeMode, timeColumns } from './receive-time.ts';
import { RowWriter } from './row.ts';
import {
  type EventView,
  listNested,
  listPairs,
  type NestedBounds,
  type Pair,
  showField,
  showSource,
} from './values.ts';

export interface PrettyOptions {
  readonly style: Style;
  readonly signs?: Signs;
  readonly time: TimeMode;
  /** A card for each event, with every value in full. */
  readonly isWide: boolean;
  /** Links to block explorers. */
  readonly hasLinks?: boolean;
  /** Which events of a batch are marked. */
  readonly highlight?: ((batch: Batch, count: number) => readonly boolean[]) | undefined;
  /** The terminal rings for a marked event. */
  readonly hasBell?: boolean;
  /** No date line is printed for the day of this time. Default: the receive time of the first event. */
  readonly startMs?: number;
  /** Columns of the terminal; undefined: every event is one line, and nothing is cut. */
  columns(): number | undefined;
}

/** Limits of the cache of plans, since the server chooses the names. */
const MAX_PLANS = 200;
const MAX_LAYOUT_LENGTH = 4_000;
/** For an event that is not an object. */
const NO_FIELDS: EventFields = { fields: [], layout: '', isCut: false };
const NARROW: NestedBounds = { depth: 4, pairs: 60, scalars: 20, containers: 3, pathLength: 60 };
const WIDE: NestedBounds = {
  depth: 32,
  pairs: 10_000,
  scalars: 10_000,
  containers: 10_000,
  pathLength: 4_000,
};
const BELL = '\x07';
const BELL_INTERVAL_MS = 1_000;

export function createPrettyRenderer(options: PrettyOptions): Renderer {
  const painter = new PrettyPainter(options);
  return {
    renderEvents(batch: Batch, count: number): Buffer {
      // Encoded one by one, since V8 keeps a concatenated string as a tree of all its pieces.
      const lines = [Buffer.from(painter.begin(batch))];
      const marks = options.highlight?.(batch, count);
      for (let i = 0; i < count; i += 1)
        lines.push(Buffer.from(painter.paint(batch, i, marks?.[i] === true)));
      return Buffer.concat(lines);
    },
  };
}

class PrettyPainter {
  readonly #options: PrettyOptions;
  readonly #style: Style;
  readonly #signs: Signs;
  readonly #margin: number;
  readonly #cells: Cells;
  #times: ReceiveTimes | undefined;
  #row: RowWriter | undefined;
  #grid: Grid | undefined;
  #rangAtMs = Number.NEGATIVE_INFINITY;
  readonly #plansByLayout = new Map<string, EventPlan>();

  constructor(options: PrettyOptions) {
    this.#options = options;
    this.#style = options.style;
    this.#signs = options.signs ?? SIGNS;
    this.#margin = options.highlight === undefined ? 0 : this.#signs.mark.length + 1;
    this.#cells = new Cells(options.style, options.hasLinks === true);
  }

  /** The header after a change of the width, and the date of a new day. */
  begin({ receivedAtMs }: Batch): string {
    const { time, isWide, startMs = receivedAtMs } = this.#options;
    this.#times ??= createReceiveTimes(time, startMs);
    const columns = this.#options.columns();
    const lines: string[] = [];
    if (this.#grid?.columns !== (columns ?? Number.POSITIVE_INFINITY)) {
      const timeWidth = timeColumns(time, columns === undefined);
      this.#grid = planGrid({ columns, timeWidth, margin: this.#margin, signs: this.#signs });
      this.#row = new RowWriter(this.#style, this.#signs.ellipsis, this.#grid);
      lines.push(...listTitles(this.#grid, this.#signs).map((title) => this.#paintTitle(title)));
    }
    if (columns === undefined || isWide) return '';
    const day = this.#times.noteDay(receivedAtMs);
    if (day !== undefined) lines.push(this.#paintTitle(makeSpaces(this.#margin) + day));
    return lines.map((line) => `${line}\n`).join('');
  }

  #paintTitle(title: string): string {
    const { open, close } = this.#style.header;
    return open + title + close;
  }

  paint(batch: Batch, index: number, isMarked: boolean): string {
    const lines = this.#listLines(batch, index);
    const text = `${(isMarked ? lines.map((line, i) => this.#mark(line, i === 0)) : lines).join('\n')}\n`;
    // A last guard: values were already escaped before they were measured.
    const safe = escapeCommands(text);
    return isMarked ? this.#ring(batch.receivedAtMs) + safe : safe;
  }

  /** A marked line begins with a sign, since color never carries meaning alone. */
  #mark(line: string, isFirst: boolean): string {
    const { open, close } = this.#style.mark;
    const { mark } = this.#signs;
    const margin = makeSpaces(this.#margin);
    const bare = line.startsWith(margin) ? line.slice(margin.length) : line;
    return `${open}${isFirst ? mark : makeSpaces(mark.length)} ${bare}${close}`;
  }

  #ring(atMs: number): string {
    const { hasBell = false } = this.#options;
    if (!hasBell || Math.abs(atMs - this.#rangAtMs) < BELL_INTERVAL_MS) return '';
    this.#rangAtMs = atMs;
    return BELL;
  }

  #listLines(batch: Batch, index: number): string[] {
    const flags = flagsOf(batch, index);
    const start = startOf(batch, index);
    const end = batch.ends[index] as number;
    const text = decodeText(batch.bytes, flags, start, end);
    const grid = this.#grid as Grid;
    const { isWide, hasLinks = false } = this.#options;
    const isFull = isWide || grid.columns === Number.POSITIVE_INFINITY;
    const bounds = isFull ? WIDE : NARROW;
    const { depth, pairs } = bounds;
    const { fields, layout, isCut } = readFields(text, { depth, fields: pairs }) ?? NO_FIELDS;
    const isPlain = flags === MESSAGE.clean && text.length === end - start && !text.includes('\\');
    const event: EventView = {
      text,
      isPlain,
      mayHaveCommand: mayHaveCommand(text),
      isFull,
      signs: this.#signs,
      fields,
    };
    const plan = fields.length === 0 ? undefined : this.#findPlan(fields, layout, bounds);
    const { receivedAtMs } = batch;
    const times = this.#times as ReceiveTimes;
    if (isWide) {
      const time = times.formatWhole(receivedAtMs);
      const card =
        plan === undefined
          ? { title: time, pairs: listBareValue(event, bounds), isCut }
          : makeCard(plan, event, time, isCut, { style: this.#style, bounds, hasLinks });
      const room = grid.columns - this.#margin;
      const lines = writeCard(card, room, this.#style, event);
      return this.#margin === 0 ? lines : lines.map((line) => makeSpaces(this.#margin) + line);
    }
    const cells = this.#cells;
    if (plan === undefined) cells.clear(grid);
    else cells.read(plan, event, grid);
    cells.setTime(isFull ? times.formatWhole(receivedAtMs) : times.format(receivedAtMs));
    const rest = plan === undefined ? listBareValue(event, bounds) : this.#listRest(plan, event, bounds);
    const hidden = cells.hiddenLabels + (isCut ? 1 : 0);
    return (this.#row as RowWriter).write(cells.all, rest, hidden);
  }

  /** The fields without a column. On a terminal ids, times and heights are left out if there is anything else. */
  #listRest(plan: EventPlan, event: EventView, bounds: NestedBounds): Pair[] {
    const { isUnshown } = this.#cells;
    const main: Pair[] = [];
    const minor: Pair[] = [];
    for (const detail of plan.details) {
      const { shownAs, weight } = detail;
      if (shownAs !== undefined && !isUnshown[shownAs]) continue;
      const isMinor =
        weight === WEIGHT.minor || (weight === WEIGHT.raw && repeatsAmount(plan, event, detail));
      if (event.isFull || !isMinor) main.push(...listPairs(event, bounds, detail));
      else if (!plan.hasColumns) minor.push(...listPairs(event, bounds, detail));
    }
    return main.length === 0 ? minor : main;
  }

  #findPlan(fields: EventFields['fields'], layout: string, { pathLength }: NestedBounds): EventPlan {
    const known = this.#plansByLayout.get(layout);
    if (known !== undefined) return known;
    const plan = planEvent(nameFields(fields, pathLength));
    if (this.#plansByLayout.size >= MAX_PLANS) this.#plansByLayout.clear();
    if (layout.length <= MAX_LAYOUT_LENGTH) this.#plansByLayout.set(copyText(layout), plan);
    return plan;
  }
}

/** For an event without fields, such as an array. */
function listBareValue(event: EventView, bounds: NestedBounds): Pair[] {
  const start = findToken(event.text, 0);
  const end = findValueEnd(event.text, start);
  if (event.text.charCodeAt(start) === OPEN_ARRAY) return listNested(event, bounds, '', start, end, 0);
  return [{ name: '', value: showSource(event, start, end) }];
}

function repeatsAmount({ amount, decimals }: EventPlan, event: EventView, raw: FieldRef): boolean {
  if (amount === undefined) return false;
  const decimalCount = decimals === undefined ? undefined : Number(showField(event, decimals));
  return isSameNumber(showField(event, amount), showField(event, raw), decimalCount);
}
