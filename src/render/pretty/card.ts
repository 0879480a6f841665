// `--wide`: an event as a card. The first line has time and type, each other line has one field in full.
import { joinWords } from '../fit-lines.ts';
import type { Style } from '../paint.ts';
import { makeSpaces, measureWidth } from '../text-width.ts';
import { pickPaint } from './cells.ts';
import type { EventPlan } from './event-plan.ts';
import { findPage, makeLink } from './explorers.ts';
import { type EventView, listPairs, type NestedBounds, type Pair, showField } from './values.ts';

const INDENT = 2;
const GAP = 2;
/** A longer name moves its value to the right. */
const MAX_NAME_COLUMNS = 32;

interface Card {
  readonly title: string;
  readonly pairs: readonly Pair[];
  /** Whether the event has more fields than were read. */
  readonly isCut: boolean;
}

interface CardOptions {
  readonly style: Style;
  readonly bounds: NestedBounds;
  readonly hasLinks: boolean;
}

export function makeCard(
  plan: EventPlan,
  event: EventView,
  time: string,
  isCut: boolean,
  { style, bounds, hasLinks }: CardOptions,
): Card {
  const parts = time === '' ? [] : [style.time.open + time + style.time.close];
  if (plan.type !== undefined) {
    const type = showField(event, plan.type);
    const { open, close } = pickPaint(style.types, type);
    parts.push(open + type + close);
  }
  const chain = plan.chain === undefined ? '' : showField(event, plan.chain);
  const addresses = [plan.pair?.left?.address, plan.pair?.right?.address];
  const pairs = plan.all.flatMap((ref) => {
    const found = listPairs(event, bounds, ref);
    const kind = ref === plan.hash ? 'transaction' : addresses.includes(ref) ? 'address' : undefined;
    if (!hasLinks || kind === undefined) return found;
    return found.map((pair) => ({ ...pair, url: findPage(chain, kind, pair.value) }));
  });
  return { title: parts.join(makeSpaces(GAP)), pairs, isCut };
}

/** A word that is wider than the terminal stays whole, so that it can be copied. @param columns may be Infinity */
export function writeCard(
  { title, pairs, isCut }: Card,
  columns: number,
  style: Style,
  { signs }: EventView,
): string[] {
  const lines = title === '' ? [] : [title];
  const widths = pairs.map(({ name }) => measureWidth(name));
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, ...widths));
  const { open, close } = style.name;
  const indent = INDENT + (nameColumns === 0 ? 0 : nameColumns + GAP);
  for (const [i, { name, value, url }] of pairs.entries()) {
    const own = widths[i] as number;
    const at = own > nameColumns ? INDENT + own + GAP : indent;
    const start = makeSpaces(INDENT) + (name === '' ? '' : open + name + close);
    const [first = '', ...rest] =
      columns === Number.POSITIVE_INFINITY
        ? [makeSpaces(at) + value]
        : joinWords(value.split(' '), columns, makeSpaces(indent), makeSpaces(at));
    const shown = url === undefined ? first.slice(at) : makeLink(first.slice(at), url);
    lines.push(start + makeSpaces(at - INDENT - own) + shown, ...rest);
  }
  if (isCut) lines.push(makeSpaces(INDENT) + signs.ellipsis);
  return lines;
}
