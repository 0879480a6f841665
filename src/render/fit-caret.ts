// Keeps a caret under its place where the terminal is too narrow for the line that it points into.
import { estimateWidth } from './wrap-words.ts';

const CARET = /^( *)\^/;
const ELLIPSIS = '…';
/** Of the columns, for what stands in front of the place: what is behind it says more. */
const SHARE_BEFORE = 0.6;

/** Lines, of which the second may begin with a caret: then the first one is cut on both sides to fit. */
export function fitCaret(lines: readonly string[], columns: number): string[] {
  const [text = '', pointer = '', ...others] = lines;
  const indent = CARET.exec(pointer)?.[1];
  if (indent === undefined || estimateWidth(text) <= columns) return [...lines];
  const characters = Array.from(text);
  const most = Math.max(1, Math.floor(columns * SHARE_BEFORE));
  let place = indent.length;
  let from = 0;
  for (; place > most && from < characters.length; from++) place -= estimateWidth(characters[from] ?? '');
  const begin = from === 0 ? '' : ELLIPSIS;
  place += begin.length;
  let shown = begin;
  let width = begin.length;
  for (const character of characters.slice(from)) {
    width += estimateWidth(character);
    if (width >= columns) {
      shown += ELLIPSIS;
      break;
    }
    shown += character;
  }
  return [shown, ' '.repeat(place) + pointer.slice(indent.length), ...others];
}
