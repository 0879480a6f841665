// Lays pieces of text out on the lines of a terminal: as many on a line as fit, the rest below, indented.
//
// No line is wider than the terminal, but for a single word that must not be broken. Without a terminal
// everything of one event stands on one line.
import type { Paint } from '../paint.ts';
import { measureWidth, splitByWidth } from '../text-width.ts';

/** `SPACES[n]` are n spaces: making them anew for each gap would take longer than all else here. */
const SPACES = Array.from({ length: 40 }, (_unused, n) => ' '.repeat(n));

/** A visible text in one paint. */
export interface Words {
  readonly visible: string;
  readonly paint: Paint;
}

/** The lines of one event after the other. */
export class Flow {
  /** False where every event is one line: then widths do not matter and may be given as 0. */
  isBounded = false;
  #columns = Number.POSITIVE_INFINITY;
  #indent = 0;
  #text = '';
  readonly #breaksWords: boolean;
  /** Columns taken on the current line. */
  #column = 0;
  /** Spaces to keep the next piece in its column, if it stands on this line. */
  #padding = 0;
  /** Lines of this event so far. */
  #lines = 1;
  /** Nothing on the current line yet but its indent. */
  #isAtStart = true;

  /** `breaksWords`: whether a word that no line can hold is broken. */
  constructor(breaksWords: boolean) {
    this.#breaksWords = breaksWords;
  }

  /**
   * Sets the frame for what comes.
   *
   * @param columns of the terminal; Infinity where there is none
   * @param indent spaces before every line of an event but the first
   */
  setFrame(columns: number, indent: number): void {
    this.#columns = columns;
    this.#indent = indent;
    this.isBounded = columns !== Number.POSITIVE_INFINITY;
  }

  /** Hands out the lines of the event, and begins the next one. */
  take(): string {
    const text = `${this.#text}\n`;
    this.restart();
    return text;
  }

  /** Forgets what was added since the last `take`. */
  restart(): void {
    this.#text = '';
    this.#column = 0;
    this.#padding = 0;
    this.#lines = 1;
    this.#isAtStart = true;
  }

  /** Lines that the event takes so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Columns that a line below the first has. */
  get room(): number {
    return this.#columns - this.#indent;
  }

  /** Whether pieces of that width together, gaps included, fit behind what stands on the current line. */
  fits(width: number): boolean {
    return this.#column + width <= this.#columns;
  }

  /** Adds a piece of that width, on the next line if it does not fit on this one. */
  add(visible: string, paint: Paint, width: number, gap: number): void {
    this.#begin(width, gap);
    this.#text += paint.open + visible + paint.close;
  }

  /** Adds a text word by word, broken where it must be. */
  addWords(visible: string, paint: Paint, gap: number): void {
    if (!this.isBounded) {
      this.add(visible, paint, 0, gap);
      return;
    }
    let space = gap;
    // Most texts are one word, and looking for a space is faster than splitting.
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

  /** Adds words that belong together: on one line if any line can hold them, else word by word. */
  addPhrase(phrase: readonly Words[], gap: number): void {
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

  /** Leaves these columns free behind the last piece, if another follows on the same line. */
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

  /** Finds the place for a piece of that width. */
  #begin(width: number, gap: number): void {
    const least = this.#isAtStart ? 0 : gap;
    let space = least + this.#padding;
    // Rather out of its column than on the next line.
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

/** Columns of words with spaces between them. */
export function measurePhrase(phrase: readonly Words[]): number {
  return phrase.reduce((sum, { visible }) => sum + measureWidth(visible), phrase.length - 1);
}
