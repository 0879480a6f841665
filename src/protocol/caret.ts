// Shows the place of a fault in what the user wrote, with a caret under it.
import stringWidth from 'string-width';
import { UsageError } from '../errors.ts';
import type { ExpressionFault } from './path.ts';

/** What a terminal does not show, or shows in another width than it has here. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Columns of the text before and behind the place: with the caret all that fits on a usual terminal. */
const COLUMNS_BEFORE = 40;
const COLUMNS_BEHIND = 30;
/** More than fits, whatever it is. */
const MAX_LENGTH = 1_000;
const ELLIPSIS = '…';

const graphemes = new Intl.Segmenter();

/** A usage error for `text`, the value of `flag`; `advice` stands behind the caret. */
export function pointAt(flag: string, text: string, fault: ExpressionFault, advice: string): UsageError {
  const message = `invalid ${flag}: ${fault.message}`;
  if (text.trim() === '') return new UsageError(message, advice);
  const before = split(text.slice(Math.max(0, fault.at - MAX_LENGTH), fault.at)).reverse();
  const keptBefore = cut(before, COLUMNS_BEFORE).reverse().join('');
  const behind = cut(split(text.slice(fault.at, fault.at + MAX_LENGTH)), COLUMNS_BEHIND).join('');
  const indent = ' '.repeat(stringWidth(keptBefore));
  return new UsageError(message, `${keptBefore}${behind}\n${indent}^ ${advice}`);
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

/** The first pieces that fit, with an ellipsis for the others. */
function cut(pieces: readonly string[], columns: number): string[] {
  const kept: string[] = [];
  let left = columns;
  for (const piece of pieces) {
    left -= stringWidth(piece);
    if (left < 0) return [...kept, ELLIPSIS];
    kept.push(piece);
  }
  return kept;
}
