// The fields of an event that are not in the headline, as `name value` pairs: after it if all fit, else below it.
//
// A terminal omits values that the headline shows, and shows as many minor fields as fit; `+4` is the number of hidden
// fields. With --wide, and without a terminal, all fields are shown.
import type { Paint, Style } from '../paint.ts';
import { measureWidth } from '../text-width.ts';
import { type Detail, type EventPlan, WEIGHT } from './event-plan.ts';
import { KIND } from './event-reader.ts';
import { type Flow, GAP, SPACE } from './flow.ts';
import { type EventValues, FORM, findValue, type HeadlineWriter, showAt } from './headline.ts';
import { countWholeDigits, isSameNumber } from './numbers.ts';
import { listNested, type NestedBounds, type Pair } from './values.ts';

/** A longer number is shown as sent too, since its commas have to be counted. */
const MAX_DIGITS_AT_A_GLANCE = 15;

interface PaintedPair extends Pair {
  readonly isMinor: boolean;
  /** Columns of both and the space between them; 0 if every event is one line. */
  readonly width: number;
}

export class DetailsWriter {
  /** Lines of an event that minor fields may fill. */
  lineBudget = 1;
  readonly #style: Style;
  readonly #flow: Flow;
  readonly #bounds: NestedBounds;

  constructor(style: Style, flow: Flow, bounds: NestedBounds) {
    this.#style = style;
    this.#flow = flow;
    this.#bounds = bounds;
  }

  /**
   * @param forms what the headline shows
   * @param isCut the event has more fields than were read
   */
  add(plan: EventPlan, event: EventValues, forms: HeadlineWriter['forms'], isCut: boolean): void {
    if (event.isWide || !this.#flow.isBounded) this.#addEverything(plan, event, forms, isCut);
    else this.#addForScreen(plan, event, forms, isCut);
  }

  #addEverything(plan: EventPlan, event: EventValues, forms: HeadlineWriter['forms'], isCut: boolean): void {
    const pairs: PaintedPair[] = [];
    for (const detail of plan.details) {
      if (detail.shownAs !== undefined && forms[detail.shownAs] === FORM.exact) continue;
      this.#collect(pairs, event, detail, detail.weight >= WEIGHT.hash);
    }
    if (isCut) pairs.push(this.#measure('', noteHidden(event), false));
    this.#addAll(pairs);
  }

  #addForScreen(plan: EventPlan, event: EventValues, forms: HeadlineWriter['forms'], isCut: boolean): void {
    const main: PaintedPair[] = [];
    const hashes: PaintedPair[] = [];
    const minor: PaintedPair[] = [];
    const repeated: PaintedPair[] = [];
    for (const detail of plan.details) {
      const { weight, shownAs } = detail;
      if (shownAs !== undefined) {
        if (forms[shownAs] === FORM.exact) continue;
        if (forms[shownAs] === FORM.grouped && isReadAtAGlance(showAt(event, detail))) continue;
      }
      const isRepeated = weight === WEIGHT.raw && repeatsAmount(plan, event, detail);
      const isMinor = isRepeated || weight >= WEIGHT.hash;
      const list = isRepeated ? repeated : weight === WEIGHT.hash ? hashes : isMinor ? minor : main;
      this.#collect(list, event, detail, isMinor);
    }
    if (isCut) main.push(this.#measure('', noteHidden(event), false));
    if (main.length > 0) this.#addAll([...main, ...hashes]);
    const rest = main.length > 0 ? [] : hashes;
    this.#addWhileFitting([...rest, ...minor, ...repeated], rest.length);
  }

  /** Adds the pairs of an event that is an array. */
  addPairs(pairs: readonly Pair[]): void {
    this.#addAll(pairs.map(({ name, value }) => this.#measure(name, value, false)));
  }

  /** Adds the pairs of a detail to `list`; an array or an object has several. */
  #collect(list: PaintedPair[], event: EventValues, detail: Detail, isMinor: boolean): void {
    const { kind, depth } = detail.field;
    if (kind !== KIND.array && kind !== KIND.object) {
      list.push(this.#measure(detail.name, showAt(event, detail), isMinor));
      return;
    }
    const { start, end } = findValue(event, detail);
    for (const { name, value } of listNested(event, this.#bounds, detail.name, start, end, depth + 1))
      list.push(this.#measure(name, value, isMinor));
  }

  #measure(name: string, value: string, isMinor: boolean): PaintedPair {
    if (!this.#flow.isBounded) return { name, value, isMinor, width: 0 };
    const nameWidth = name === '' ? 0 : measureWidth(name) + SPACE;
    return { name, value, isMinor, width: nameWidth + measureWidth(value) };
  }

  #addAll(pairs: readonly PaintedPair[]): void {
    const flow = this.#flow;
    const width = pairs.reduce((sum, pair) => sum + GAP + pair.width, 0);
    if (flow.lines === 1 && !flow.fits(width)) flow.breakLine();
    for (const pair of pairs) this.#addPair(pair);
  }

  /** Only the first `hashes` pairs may begin a line within the budget; the others fill lines. */
  #addWhileFitting(pairs: readonly PaintedPair[], hashes: number): void {
    const flow = this.#flow;
    for (const [i, pair] of pairs.entries()) {
      const left = pairs.length - i;
      const note = `+${left}`;
      const reserve = left > 1 ? GAP + note.length : 0;
      const { width } = pair;
      const hasRoom = flow.fits(GAP + width + reserve);
      const mayBreak = width + reserve <= flow.room && (i < hashes || !flow.fits(GAP + note.length));
      const isWithinBudget = flow.lines < this.lineBudget || !flow.fits(GAP + note.length);
      if (!hasRoom && !(mayBreak && isWithinBudget)) {
        flow.add(note, this.#style.minor, note.length, GAP);
        return;
      }
      if (!hasRoom) flow.breakLine();
      this.#addPair(pair);
    }
  }

  #addPair({ name, value, isMinor, width }: PaintedPair): void {
    const namePaint = isMinor ? this.#style.minor : this.#style.name;
    const valuePaint = isMinor ? this.#style.minor : this.#style.value;
    const flow = this.#flow;
    if (name === '') flow.addWords(value, valuePaint, GAP);
    else if (width <= flow.room) {
      const isOnePaint = namePaint === valuePaint;
      const phrase = isOnePaint
        ? [{ visible: `${name} ${value}`, paint: namePaint }]
        : [
            { visible: name, paint: namePaint },
            { visible: value, paint: valuePaint },
          ];
      flow.addPhrase(phrase, GAP);
    } else this.#addLongPair(name, value, namePaint, valuePaint);
  }

  #addLongPair(name: string, value: string, namePaint: Paint, valuePaint: Paint): void {
    const [first = '', ...words] = value.split(' ');
    const phrase = [
      { visible: name, paint: namePaint },
      { visible: first, paint: valuePaint },
    ];
    this.#flow.addPhrase(phrase, GAP);
    if (words.length > 0) this.#flow.addWords(words.join(' '), valuePaint, SPACE);
  }
}

function isReadAtAGlance(number: string): boolean {
  return countWholeDigits(number) <= MAX_DIGITS_AT_A_GLANCE;
}

/** Whether a raw amount equals the amount in the headline. */
function repeatsAmount({ amount, decimals }: EventPlan, event: EventValues, raw: Detail): boolean {
  if (amount === undefined) return false;
  const places = decimals === undefined ? undefined : Number(showAt(event, decimals));
  return isSameNumber(showAt(event, amount), showAt(event, raw), places);
}

function noteHidden({ isWide, signs: { ellipsis } }: EventValues): string {
  return isWide ? ellipsis : `${ellipsis} more with --wide`;
}
