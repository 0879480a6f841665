// A value of an event as visible text, or as `name value` pairs.
import { decodeString } from '../../events/message-text.ts';
import { QUOTE, SPACE } from '../../events/scan-constants.ts';
import { escapeCommands } from '../ci-commands.ts';
import { joinRawLines, makeVisible, truncateVisible } from '../sanitize.ts';
import { SIGNS, type Signs } from '../signs.ts';
import { dropLastGrapheme } from '../text-width.ts';
import type { FieldRef } from './event-plan.ts';
import { type EventField, isContainerAt, type JsonLevel, KIND, readLevel } from './event-reader.ts';
import { isHashLike, shortenMiddle } from './hashes.ts';
import { dropCutNumber, groupDigits } from './numbers.ts';

export interface EventView {
  readonly text: string;
  /** The text is printable ASCII without escapes, so nothing needs to be made visible. */
  readonly isPlain: boolean;
  /** The text may contain a command of a CI system. */
  readonly mayHaveCommand: boolean;
  /** Every value is shown in full. */
  readonly isFull: boolean;
  readonly signs: Signs;
  readonly fields: readonly EventField[];
}

/** Longer texts are cut before they are measured, since measuring a mebibyte takes a second. */
const MAX_SHOWN_UNITS = 2_000;

const NO_RANGE = { start: 0, end: 0 };

function findValue({ fields }: EventView, { index }: FieldRef): Pick<EventField, 'start' | 'end'> {
  return fields[index] ?? NO_RANGE;
}

export function showField(event: EventView, ref: FieldRef): string {
  const { start, end } = findValue(event, ref);
  return showScalar(event, start, end);
}

/** The visible text of a string, or a number or literal as sent. */
function showScalar(view: EventView, start: number, end: number): string {
  const { text, isPlain } = view;
  if (text.charCodeAt(start) !== QUOTE) return text.slice(start, end);
  const isBare = text.charCodeAt(start + 1) !== SPACE && text.charCodeAt(end - 2) !== SPACE;
  if (isPlain && isBare && end - start > 2) {
    const isLong = end - start > MAX_SHOWN_UNITS && !view.isFull;
    const shown = isLong
      ? text.slice(start + 1, start + MAX_SHOWN_UNITS) + view.signs.ellipsis
      : text.slice(start + 1, end - 1);
    return view.mayHaveCommand ? escapeCommands(shown) : shown;
  }
  const shown = showText(view, decodeString(text.slice(start, end)));
  // An empty text, or a space at either end, would be invisible.
  return shown === '' || shown.startsWith(' ') || shown.endsWith(' ') ? `"${shown}"` : shown;
}

function showText(view: EventView, text: string): string {
  const isLong = text.length > MAX_SHOWN_UNITS && !view.isFull;
  const visible = isLong ? cutLong(text) + view.signs.ellipsis : makeVisible(text);
  // Escaped before it is measured, since an escape is longer.
  return view.mayHaveCommand ? escapeCommands(visible) : visible;
}

function cutLong(text: string): string {
  return dropLastGrapheme(makeVisible(text.slice(0, MAX_SHOWN_UNITS)));
}

/** Like `showScalar`, but a hash is in its short form. */
function showShort(view: EventView, start: number, end: number): string {
  const shown = showScalar(view, start, end);
  const isHash = !view.isFull && view.text.charCodeAt(start) === QUOTE && isHashLike(shown);
  return isHash ? shortenMiddle(shown, view.signs.ellipsis) : shown;
}

/** The visible JSON of any value, on one line; a number is never cut. */
export function showSource(view: EventView, start: number, end: number): string {
  const source = joinRawLines(view.text.slice(start, end));
  const mayBeCut = source.charCodeAt(0) === QUOTE || isContainerAt(source, 0);
  if (!mayBeCut) return source;
  if (view.isFull || source.length <= MAX_SHOWN_UNITS) return showText(view, source);
  const kept = dropCutNumber(cutLong(source));
  return (view.mayHaveCommand ? escapeCommands(kept) : kept) + view.signs.ellipsis;
}

/** Visible texts. The name is empty for a value without a name, and for a note. */
export interface Pair {
  readonly name: string;
  readonly value: string;
  /** The page of the value in a block explorer. */
  readonly url?: string | undefined;
}

/** Limits of what is shown of one event. */
export interface NestedBounds {
  /** Maximum number of levels to open. */
  readonly depth: number;
  readonly pairs: number;
  /** Items of an array that contains no arrays or objects. */
  readonly scalars: number;
  /** Items of any other array. */
  readonly containers: number;
  /** Characters of a path, such as `items[0].x`. */
  readonly pathLength: number;
}

export function listPairs(view: EventView, bounds: NestedBounds, ref: FieldRef): Pair[] {
  const { kind, depth, path } = ref.field;
  const { start, end } = findValue(view, ref);
  const name = view.mayHaveCommand ? escapeCommands(path) : path;
  if (kind === KIND.array || kind === KIND.object)
    return listNested(view, bounds, name, start, end, depth + 1);
  return [{ name, value: showShort(view, start, end) }];
}

/** Lists pairs such as `items[0].x 1`. @param depth number of levels above the array or object */
export function listNested(
  view: EventView,
  bounds: NestedBounds,
  name: string,
  start: number,
  end: number,
  depth: number,
): Pair[] {
  const pairs: Pair[] = [];
  const { ellipsis } = view.signs;
  const maxValues = Math.max(bounds.pairs, bounds.scalars, bounds.containers);
  const open = (path: string, from: number, to: number, level: number): void => {
    if (pairs.length >= bounds.pairs) return;
    if (!isContainerAt(view.text, from)) pairs.push({ name: path, value: showShort(view, from, to) });
    else if (level >= bounds.depth) pairs.push({ name: path, value: showSource(view, from, to) });
    else openContainer(path, readLevel(view.text, from, maxValues), level);
  };
  const openContainer = (path: string, found: JsonLevel, level: number): void => {
    const { isArray, values, count, hasContainers } = found;
    if (count === 0 || (isArray && !hasContainers)) {
      pairs.push({ name: path, value: isArray ? listScalars(view, found, bounds.scalars) : '{}' });
      return;
    }
    const shown = isArray ? Math.min(count, bounds.containers) : count;
    for (const [i, value] of values.slice(0, shown).entries()) {
      if (pairs.length >= bounds.pairs) break;
      const step = isArray ? `[${i}]` : `${path === '' ? '' : '.'}${value.name === '' ? '""' : value.name}`;
      const visible = cutEnd(path + step, bounds.pathLength, ellipsis);
      open(view.mayHaveCommand ? escapeCommands(visible) : visible, value.start, value.end, level + 1);
    }
    if (pairs.length >= bounds.pairs) pairs.push({ name: '', value: ellipsis });
    else if (shown < count) pairs.push({ name: path, value: countHidden(count - shown, ellipsis) });
  };
  open(name, start, end, depth);
  return pairs;
}

function listScalars(view: EventView, { values, count }: JsonLevel, limit: number): string {
  const items = values.slice(0, limit).map(({ start, end }) => showScalar(view, start, end));
  if (items.length < count) items.push(countHidden(count - items.length, view.signs.ellipsis));
  return `[${items.join(', ')}]`;
}

function countHidden(count: number, ellipsis: string): string {
  return `${ellipsis} ${groupDigits(String(count))} more`;
}

/** Like `truncateVisible`, but with the given ellipsis. */
function cutEnd(text: string, maxCharacters: number, ellipsis: string): string {
  const cut = truncateVisible(text, maxCharacters);
  return cut.endsWith(SIGNS.ellipsis) ? cut.slice(0, -1) + ellipsis : cut;
}
