// Fits lines of messages to the terminal's width: wraps them between words, or cuts them around a caret. A word that is
// wider than the terminal stays whole, so that a URL or a path can still be copied.
import { SIGNS, type Signs } from './signs.ts';

/** Narrower terminals wrap by themselves. */
const MIN_COLUMNS = 20;
const INDENT = '  ';

const PRINTABLE_ASCII = /^[ -~]*$/;
const NO_WIDTH = /[\p{M}\u200d]/u;
/** East Asian wide characters and emoji, by their blocks. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Approximate columns of a visible text. The exact measure is in text-width.ts, which takes 30 ms to load. */
export function estimateWidth(visible: string): number {
  if (PRINTABLE_ASCII.test(visible)) return visible.length;
  let width = 0;
  for (const character of visible) width += WIDE.test(character) ? 2 : NO_WIDTH.test(character) ? 0 : 1;
  return width;
}

/** Lines of at most `columns` columns, all but the first indented. */
export function wrapWords(text: string, columns: number): string[] {
  if (estimateWidth(text) <= columns || columns < MIN_COLUMNS) return [text];
  const [, margin = '', body = ''] = /^( *)(.*)$/su.exec(text) ?? [];
  return joinWords(body.split(' '), columns, INDENT, margin);
}

/** The first line begins with `margin`, each other line with `indent`. */
export function joinWords(words: readonly string[], columns: number, indent = '', margin = ''): string[] {
  const lines: string[] = [];
  let line = margin;
  let width = margin.length;
  let isEmpty = true;
  for (const word of words) {
    const own = estimateWidth(word);
    if (!isEmpty && width + 1 + own > columns) {
      lines.push(line);
      line = indent + word;
      width = indent.length + own;
    } else {
      line += isEmpty ? word : ` ${word}`;
      width += isEmpty ? own : 1 + own;
    }
    isEmpty = false;
  }
  return [...lines, line];
}

const CARET = /^( *)\^/;
/** Maximum share of the columns for the text before the caret. */
const SHARE_BEFORE = 0.6;

/**
 * If the second line is a caret under a UTF-16 unit of the first line, as `parseWithCaret` writes it, the first line
 * is cut on both sides to fit, and the caret stays under its unit.
 *
 * @param columns of the terminal, or Infinity
 * @param display removes secrets and makes text visible, before anything is cut
 */
export function fitCaret(
  lines: readonly string[],
  columns: number,
  display: (text: string) => string,
  { ellipsis }: Signs = SIGNS,
): string[] {
  const visible = lines.map(display);
  const [text = '', pointer = '', ...others] = visible;
  const indent = CARET.exec(pointer)?.[1];
  if (indent === undefined) return visible;
  const advice = pointer.slice(indent.length);
  let caret = estimateWidth(display((lines[0] ?? '').slice(0, indent.length)));
  if (estimateWidth(text) <= columns) return [text, ' '.repeat(caret) + advice, ...others];
  const characters = Array.from(text);
  const maxBefore = Math.max(1, Math.floor(columns * SHARE_BEFORE));
  let from = 0;
  for (; caret > maxBefore && from < characters.length; from++)
    caret -= estimateWidth(characters[from] ?? '');
  let shown = from === 0 ? '' : ellipsis;
  caret += shown.length;
  let width = shown.length;
  for (const character of characters.slice(from)) {
    width += estimateWidth(character);
    if (width > columns - ellipsis.length) {
      shown += ellipsis;
      break;
    }
    shown += character;
  }
  return [shown, ' '.repeat(caret) + advice, ...others];
}
