// How many columns of a terminal a visible text takes, and how it is cut into pieces that fit.
//
// Printable ASCII, most of what comes, is not measured but counted; string-width knows the rest (East Asian
// wide characters, emoji sequences, marks that take no column).
import stringWidth from 'string-width';

/** The ellipsis and the arrows of our own making are as narrow. */
const NOT_SURELY_NARROW = /[^ -~…←→↔]/;
/** Longer texts are surely wider than a terminal; measuring a megabyte would take a second. */
const MAX_MEASURED_LENGTH = 4_096;

/** Columns of a text that `makeVisible` has passed; texts of more than 4,096 UTF-16 units count as that wide. */
export function measureWidth(visible: string): number {
  if (visible.length > MAX_MEASURED_LENGTH || !NOT_SURELY_NARROW.test(visible)) return visible.length;
  return stringWidth(visible);
}

const graphemes = new Intl.Segmenter();

/** Between groups of digits a piece may end a little sooner. */
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

/** The text in pieces of at most `columns` each; only a single character that is wider stands beyond, also where there is no column. */
export function splitByWidth(visible: string, columns: number): string[] {
  if (!NOT_SURELY_NARROW.test(visible)) {
    return splitNarrow(visible, Math.max(columns, 1));
  }
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
