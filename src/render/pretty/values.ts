// A value of an event as visible text: strings decoded and shortened, numbers as sent, arrays and objects as their JSON or
// as `name value` pairs.
import { decodeString } from '../../events/message-text.ts';
import { QUOTE, SPACE } from '../../events/scan-constants.ts';
import { joinRawLines, makeVisible, truncateVisible } from '../sanitize.ts';
import { SIGNS, type Signs } from '../signs.ts';
import { isContainerAt, type JsonLevel, readLevel } from './event-reader.ts';
import { dropCutNumber, groupDigits } from './numbers.ts';

/** An event's text, and how its values are shown. */
export interface ValueView {
  readonly text: string;
  /** The text is printable ASCII without escapes, so nothing needs to be made visible. */
  readonly isPlain: boolean;
  /** Addresses, hashes and long texts in full. */
  readonly isWide: boolean;
  readonly signs: Signs;
}

/** Longer texts are cut, unless wide: about two lines. */
const MAX_TEXT_LENGTH = 160;
const MAX_SOURCE_LENGTH = 80;
/** Shorter strings are not hashes and are not cut. */
const MIN_LENGTH_TO_SHORTEN = 20;

/** The visible text of the string from `start` to `end`, quotes included; shortened unless wide. */
export function showString(view: ValueView, start: number, end: number): string {
  const { text, isPlain, isWide, signs } = view;
  const length = end - start - 2;
  if (length >= MIN_LENGTH_TO_SHORTEN && !isWide) {
    if (isHashLike(text, start + 1, end - 1)) return shortenMiddle(text, start + 1, end - 1, signs.ellipsis);
    if (length > MAX_TEXT_LENGTH) {
      const value = decodeString(text.slice(start, end));
      const isLong = value.length > MAX_TEXT_LENGTH;
      return isLong ? shortenEnd(value, MAX_TEXT_LENGTH, signs.ellipsis) : makeVisible(value);
    }
  }
  if (isPlain && length > 0 && text.charCodeAt(start + 1) !== SPACE && text.charCodeAt(end - 2) !== SPACE) {
    return text.slice(start + 1, end - 1);
  }
  const shown = makeVisible(decodeString(text.slice(start, end)));
  // An empty text, or a space at either end, would be invisible.
  return shown === '' || shown.startsWith(' ') || shown.endsWith(' ') ? `"${shown}"` : shown;
}

function showScalar(view: ValueView, start: number, end: number): string {
  const isString = view.text.charCodeAt(start) === QUOTE;
  return isString ? showString(view, start, end) : view.text.slice(start, end);
}

/** The visible JSON of any value, on one line; cut unless wide or a number. */
export function showSource(view: ValueView, start: number, end: number): string {
  const source = joinRawLines(view.text.slice(start, end));
  const mayBeCut = source.charCodeAt(0) === QUOTE || isContainerAt(source, 0);
  if (mayBeCut && !view.isWide && source.length > MAX_TEXT_LENGTH)
    return shortenEnd(source, MAX_SOURCE_LENGTH, view.signs.ellipsis, dropCutNumber);
  return view.isPlain ? source : makeVisible(source);
}

/** A visible name and value; without a name it is a value or a note. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** Limits of what is shown of one event. */
export interface NestedBounds {
  /** Maximum number of levels to open. */
  readonly depth: number;
  readonly pairs: number;
  /** Items of an array without arrays and objects. */
  readonly scalars: number;
  /** Items of any other array. */
  readonly containers: number;
  /** Characters of a name with the names above it. */
  readonly pathLength: number;
}

/** Lists the array or object from `start` to `end` as pairs, `items[0].x 1`; `depth` is the number of levels above it. */
export function listNested(
  view: ValueView,
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
    if (!isContainerAt(view.text, from)) pairs.push({ name: path, value: showScalar(view, from, to) });
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
      open(cutEnd(path + step, bounds.pathLength, ellipsis), value.start, value.end, level + 1);
    }
    if (pairs.length >= bounds.pairs) pairs.push({ name: '', value: ellipsis });
    else if (shown < count) pairs.push({ name: path, value: countHidden(count - shown, ellipsis) });
  };
  open(name, start, end, depth);
  return pairs;
}

function listScalars(view: ValueView, { values, count }: JsonLevel, limit: number): string {
  const items = values.slice(0, limit).map(({ start, end }) => showScalar(view, start, end));
  if (items.length < count) items.push(countHidden(count - items.length, view.signs.ellipsis));
  return `[${items.join(', ')}]`;
}

function countHidden(count: number, ellipsis: string): string {
  return `${ellipsis} ${groupDigits(String(count))} more`;
}

/** Shorter texts are words or amounts, longer ones are not addresses, hashes or signatures. */
const MIN_HASH_LENGTH = 26;
const MAX_HASH_LENGTH = 130;
const LETTER_X = 0x78;

const DIGIT = 1;
const LETTER = 2;
const OTHER = 4;
/** The class of each ASCII character; a loop without branches is three times as fast. */
const CLASSES = Uint8Array.from({ length: 128 }, (_unused, code) => {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? LETTER : OTHER;
});

/** Whether the text from `start` to `end` looks like an address, a hash or a signature. */
export function isHashLike(text: string, start: number, end: number): boolean {
  if (end - start < MIN_HASH_LENGTH || end - start > MAX_HASH_LENGTH) return false;
  let found = 0;
  for (let at = start; at < end; at++) found |= CLASSES[text.charCodeAt(at)] ?? OTHER;
  return found === (DIGIT | LETTER);
}

/** `0x301b…6d29`: the first four characters, after a `0x` if there is one, and the last four. */
export function shortenMiddle(text: string, start: number, end: number, ellipsis: string): string {
  const head = start + (text.charCodeAt(start + 1) === LETTER_X ? 6 : 4);
  return text.slice(start, head) + ellipsis + text.slice(end - 4, end);
}

/** The visible text, cut to at most `maxCharacters`, the last one the ellipsis. */
function cutEnd(text: string, maxCharacters: number, ellipsis: string): string {
  const cut = truncateVisible(text, maxCharacters);
  return cut.endsWith(SIGNS.ellipsis) ? cut.slice(0, -1) + ellipsis : cut;
}

/** The beginning of a text that is longer than `maxCharacters`, and its length; `trim` shortens what is kept. */
function shortenEnd(
  text: string,
  maxCharacters: number,
  ellipsis: string,
  trim: (kept: string) => string = (kept) => kept,
): string {
  const length = groupDigits(String(countCodePoints(text)));
  return `${trim(cutEnd(text, maxCharacters, ''))}${ellipsis} (${length} characters)`;
}

function countCodePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const isPair = (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    if (isPair) at++;
    count++;
  }
  return count;
}
