// The columns that neighbours share: each grows with what comes, within a bound.

export const COLUMN = { type: 0, chain: 1, amount: 2, unit: 3, dollars: 4 } as const;
export type Column = (typeof COLUMN)[keyof typeof COLUMN];

/** What is wider pushes what follows aside. */
const MAX_WIDTHS = [20, 12, 24, 6, 16];
/** Where the rest of the line is needed: one long fraction must not push all its neighbours to the right. */
const MAX_AMOUNT_WIDTH_IF_SHORT = 16;

export class SharedWidths {
  /** On a narrow terminal columns of figures would only push the rest to the next line. */
  alignsFigures = true;
  readonly #widths = new Int32Array(MAX_WIDTHS.length);
  readonly #bounds = Int32Array.from(MAX_WIDTHS);

  /** Of what comes from here on: whether figures stand in columns, and whether room is short. */
  setFrame(alignsFigures: boolean, isShort: boolean): void {
    this.alignsFigures = alignsFigures;
    const bound = isShort ? MAX_AMOUNT_WIDTH_IF_SHORT : (MAX_WIDTHS[COLUMN.amount] ?? 0);
    this.#bounds[COLUMN.amount] = bound;
    this.#widths[COLUMN.amount] = Math.min(this.of(COLUMN.amount), bound);
  }

  /** As far as the column has grown. */
  of(column: Column): number {
    return this.#widths[column] as number;
  }

  /** The width of a column that holds this one too, or `width` where that is beyond all columns. */
  grow(column: Column, width: number): number {
    const known = this.#widths[column] as number;
    if (width <= known) return known;
    if (width <= (this.#bounds[column] as number)) this.#widths[column] = width;
    return width;
  }
}
