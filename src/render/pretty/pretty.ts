// Events for the eye (contract O2): time, type and what matters first, the rest behind or below it; numbers
// exactly as sent, everything foreign made visible. A bundle of its own, loaded only for --format pretty.

import { type Batch, flagsOf, textOf } from '../../events/batch.ts';
import { skipSpace, skipValue } from '../../events/json-level.ts';
import { decodeText, MESSAGE } from '../../events/messages.ts';
import type { Style } from '../paint.ts';
import type { Renderer } from '../renderer.ts';
import { SIGNS, type Signs, toByteLine, toByteSigns } from '../signs.ts';
import { BytePainter } from './byte-painter.ts';
import { Details } from './details.ts';
import { type EventPlan, planEvent } from './event-plan.ts';
import { learnShape } from './event-shape.ts';
import { FieldReader, listFields } from './field-reader.ts';
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
/** An event that comes again is worth a shape; one with ever other white space is not. */
const TIMES_MET_TO_LEARN = 2;
const MAX_FORMS_OF_PLAN = 4;
/** `+12` and the gap before it. */
const ROOM_FOR_COUNT = 5;
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
      painter.begin(batch);
      for (let i = 0; i < count; i += 1) painter.paint(batch, i);
      return painter.take();
    },
  };
}

/** Paints one event after the other, and remembers what their columns share. */
class PrettyPainter {
  readonly #options: PrettyOptions;
  readonly #style: Style;
  readonly #signs: Signs;
  readonly #byteSigns: Signs;
  readonly #bounds: NestedBounds;
  readonly #formatTime: (atMs: number) => string;
  readonly #reader: FieldReader<EventPlan>;
  readonly #flow: Flow;
  readonly #widths = new SharedWidths();
  readonly #headline: Headline;
  readonly #details: Details;
  readonly #quick: BytePainter;
  readonly #timesMet = new WeakMap<EventPlan, number>();
  #time = '';

  constructor(options: PrettyOptions) {
    this.#options = options;
    this.#style = options.style;
    this.#signs = options.signs ?? SIGNS;
    this.#byteSigns = toByteSigns(this.#signs);
    this.#bounds = options.isWide ? WIDE : NARROW;
    const { depth, pairs: fields, pathLength } = this.#bounds;
    this.#formatTime = createTimeFormat(options.time);
    this.#reader = new FieldReader({ depth, fields, pathLength });
    this.#flow = new Flow(!options.isWide);
    this.#headline = new Headline(this.#style, this.#flow, this.#widths);
    this.#quick = new BytePainter(this.#style, this.#signs, this.#widths, options.isWide);
    this.#details = new Details(this.#style, this.#flow, this.#bounds);
  }

  /** Begins a batch: what its events have in common. */
  begin({ receivedAtMs, bytes }: Batch): void {
    const time = this.#formatTime(receivedAtMs);
    const { open, close } = this.#style.time;
    this.#quick.begin(bytes.length, time === '' ? '' : open + time + close);
    const columns = this.#options.columns() ?? Number.POSITIVE_INFINITY;
    const isRoomy = columns >= COLUMNS_TO_INDENT && time !== '';
    this.#time = time;
    this.#flow.setFrame(columns, isRoomy ? time.length + 1 : NARROW_INDENT);
    this.#widths.setFrame(columns >= COLUMNS_TO_ALIGN_FIGURES, columns < COLUMNS_TO_SPARE);
    this.#details.lineBudget = columns >= COLUMNS_TO_ALIGN_FIGURES ? 1 : columns >= COLUMNS_TO_INDENT ? 2 : 3;
  }

  /** The lines since `begin`. */
  take(): Buffer {
    return this.#quick.take();
  }

  /** Adds the lines of event `index` of the batch. */
  paint(batch: Batch, index: number): void {
    const flags = flagsOf(batch, index);
    if (flags === MESSAGE.clean && !this.#flow.isBounded && this.#quick.paint(batch, index)) return;
    this.#quick.addText(this.#paintText(textOf(batch, index), flags));
  }

  /** The lines of one event as byte lines. */
  #paintText(bytes: Buffer, flags: number): string {
    const text = decodeText(bytes, flags);
    // No flag, no byte beyond ASCII and no escape: all that is in it can be seen.
    const isPlain = flags === MESSAGE.clean && text.length === bytes.length && !text.includes('\\');
    const plan = this.#readPlan(text, isPlain);
    // Where widths count every sign must be one character.
    const isByteLine = isPlain && !this.#flow.isBounded && plan?.isAscii !== false;
    const { starts, ends, isCut } = this.#reader;
    const signs = isByteLine ? this.#byteSigns : this.#signs;
    const event: EventValues = { text, isPlain, isWide: this.#options.isWide, signs, starts, ends };
    if (plan === undefined) {
      this.#addTime();
      this.#addBareValue(event);
    } else {
      this.#addHeadline(plan, event);
      this.#details.add(plan, event, this.#headline.forms, isCut);
      if (isByteLine && !isCut) this.#learn(plan, event);
    }
    const lines = this.#flow.take();
    return isByteLine ? lines : toByteLine(lines);
  }

  /** Undefined for what is no object, or has nothing in it. */
  #readPlan(text: string, isPlain: boolean): EventPlan | undefined {
    if (!this.#reader.read(text, isPlain) || this.#reader.count === 0) return undefined;
    const { last } = this.#reader;
    last.plan ??= planEvent(last);
    return last.plan;
  }

  /** Of what has come before more will come. */
  #learn(plan: EventPlan, { text, starts, ends }: EventValues): void {
    const times = (this.#timesMet.get(plan) ?? 0) + 1;
    this.#timesMet.set(plan, times);
    if (times < TIMES_MET_TO_LEARN || times > TIMES_MET_TO_LEARN + MAX_FORMS_OF_PLAN) return;
    const kinds = listFields(this.#reader.last).map(({ kind }) => kind);
    const shape = learnShape(text, plan, kinds, starts, ends);
    if (shape !== undefined) this.#quick.learn(shape);
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
