// Lays out pieces of text on the lines of a terminal: as many as fit, the rest on the next lines, indented. Only a single
// unbroken word may be wider than the terminal. Without a terminal each event is one line.
import type { Paint } from '../paint.ts';
import { measureWidth, splitByWidth } from '../text-width.ts';

/** Columns between values, and between the parts of one value. */
export const GAP = 2;
export const SPACE = 1;

/** `SPACES[n]` is n spaces; cached, since creating them would take most of the time here. */
const SPACES = Array.from({ length: 40 }, (_unused, n) => ' '.repeat(n));

export interface StyledText {
  readonly visible: string;
  readonly paint: Paint;
}

export class Flow {
  /** False if every event is one line; then widths are not needed and may be 0. */
  isBounded = false;
  #columns = Number.POSITIVE_INFINITY;
  #indent = 0;
  #text = '';
  readonly #breaksWords: boolean;
  /** Columns used on the current line. */
  #column = 0;
  /** Spaces that align the next piece, if it is on this line. */
  #padding = 0;
  /** Lines of this event so far. */
  #lines = 1;
  /** The current line has only its indent so far. */
  #isAtStart = true;

  /** @param breaksWords whether a word that is wider than a line is broken */
  constructor(breaksWords: boolean) {
    this.#breaksWords = breaksWords;
  }

  /**
   * @param columns of the terminal, or Infinity
   * @param indent spaces before every line of an event except the first
   */
  setFrame(columns: number, indent: number): void {
    this.#columns = columns;
    this.#indent = indent;
    this.isBounded = columns !== Number.POSITIVE_INFINITY;
  }

  /** Returns the lines of the event, and starts the next one. */
  take(): string {
    const text = `${this.#text}\n`;
    this.restart();
    return text;
  }

  /** Drops what was added since the last `take`. */
  restart(): void {
    this.#text = '';
    this.#column = 0;
    this.#padding = 0;
    this.#lines = 1;
    this.#isAtStart = true;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Columns of a line after the first. */
  get room(): number {
    return this.#columns - this.#indent;
  }

  /** Whether `width` more columns, gaps included, fit on the current line. */
  fits(width: number): boolean {
    return this.#column + width <= this.#columns;
  }

  /** Adds a piece, on the next line if it does not fit on this one. */
  add(visible: string, paint: Paint, width: number, gap: number): void {
    this.#begin(width, gap);
    this.#text += paint.open + visible + paint.close;
  }

  /** Adds a text word by word. */
  addWords(visible: string, paint: Paint, gap: number): void {
    if (!this.isBounded) {
      this.add(visible, paint, 0, gap);
      return;
    }
    let space = gap;
    // Most texts are one word, and searching for a space is faster than splitting.
    for (const word of visible.includes(' ') ? visible.split(' ') : [visible]) {
      const width = measureWidth(word);
      if (width <= this.room || !this.#breaksWords) {
        this.add(word, paint, width, space);
      } else {
        for (const piece of splitByWidth(word, this.room)) {
          this.add(piece, paint, measureWidth(piece), space);
          space = 0;
        }
      }
      space = 1;
    }
  }

  /** Adds texts that belong together: on one line if a line can hold them, else word by word. */
  addPhrase(phrase: readonly StyledText[], gap: number): void {
    const width = this.isBounded ? measurePhrase(phrase) : 0;
    let space = gap;
    if (width > this.room) {
      this.breakLine();
      for (const { visible, paint } of phrase) {
        this.addWords(visible, paint, space);
        space = 1;
      }
      return;
    }
    this.#begin(width, gap);
    let between = '';
    for (const { visible, paint } of phrase) {
      this.#text += between + paint.open + visible + paint.close;
      between = ' ';
    }
  }

  /** Leaves columns empty after the last piece, if another follows on the same line. */
  pad(columns: number): void {
    this.#padding += columns;
  }

  breakLine(): void {
    if (this.#isAtStart) return;
    this.#text += `\n${' '.repeat(this.#indent)}`;
    this.#column = this.#indent;
    this.#padding = 0;
    this.#lines += 1;
    this.#isAtStart = true;
  }

  /** Moves to where a piece of that width begins. */
  #begin(width: number, gap: number): void {
    const least = this.#isAtStart ? 0 : gap;
    let space = least + this.#padding;
    // A piece on this line without alignment is better than one on the next line.
    if (this.#column + space + width > this.#columns) space = least;
    if (this.#column + space + width > this.#columns && !this.#isAtStart) {
      this.breakLine();
    } else {
      if (space > 0) this.#text += SPACES[space] ?? ' '.repeat(space);
      this.#column += space;
      this.#padding = 0;
    }
    this.#isAtStart = false;
    this.#column += width;
  }
}

/** Columns of the texts with spaces between them. */
export function measurePhrase(phrase: readonly StyledText[]): number {
  return phrase.reduce((sum, { visible }) => sum + measureWidth(visible), phrase.length - 1);
}
