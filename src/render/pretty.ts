// Events for the eye (contract O2): time, type and what matters first, the rest behind or below it; numbers
// exactly as sent, everything foreign made visible. A bundle of its own, loaded only for --format pretty.

import { type Batch, flagsOf, textOf } from '../protocol/batch.ts';
import { skipSpace, skipValue } from '../protocol/json-level.ts';
import { decodeText, MESSAGE } from '../protocol/messages.ts';
import { Details } from './details.ts';
import { type EventPlan, planEvent } from './event-plan.ts';
import { FieldReader } from './field-reader.ts';
import { Flow } from './flow.ts';
import { type EventValues, Headline } from './headline.ts';
import { listNested, type NestedBounds } from './nested.ts';
import type { Style } from './paint.ts';
import { createTimeFormat, type TimeMode } from './receive-time.ts';
import type { Renderer } from './renderer.ts';
import { BYTE_SIGNS, fromByteLines, SIGNS, toByteLine } from './signs.ts';
import { showSource } from './values.ts';

export interface PrettyOptions {
  readonly style: Style;
  readonly time: TimeMode;
  /** Addresses, hashes and long texts in full, and no word broken. */
  readonly isWide: boolean;
  /** Width of the terminal, or undefined: then every event is one line. */
  columns(): number | undefined;
}

/** From here on there is room to align figures, and to indent below the type. */
const COLUMNS_TO_ALIGN_FIGURES = 110;
const COLUMNS_TO_INDENT = 60;
const NARROW_INDENT = 2;
const GAP = 2;
const OPEN_ARRAY = 0x5b;
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
      painter.begin(batch.receivedAtMs);
      let lines = '';
      for (let i = 0; i < count; i += 1) lines += painter.paint(textOf(batch, i), flagsOf(batch, i));
      return fromByteLines(lines);
    },
  };
}

/** Paints one event after the other, and remembers what their columns share. */
class PrettyPainter {
  readonly #options: PrettyOptions;
  readonly #style: Style;
  readonly #bounds: NestedBounds;
  readonly #formatTime: (atMs: number) => string;
  readonly #reader: FieldReader<EventPlan>;
  readonly #flow: Flow;
  readonly #headline: Headline;
  readonly #details: Details;
  #time = '';

  constructor(options: PrettyOptions) {
    this.#options = options;
    this.#style = options.style;
    this.#bounds = options.isWide ? WIDE : NARROW;
    const { depth, pairs: fields, pathLength } = this.#bounds;
    this.#formatTime = createTimeFormat(options.time);
    this.#reader = new FieldReader({ depth, fields, pathLength });
    this.#flow = new Flow(!options.isWide);
    this.#headline = new Headline(this.#style, this.#flow);
    this.#details = new Details(this.#style, this.#flow, this.#bounds);
  }

  /** Begins a batch: what its events have in common. */
  begin(receivedAtMs: number): void {
    const time = this.#formatTime(receivedAtMs);
    const columns = this.#options.columns() ?? Number.POSITIVE_INFINITY;
    const isRoomy = columns >= COLUMNS_TO_INDENT && time !== '';
    this.#time = time;
    this.#flow.setFrame(columns, isRoomy ? time.length + 1 : NARROW_INDENT);
    this.#headline.alignsFigures = columns >= COLUMNS_TO_ALIGN_FIGURES;
  }

  /** The lines of one event as byte lines; `flags` are the MESSAGE bits of its bytes. */
  paint(bytes: Buffer, flags: number): string {
    const text = decodeText(bytes, flags);
    // No flag, no byte beyond ASCII and no escape: all that is in it can be seen.
    const isPlain = flags === MESSAGE.clean && text.length === bytes.length && !text.includes('\\');
    if (this.#time !== '') this.#flow.add(this.#time, this.#style.time, this.#time.length, 0);
    const plan = this.#readPlan(text, isPlain);
    // Where widths count every sign must be one character.
    const isByteLine = isPlain && !this.#flow.isBounded && plan?.isAscii !== false;
    const { starts, ends, isCut } = this.#reader;
    const signs = isByteLine ? BYTE_SIGNS : SIGNS;
    const event: EventValues = { text, isPlain, isWide: this.#options.isWide, signs, starts, ends };
    if (plan === undefined) {
      this.#addBareValue(event);
    } else {
      this.#headline.add(plan, event);
      this.#details.add(plan, event, this.#headline.isExact, isCut);
    }
    const lines = this.#flow.take();
    return isByteLine ? lines : toByteLine(lines);
  }

  /** Undefined for what is no object, or has nothing in it. */
  #readPlan(text: string, isPlain: boolean): EventPlan | undefined {
    if (!this.#reader.read(text, isPlain) || this.#reader.count === 0) return undefined;
    const { last } = this.#reader;
    last.plan ??= planEvent(last, this.#style.name);
    return last.plan;
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
