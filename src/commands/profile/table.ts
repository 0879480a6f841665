// A table for people: columns where they fit, blocks where a terminal is too narrow for them.
import type { Io } from '../../io/io.ts';
import { makeVisible } from '../../render/sanitize.ts';
import { print } from './describe.ts';

const GAP = '  ';
const INDENT = '    ';

/** Prints rows below a header on stdout. */
export function printTable(io: Io, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map((row) => row.map((cell) => io.toDisplay(cell)));
  print(io, formatTable(header, cells, io.stdout.columns()));
}

/**
 * Rows below a header, everything foreign in them made visible. Ends with a line break.
 *
 * @param columns width of the terminal; undefined where nothing would break a line, as in a file. A row that is
 *   wider would be broken anywhere: then each row is a block, its first cell above the others with their names.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  const cells = rows.map((row) => row.map((cell) => makeVisible(cell)));
  const lines = alignColumns([header, ...cells]);
  const isTooWide = columns !== undefined && lines.some((line) => line.length > columns);
  const shown = isTooWide ? cells.flatMap((row) => formatBlock(header, row)) : lines;
  return shown.map((line) => `${line}\n`).join('');
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function formatBlock(header: readonly string[], [title = '', ...cells]: readonly string[]): string[] {
  const named = cells.map((cell, at) => [`${INDENT}${(header[at + 1] ?? '').toLowerCase()}`, cell]);
  return [title, ...alignColumns(named)];
}
