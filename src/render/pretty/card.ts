// `--wide`: an event as a card. A line with time and type, then a line with the name of each field and its value in full.
import { joinWords } from '../fit-lines.ts';
import type { Style } from '../paint.ts';
import { makeSpaces, measureWidth } from '../text-width.ts';
import { pickPaint } from './cells.ts';
import type { EventPlan } from './event-plan.ts';
import { type EventView, listPairs, type NestedBounds, type Pair, showAt } from './values.ts';

const INDENT = 2;
const GAP = 2;
/** A longer name moves its value to the right. */
const MAX_NAME_COLUMNS = 32;

export interface Card {
  readonly title: string;
  readonly pairs: readonly Pair[];
  /** Whether the event has more fields than were read. */
  readonly isCut: boolean;
}

/** All fields of an event, each once. */
export function listCard(
  plan: EventPlan,
  event: EventView,
  bounds: NestedBounds,
  time: string,
  style: Style,
  isCut: boolean,
): Card {
  const parts = time === '' ? [] : [style.time.open + time + style.time.close];
  if (plan.type !== undefined) {
    const type = showAt(event, plan.type);
    const { open, close } = pickPaint(style.types, type);
    parts.push(open + type + close);
  }
  const pairs = plan.all.flatMap((place) => listPairs(event, bounds, place));
  return { title: parts.join(makeSpaces(GAP)), pairs, isCut };
}

/** @param columns of the terminal, or Infinity; a word that is wider stays whole, so that it can be copied */
export function writeCard(
  { title, pairs, isCut }: Card,
  columns: number,
  style: Style,
  { signs }: EventView,
): string[] {
  const lines = title === '' ? [] : [title];
  const widths = pairs.map(({ name }) => (name === '' ? 0 : measureWidth(name)));
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, ...widths));
  const { open, close } = style.name;
  for (const [i, { name, value }] of pairs.entries()) {
    const shownName = name === '' ? '' : open + name + close;
    const padding = nameColumns === 0 ? 0 : Math.max(0, nameColumns - (widths[i] as number)) + GAP;
    const start = makeSpaces(INDENT) + shownName + makeSpaces(padding);
    const indent = INDENT + nameColumns + (nameColumns === 0 ? 0 : GAP);
    const first = INDENT + (widths[i] as number) + padding;
    // The first line may begin further to the right.
    const [head = '', ...rest] =
      columns === Number.POSITIVE_INFINITY
        ? [value]
        : joinWords(value.split(' '), columns, makeSpaces(indent), makeSpaces(first));
    lines.push(start + (columns === Number.POSITIVE_INFINITY ? head : head.slice(first)), ...rest);
  }
  if (isCut) lines.push(makeSpaces(INDENT) + signs.ellipsis);
  return lines;
}
