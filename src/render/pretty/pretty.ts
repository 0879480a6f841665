// Events for the eye (contract O2): time, type and what matters first, the rest behind or below it; numbers
// exactly as sent, everything foreign made visible. A bundle of its own, loaded only for --format pretty.

import { type Batch, flagsOf, textOf } from '../../events/batch.ts';
import { skipSpace, skipValue } from '../../events/json-level.ts';
import { copyText, decodeText, MESSAGE } from '../../events/messages.ts';
import { escapeCommands } from '../ci-commands.ts';
import type { Style } from '../paint.ts';
import type { Renderer } from '../renderer.ts';
import { SIGNS, type Signs } from '../signs.ts';
import { Details } from './details.ts';
import { type EventPlan, planEvent } from './event-plan.ts';
import { type EventFields, nameFields, readFields } from './field-reader.ts';
import { Flow } from './flow.ts';
import { type EventValues, Headline } from './headline.ts';
import { listNested, type NestedBounds } from './nested.ts';
import { createTimeFormat, type TimeMode } from './receive-time.ts';
import { SharedWidths } from './shared-widths.ts';
import { showSource } from './values.ts';

export interface PrettyOptions {
  readonly style: Style;
  /** Default: those of a terminal with Unicode. */
  readonly signs?: Signs;
  readonly time: TimeMode;
  /** Addresses, hashes and long texts in full, and no word broken. */
  readonly isWide: boolean;
  /** Width of the terminal, or undefined: then every event is one line. */
  columns(): number | undefined;
}

/** From here on there is room to indent below the type, to align figures, and for long figures too. */
const COLUMNS_TO_INDENT = 60;
const COLUMNS_TO_ALIGN_FIGURES = 110;
const COLUMNS_TO_SPARE = 150;
/** `+12` and the gap before it. */
const ROOM_FOR_COUNT = 5;
const NARROW_INDENT = 2;
const GAP = 2;
const OPEN_ARRAY = 0x5b;
/** Bounds of the memory for plans, since names are chosen by the server. */
const MAX_PLANS = 200;
const MAX_LAYOUT_LENGTH = 4_000;
/** Of an event that is not an object. */
const NO_FIELDS: EventFields = { fields: [], layout: '', isCut: false };
/** What is shown of one event at most. */
const NARROW: NestedBounds = { depth: 4, pairs: 60, scalars: 20, containers: 3, pathLength: 60 };
const WIDE: NestedBounds = {
  depth: 32,
  pairs: 10_000,
  scalars: 10_000,
  containers: 10_000,
  pathLength: 4_000,
};

/** A renderer of batches for people. */
export function createPrettyRenderer(options: PrettyOptions): Renderer {
  const painter = new PrettyPainter(options);
  return {
    renderEvents(batch: Batch, count: number): Buffer {
      painter.begin(batch);
      // Encoded one by one: V8 keeps a joined string as a tree of all its pieces until the end.
      const lines: Buffer[] = [];
      for (let i = 0; i < count; i += 1) lines.push(Buffer.from(escapeCommands(painter.paint(batch, i))));
      return Buffer.concat(lines);
    },
  };
}

/** Paints one event after the other, and remembers what their columns share. */
class PrettyPainter {
  readonly #options: PrettyOptions;
  readonly #style: Style;
  readonly #signs: Signs;
  readonly #bounds: NestedBounds;
  readonly #formatTime: (atMs: number) => string;
  readonly #flow: Flow;
  readonly #widths = new SharedWidths();
  readonly #headline: Headline;
  readonly #details: Details;
  /** By the layout of the event. */
  readonly #plans = new Map<string, EventPlan>();
  #time = '';

  constructor(options: PrettyOptions) {
    this.#options = options;
    this.#style = options.style;
    this.#signs = options.signs ?? SIGNS;
    this.#bounds = options.isWide ? WIDE : NARROW;
    this.#formatTime = createTimeFormat(options.time);
    this.#flow = new Flow(!options.isWide);
    this.#headline = new Headline(this.#style, this.#flow, this.#widths);
    this.#details = new Details(this.#style, this.#flow, this.#bounds);
  }

  /** Begins a batch: what its events have in common. */
  begin({ receivedAtMs }: Batch): void {
    const time = this.#formatTime(receivedAtMs);
    const columns = this.#options.columns() ?? Number.POSITIVE_INFINITY;
    const isRoomy = columns >= COLUMNS_TO_INDENT && time !== '';
    this.#time = time;
    this.#flow.setFrame(columns, isRoomy ? time.length + 1 : NARROW_INDENT);
    this.#widths.setFrame(columns >= COLUMNS_TO_ALIGN_FIGURES, columns < COLUMNS_TO_SPARE);
    this.#details.lineBudget = columns >= COLUMNS_TO_ALIGN_FIGURES ? 1 : columns >= COLUMNS_TO_INDENT ? 2 : 3;
  }

  /** The lines of event `index` of the batch. */
  paint(batch: Batch, index: number): string {
    const flags = flagsOf(batch, index);
    const bytes = textOf(batch, index);
    const text = decodeText(bytes, flags);
    // No flag, no byte beyond ASCII and no escape: all that is in it can be seen.
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

  /** Plans are kept, since most events have the layout of an earlier one. */
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

  /** Rather out of its columns than on two lines. */
  #addHeadline(plan: EventPlan, event: EventValues): void {
    const flow = this.#flow;
    const widths = this.#widths;
    this.#addTime();
    this.#headline.add(plan, event);
    if (!widths.alignsFigures || (flow.lines === 1 && flow.fits(ROOM_FOR_COUNT))) return;
    widths.alignsFigures = false;
    flow.restart();
    this.#addTime();
    this.#headline.add(plan, event);
    widths.alignsFigures = true;
  }

  /** An event that is no object: an array by its items, anything else as it was sent. */
  #addBareValue(event: EventValues): void {
    this.#headline.skipType();
    const start = skipSpace(event.text, 0);
    const end = skipValue(event.text, start);
    if (event.text.charCodeAt(start) === OPEN_ARRAY) {
      this.#details.addPairs(listNested(event, this.#bounds, '', start, end, 0));
    } else {
      this.#flow.addWords(showSource(event, start, end), this.#style.value, GAP);
    }
  }
}
