// The rest of an event, as `name value` pairs: behind the headline if all of them fit there, else below it.
import type { EventPlan } from './event-plan.ts';
import { KIND } from './field-reader.ts';
import type { Flow } from './flow.ts';
import type { EventValues, Headline } from './headline.ts';
import { listNested, type NestedBounds, type Pair } from './nested.ts';
import type { Style } from './paint.ts';
import { measureWidth } from './text-width.ts';
import { showString } from './values.ts';

const GAP = 2;
const SPACE = 1;

/** Adds details to a flow, one event after the other. */
export class Details {
  readonly #style: Style;
  readonly #flow: Flow;
  readonly #bounds: NestedBounds;

  constructor(style: Style, flow: Flow, bounds: NestedBounds) {
    this.#style = style;
    this.#flow = flow;
    this.#bounds = bounds;
  }

  /** `isExact`: what the headline has shown already. `isCut`: the event has more fields than were read. */
  add(plan: EventPlan, event: EventValues, isExact: Headline['isExact'], isCut: boolean): void {
    const pairs: Pair[] = [];
    const { isBounded } = this.#flow;
    for (const detail of plan.details) {
      if (detail.shownAs !== undefined && isExact[detail.shownAs]) continue;
      const { kind, depth } = detail.field;
      const start = event.starts[detail.index] ?? 0;
      const end = event.ends[detail.index] ?? 0;
      if (kind === KIND.array || kind === KIND.object) {
        const nested = listNested(event, this.#bounds, detail.name, start, end, depth + 1);
        if (isBounded) pairs.push(...nested);
        else this.addPairs(nested);
        continue;
      }
      const value = kind === KIND.string ? showString(event, start, end) : event.text.slice(start, end);
      if (isBounded) pairs.push({ name: detail.name, value });
      else this.#flow.addPainted(detail.painted, value, GAP);
    }
    if (isCut)
      pairs.push({
        name: '',
        value: event.isWide ? event.signs.ellipsis : `${event.signs.ellipsis} more with --wide`,
      });
    if (pairs.length > 0) this.addPairs(pairs);
  }

  addPairs(pairs: readonly Pair[]): void {
    const flow = this.#flow;
    if (!flow.isBounded) {
      const { name: namePaint, value: valuePaint } = this.#style;
      for (const { name, value } of pairs) {
        if (name !== '') flow.add(name, namePaint, 0, GAP);
        flow.add(value, valuePaint, 0, name === '' ? GAP : SPACE);
      }
      return;
    }
    if (flow.isFirstLine && !flow.fits(measurePairs(pairs))) flow.breakLine();
    for (const pair of pairs) this.#addPair(pair);
  }

  /** A pair that no line can hold begins a line of its own. */
  #addPair({ name, value }: Pair): void {
    const { name: namePaint, value: valuePaint } = this.#style;
    if (name === '') {
      this.#flow.addWords(value, valuePaint, GAP);
      return;
    }
    if (measureWidth(name) + SPACE + measureWidth(value) <= this.#flow.room) {
      const phrase = [
        { visible: name, paint: namePaint },
        { visible: value, paint: valuePaint },
      ];
      this.#flow.addPhrase(phrase, GAP);
      return;
    }
    const [first = '', ...words] = value.split(' ');
    const phrase = [
      { visible: name, paint: namePaint },
      { visible: first, paint: valuePaint },
    ];
    this.#flow.addPhrase(phrase, GAP);
    if (words.length > 0) this.#flow.addWords(words.join(' '), valuePaint, SPACE);
  }
}

function measurePairs(pairs: readonly Pair[]): number {
  let width = 0;
  for (const { name, value } of pairs) {
    width += GAP + measureWidth(value) + (name === '' ? 0 : measureWidth(name) + SPACE);
  }
  return width;
}
