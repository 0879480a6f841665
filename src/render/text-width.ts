// Measures visible text in columns of a terminal, and cuts it to fit.
import stringWidth from 'string-width';
import { NO_PAINT, type Paint } from './paint.ts';

/** The ellipsis and the arrows take one column too. */
const NOT_SURELY_NARROW = /[^ -~…←→↔]/;
/** Longer texts are wider than any terminal; measuring a megabyte would take a second. */
const MAX_MEASURED_LENGTH = 4_096;

/** Above 4,096 UTF-16 units, the result is the length of the text. */
export function measureWidth(visible: string): number {
  if (visible.length > MAX_MEASURED_LENGTH || !NOT_SURELY_NARROW.test(visible)) return visible.length;
  return stringWidth(visible);
}

const graphemes = new Intl.Segmenter();

/** UTF-16 units that are read for each column when a text is cut; a longer grapheme is left out. */
const MAX_UNITS_PER_COLUMN = 8;
/** An escape such as `\u202e` that was cut. */
const PART_OF_ESCAPE = /\\(?:u[0-9a-f]{0,3})?$/;

/** Keeps whole graphemes. */
export function cutText(visible: string, columns: number, ellipsis: string): string {
  if (measureWidth(visible) <= columns) return visible;
  const room = columns - ellipsis.length;
  if (room <= 0) return ellipsis.slice(0, columns);
  return keepGraphemes(visible, room).replace(PART_OF_ESCAPE, '').trimEnd() + ellipsis;
}

function keepGraphemes(visible: string, room: number): string {
  const start = visible.slice(0, MAX_UNITS_PER_COLUMN * room);
  if (!NOT_SURELY_NARROW.test(start)) return start.slice(0, room);
  const segments = [...graphemes.segment(start)];
  // The last one may be incomplete.
  if (start.length < visible.length) segments.pop();
  let width = 0;
  let end = 0;
  for (const { segment, index } of segments) {
    width += stringWidth(segment);
    if (width > room) break;
    end = index + segment.length;
  }
  return start.slice(0, end);
}

/** Drops the last grapheme of a text that was cut, since it may be incomplete. */
export function dropLastGrapheme(visible: string): string {
  const last = [...graphemes.segment(visible)].at(-1);
  return visible.slice(0, last?.index ?? 0).replace(PART_OF_ESCAPE, '');
}

export interface Piece {
  /** Without control and invisible characters. */
  readonly text: string;
  /** Default: it is measured. */
  readonly width?: number;
  readonly paint?: Paint;
  /** To make room for this piece, the first one is cut and others are left out. */
  readonly isKept?: boolean;
}

const PIECE_GAP = 2;
/** The minimum width to which the first piece is cut to make room for the pieces that are kept. */
const MIN_FIRST = 12;

/**
 * As many pieces as fit, in their order; the first one is cut if necessary.
 *
 * @param ellipsis if empty, the first piece is only cut if it alone is wider than the terminal
 * @param skips whether pieces after one that does not fit may still be shown
 */
export function joinPieces(
  pieces: readonly Piece[],
  columns: number,
  { ellipsis, skips }: { readonly ellipsis: string; readonly skips: boolean },
): string {
  const sized = pieces.map((piece) => ({ ...piece, own: piece.width ?? measureWidth(piece.text) }));
  const [first, ...others] = sized;
  if (first === undefined) return '';
  const kept = others.filter(({ isKept }) => isKept);
  const leastFirst = ellipsis === '' ? first.own : Math.min(first.own, MIN_FIRST);
  const roomBesideKept = kept.reduce((room, { own }) => room - own - PIECE_GAP, columns);
  const shown = new Set(roomBesideKept >= leastFirst ? kept : []);
  let room = roomBesideKept >= leastFirst ? roomBesideKept : columns;
  const start = first.own > room ? cutText(first.text, room, ellipsis) : first.text;
  room -= start === first.text ? first.own : measureWidth(start);
  for (const piece of others) {
    if (shown.has(piece)) continue;
    if (piece.own + PIECE_GAP <= room) {
      shown.add(piece);
      room -= piece.own + PIECE_GAP;
    } else if (!skips) break;
  }
  return [{ ...first, text: start }, ...others.filter((piece) => shown.has(piece))]
    .map(({ text, paint = NO_PAINT }) => `${paint.open}${text}${paint.close}`)
    .join(makeSpaces(PIECE_GAP));
}

/** Cached, since creating spaces takes most of the time of an aligned row. */
const SPACES = Array.from({ length: 80 }, (_unused, n) => ' '.repeat(n));

export function makeSpaces(count: number): string {
  return SPACES[count] ?? ' '.repeat(Math.max(0, count));
}
