// Measures visible text in columns of a terminal, and splits it into pieces that fit. Printable ASCII takes a fast path;
// string-width measures the rest (East Asian wide characters, emoji sequences, combining marks).
import stringWidth from 'string-width';

/** The ellipsis and the arrows take one column too. */
const NOT_SURELY_NARROW = /[^ -~…←→↔]/;
/** Longer texts are wider than any terminal; measuring a megabyte would take a second. */
const MAX_MEASURED_LENGTH = 4_096;

/** Columns of a text from `makeVisible`. Above 4,096 UTF-16 units the result is the length of the text. */
export function measureWidth(visible: string): number {
  if (visible.length > MAX_MEASURED_LENGTH || !NOT_SURELY_NARROW.test(visible)) return visible.length;
  return stringWidth(visible);
}

const graphemes = new Intl.Segmenter();

/** A piece may end this much earlier, to break between groups of digits. */
const LONGEST_GROUP = 4;

function splitNarrow(text: string, columns: number): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (text.length - start > columns) {
    const comma = text.lastIndexOf(',', start + columns - 1);
    const end = comma >= Math.max(start, start + columns - LONGEST_GROUP) ? comma + 1 : start + columns;
    pieces.push(text.slice(start, end));
    start = end;
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** The text in pieces of at most `columns` columns each, at least one character in each piece. */
export function splitByWidth(visible: string, columns: number): string[] {
  if (!NOT_SURELY_NARROW.test(visible)) return splitNarrow(visible, Math.max(columns, 1));
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  for (const { segment } of graphemes.segment(visible)) {
    const segmentWidth = stringWidth(segment);
    if (width + segmentWidth > columns && piece !== '') {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += segment;
    width += segmentWidth;
  }
  if (piece !== '') pieces.push(piece);
  return pieces;
}
