// Pages that are generated from the program.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** With UPDATE_DOCS=1 writes a page if it changed. It is replaced in one step, since other tests read it meanwhile. */
export function updatePage(path: string, text: string): void {
  if (process.env['UPDATE_DOCS'] !== '1' || readFileSync(path, 'utf8') === text) return;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** A table; a bar inside a cell is escaped. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The anchor that GitHub gives a heading. */
export function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}
