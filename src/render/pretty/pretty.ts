// `--format pretty`, events for people (contract O2): time, headline, then details; numbers exactly as sent, control
// characters made visible. Loaded on demand.
import { type Batch, flagsOf, textOf } from '../../events/batch.ts';
import { copyText, decodeText, MESSAGE } from '../../events/message-text.ts';
import { OPEN_ARRAY } from '../../events/scan-constants.ts';
import { escapeCommands } from '../ci-commands.ts';
import { formatLocal } from '../local-time.ts';
import type { Style } from '../paint.ts';
import type { Renderer } from '../renderer.ts';
import { SIGNS, type Signs } from '../signs.ts';
import { DetailsWriter } from './details.ts';
import { type EventPlan, planEvent } from './event-plan.ts';
import { type EventFields, findToken, findValueEnd, nameFields, readFields } from './event-reader.ts';
import { Flow, GAP } from './flow.ts';
import { type EventValues, HeadlineWriter, SharedWidths } from './headline.ts';
import { listNested, type NestedBounds, showSource } from './values.ts';

type TimeMode = 'local' | 'utc' | 'relative' | 'none';

export interface PrettyOptions {
  readonly style: Style;
  readonly signs?: Signs;
  readonly time: TimeMode;
  /** Addresses, hashes and long texts in full, and no word broken. */
  readonly isWide: boolean;
  /** Columns of the terminal; undefined: every event is one line. */
  columns(): number | undefined;
}

/** Minimum columns for indenting to the type, for aligning numbers, and for aligning long numbers. */
const COLUMNS_TO_INDENT = 60;
const COLUMNS_TO_ALIGN_NUMBERS = 110;
const COLUMNS_FOR_LONG_NUMBERS = 150;
/** `+12` and the gap before it. */
const ROOM_FOR_COUNT = 5;
const NARROW_INDENT = 2;
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

export function createPrettyRenderer(options: PrettyOptions): Renderer {
  const painter = new PrettyPainter(options);
  return {
    renderEvents(batch: Batch, count: number): Buffer {
      painter.begin(batch);
      // Encoded one by one, since V8 keeps a concatenated string as a tree of all its pieces.
      const lines: Buffer[] = [];
      for (let i = 0; i < count; i += 1) lines.push(Buffer.from(escapeCommands(painter.paint(batch, i))));
      return Buffer.concat(lines);
    },
  };
}

class PrettyPainter {
  readonly #options: PrettyOptions;
  readonly #style: Style;
  readonly #signs: Signs;
  readonly #bounds: NestedBounds;
  readonly #formatTime: (atMs: number) => string;
  readonly #flow: Flow;
  readonly #widths = new SharedWidths();
  readonly #headline: HeadlineWriter;
  readonly #details: DetailsWriter;
  /** Plans by layout, since layouts repeat. */
  readonly #plans = new Map<string, EventPlan>();
  #time = '';

  constructor(options: PrettyOptions) {
    this.#options = options;
    this.#style = options.style;
    this.#signs = options.signs ?? SIGNS;
    this.#bounds = options.isWide ? WIDE : NARROW;
    this.#formatTime = createTimeFormat(options.time);
    this.#flow = new Flow(!options.isWide);
    this.#headline = new HeadlineWriter(this.#style, this.#flow, this.#widths);
    this.#details = new DetailsWriter(this.#style, this.#flow, this.#bounds);
  }

  begin({ receivedAtMs }: Batch): void {
    const time = this.#formatTime(receivedAtMs);
    const columns = this.#options.columns() ?? Number.POSITIVE_INFINITY;
    const isRoomy = columns >= COLUMNS_TO_INDENT && time !== '';
    this.#time = time;
    this.#flow.setFrame(columns, isRoomy ? time.length + 1 : NARROW_INDENT);
    this.#widths.setFrame(columns >= COLUMNS_TO_ALIGN_NUMBERS, columns < COLUMNS_FOR_LONG_NUMBERS);
    this.#details.lineBudget = columns >= COLUMNS_TO_ALIGN_NUMBERS ? 1 : columns >= COLUMNS_TO_INDENT ? 2 : 3;
  }

  /** The lines of event `index` of the batch. */
  paint(batch: Batch, index: number): string {
    const flags = flagsOf(batch, index);
    const bytes = textOf(batch, index);
    const text = decodeText(bytes, flags);
    // Printable ASCII without escapes.
    const isPlain = flags === MESSAGE.clean && text.length === bytes.length && !text.includes('\\');
    const { depth, pairs } = this.#bounds;
    const { fields, layout, isCut } = readFields(text, { depth, fields: pairs }) ?? NO_FIELDS;
    const { isWide } = this.#options;
    const event: EventValues = { text, isPlain, isWide, signs: this.#signs, fields };
    if (fields.length === 0) {
      this.#addTime();
      this.#addBareValue(event);
    } else {
      const plan = this.#findPlan(fields, layout);
      this.#addHeadline(plan, event);
      this.#details.add(plan, event, this.#headline.forms, isCut);
    }
    return this.#flow.take();
  }

  #findPlan(fields: EventFields['fields'], layout: string): EventPlan {
    const known = this.#plans.get(layout);
    if (known !== undefined) return known;
    const plan = planEvent(nameFields(fields, this.#bounds.pathLength));
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
    if (layout.length <= MAX_LAYOUT_LENGTH) this.#plans.set(copyText(layout), plan);
    return plan;
  }

  #addTime(): void {
    if (this.#time !== '') this.#flow.add(this.#time, this.#style.time, this.#time.length, 0);
  }

  /** A headline that does not fit on one line with aligned numbers is laid out without them. */
  #addHeadline(plan: EventPlan, event: EventValues): void {
    const flow = this.#flow;
    const widths = this.#widths;
    this.#addTime();
    this.#headline.add(plan, event);
    if (!widths.alignsNumbers || (flow.lines === 1 && flow.fits(ROOM_FOR_COUNT))) return;
    widths.alignsNumbers = false;
    flow.restart();
    this.#addTime();
    this.#headline.add(plan, event);
    widths.alignsNumbers = true;
  }

  /** An event that is not an object: an array as its items, anything else as sent. */
  #addBareValue(event: EventValues): void {
    this.#headline.skipType();
    const start = findToken(event.text, 0);
    const end = findValueEnd(event.text, start);
    if (event.text.charCodeAt(start) === OPEN_ARRAY) {
      this.#details.addPairs(listNested(event, this.#bounds, '', start, end, 0));
    } else {
      this.#flow.addWords(showSource(event, start, end), this.#style.value, GAP);
    }
  }
}

/** Creates a function from wall clock ms to text; `relative` counts from the first call. */
function createTimeFormat(mode: TimeMode): (atMs: number) => string {
  let lastMs = Number.NaN;
  let last = '';
  let firstMs: number | undefined;
  return (atMs) => {
    if (atMs === lastMs) return last;
    firstMs ??= atMs;
    lastMs = atMs;
    last = formatReceiveTime(mode, atMs, firstMs);
    return last;
  };
}

/** Room for a day: `+86400.000s`. */
const RELATIVE_WIDTH = 11;

function formatReceiveTime(mode: TimeMode, atMs: number, firstMs: number): string {
  if (mode === 'none') return '';
  if (mode === 'utc') return new Date(atMs).toISOString().slice(11, 23);
  if (mode === 'local') return formatLocal(atMs).slice(11);
  // Negative if the clock was set back.
  const ms = atMs - firstMs;
  return `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(3)}s`.padStart(RELATIVE_WIDTH);
}
