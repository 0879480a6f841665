// A value of an event as visible text: strings decoded, numbers as sent, everything else as its own JSON.

import { readString } from '../../events/json-level.ts';
import { makeVisible } from '../sanitize.ts';
import type { Signs } from '../signs.ts';
import { dropCutFigure } from './figures.ts';
import { isHashLike, shortenEnd, shortenMiddle } from './shorten.ts';

/** An event's text, and how its values are shown. */
export interface ValueView {
  readonly text: string;
  /** True where no value can hold anything but printable ASCII: nothing is left to make visible. */
  readonly isPlain: boolean;
  /** Addresses, hashes and long texts in full. */
  readonly isWide: boolean;
  readonly signs: Signs;
}

/** Longer texts are cut, unless wide: about two lines. */
const MAX_TEXT_LENGTH = 160;
const MAX_SOURCE_LENGTH = 80;
/** Shorter ones are no hashes, and need no cut. */
const MIN_LENGTH_TO_SHORTEN = 20;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const RAW_SPACE = /[\t\r\n]+/g;

/** The visible text of the string from `start` to `end`, shortened by its kind unless wide. */
export function showString(view: ValueView, start: number, end: number): string {
  const { text, isPlain, isWide, signs } = view;
  const length = end - start - 2;
  if (length >= MIN_LENGTH_TO_SHORTEN && !isWide) {
    if (isHashLike(text, start + 1, end - 1)) return shortenMiddle(text, start + 1, end - 1, signs.ellipsis);
    if (length > MAX_TEXT_LENGTH) return showLong(readString(text, start, end), signs);
  }
  if (isPlain && length > 0 && text.charCodeAt(start + 1) !== SPACE && text.charCodeAt(end - 2) !== SPACE) {
    return text.slice(start + 1, end - 1);
  }
  const shown = makeVisible(readString(text, start, end));
  // Spaces at an end, or nothing at all, could not be seen.
  return shown === '' || shown.startsWith(' ') || shown.endsWith(' ') ? `"${shown}"` : shown;
}

function showLong(value: string, { ellipsis }: Signs): string {
  return value.length > MAX_TEXT_LENGTH ? shortenEnd(value, MAX_TEXT_LENGTH, ellipsis) : makeVisible(value);
}

/** The visible text of a string, number or literal. */
export function showScalar(view: ValueView, start: number, end: number): string {
  const isString = view.text.charCodeAt(start) === QUOTE;
  return isString ? showString(view, start, end) : view.text.slice(start, end);
}

/** The visible source text of any value, on one line; cut unless wide, but for numbers. */
export function showSource(view: ValueView, start: number, end: number): string {
  const source = view.text.slice(start, end).replace(RAW_SPACE, ' ');
  const first = source.charCodeAt(0);
  const mayBeCut = first === QUOTE || first >= OPEN_ARRAY;
  if (mayBeCut && !view.isWide && source.length > MAX_TEXT_LENGTH)
    return shortenEnd(source, MAX_SOURCE_LENGTH, view.signs.ellipsis, dropCutFigure);
  return view.isPlain ? source : makeVisible(source);
}
