// Keeps a caret under its place, whatever happens to the line that it points into: signs are replaced by longer ones,
// or the terminal is too narrow.
import { SIGNS, type Signs, spellEllipses } from './signs.ts';
import { estimateWidth } from './wrap-words.ts';

const CARET = /^( *)\^/;
/** Of the columns, for what stands in front of the place: what is behind it says more. */
const SHARE_BEFORE = 0.6;

/**
 * Lines, of which the second may begin with a caret: then the first one is cut on both sides to fit.
 *
 * @param columns of the terminal, or Infinity
 */
export function fitCaret(lines: readonly string[], columns: number, signs: Signs = SIGNS): string[] {
  const [text = '', pointer = '', ...others] = lines;
  const indent = CARET.exec(pointer)?.[1];
  if (indent === undefined) return lines.map((line) => spellEllipses(line, signs));
  const before = takeColumns(text, indent.length);
  let place = indent.length + estimateWidth(spellEllipses(before, signs)) - estimateWidth(before);
  const point = (): string => ' '.repeat(place) + pointer.slice(indent.length);
  const whole = spellEllipses(text, signs);
  if (estimateWidth(whole) <= columns) return [whole, point(), ...others];
  const characters = Array.from(whole);
  const most = Math.max(1, Math.floor(columns * SHARE_BEFORE));
  let from = 0;
  for (; place > most && from < characters.length; from++) place -= estimateWidth(characters[from] ?? '');
  let shown = from === 0 ? '' : signs.ellipsis;
  let width = shown.length;
  place += width;
  for (const character of characters.slice(from)) {
    width += estimateWidth(character);
    if (width > columns - signs.ellipsis.length) {
      shown += signs.ellipsis;
      break;
    }
    shown += character;
  }
  return [shown, point(), ...others];
}

/** The beginning of a text, as far as it takes that many columns. */
function takeColumns(text: string, columns: number): string {
  let taken = '';
  for (const character of text) {
    if (estimateWidth(taken) >= columns) break;
    taken += character;
  }
  return taken;
}
