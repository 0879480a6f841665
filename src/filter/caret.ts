// Shows the place of a fault in what the user wrote, with a caret under it.
import stringWidth from 'string-width';
import { UsageError } from '../errors.ts';
import type { ExpressionFault } from '../events/path.ts';

/** What a terminal does not show, or shows in another width than it has here. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Columns of the text before and behind the place: with the caret all that fits on a usual terminal. */
const COLUMNS_BEFORE = 40;
const COLUMNS_BEHIND = 30;
/** More than fits, whatever it is. */
const MAX_LENGTH = 1_000;
const ELLIPSIS = '…';
/** What a key is made of (contract P2), how it begins, and what other forms of it are made of. */
const PRINTABLE = /^[!-~]$/;
const KEY_BEGIN = 'ak_';
const OF_WORD = /^[\w%+/=-]$/;

const graphemes = new Intl.Segmenter();

/** A usage error for `text`, the value of `flag`; `advice` stands behind the caret. */
export function pointAt(flag: string, text: string, fault: ExpressionFault, advice: string): UsageError {
  const message = `invalid ${flag}: ${fault.message}`;
  if (text.trim() === '') return new UsageError(message, advice);
  const before = split(text.slice(Math.max(0, fault.at - MAX_LENGTH), fault.at));
  const from = before.length - countFitting(before.toReversed(), COLUMNS_BEFORE);
  const behind = split(text.slice(fault.at, fault.at + MAX_LENGTH));
  const to = before.length + countFitting(behind, COLUMNS_BEHIND);
  const pieces = [...before, ...behind];
  const begin = from === 0 ? '' : ELLIPSIS + dropTorn(pieces, from, before.length, 1);
  const keptBefore = begin === '' ? before.join('') : begin;
  const keptBehind =
    to === pieces.length ? behind.join('') : dropTorn(pieces, to - 1, before.length - 1, -1) + ELLIPSIS;
  const indent = ' '.repeat(stringWidth(keptBefore));
  return new UsageError(message, `${keptBefore}${keptBehind}\n${indent}^ ${advice}`);
}

/** Into pieces of which each can be seen. */
function split(text: string): string[] {
  return Array.from(
    graphemes.segment(text.replaceAll('\t', ' ').replace(HIDDEN, escapeUnits)),
    ({ segment }) => segment,
  );
}

/** As everything invisible is written on a screen (contract O2). */
function escapeUnits(hidden: string): string {
  return Array.from({ length: hidden.length }, (_unused, i) => {
    return `\\u${hidden.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}

/** How many pieces fit, in front of an ellipsis if not all of them do. */
function countFitting(pieces: readonly string[], columns: number): number {
  let left = columns;
  for (const [i, piece] of pieces.entries()) {
    left -= stringWidth(piece);
    if (left < 0) return i;
  }
  return pieces.length;
}

/**
 * The pieces from `from`, next to which something was cut, up to but without `to`. A word of which a part is cut
 * goes as a whole: it could be a key, and what is left of one nobody recognizes as such.
 */
function dropTorn(pieces: readonly string[], from: number, to: number, step: 1 | -1): string {
  const isIn = (pattern: RegExp, at: number): boolean => pattern.test(pieces[at] ?? ' ');
  let [first, last] = [from, from];
  while (first > 0 && isIn(PRINTABLE, first - 1)) first -= 1;
  while (last < pieces.length && isIn(PRINTABLE, last)) last += 1;
  const torn = pieces.slice(first, last).join('').includes(KEY_BEGIN) ? PRINTABLE : OF_WORD;
  let at = from;
  while (at !== to && isIn(torn, at)) at += step;
  return (step === 1 ? pieces.slice(at, to) : pieces.slice(to + 1, at + 1)).join('');
}
