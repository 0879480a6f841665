// Tables and JSON on stdout, for commands that print settings: redacted (contract P4) and safe on a terminal.
import { makeVisible, stringifySafe } from '../render/sanitize.ts';
import type { Io } from './io.ts';

const GAP = '  ';
const INDENT = '    ';

export function printTable(io: Io, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map((row) => row.map((cell) => io.toDisplay(cell)));
  print(io, formatTable(header, cells, io.stdout.columns()));
}

/** A table that is wider than the terminal becomes one block per row. @param columns undefined without a terminal */
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

export function print(io: Io, text: string): void {
  io.writeOut(io.redactor.redact(text));
}

/** One line, safe on a terminal. */
export function printJson(io: Io, value: unknown): void {
  print(io, `${stringifySafe(value)}\n`);
}
