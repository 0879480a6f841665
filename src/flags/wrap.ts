// Lays out words for a terminal of any width; a word is never broken.
import { joinWords } from '../render/fit-lines.ts';

/** Lines of at most `width` columns; a single longer word stands alone. */
export function wrapText(text: string, width: number): string[] {
  return joinWords(text.split(' '), width);
}

/**
 * A command of a shell on lines of at most `width` columns, each but the last ending in a backslash: it can be
 * copied as it stands. Lines break between words, never inside quotes, and where it can be before a flag.
 */
export function foldCommand(command: string, width: number, indent = '  '): string[] {
  if (command.length <= width) return [command];
  const words = command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [command];
  const units = pairFlags(words).flatMap((unit) =>
    unit.join(' ').length + indent.length + 2 > width ? unit : unit.join(' '),
  );
  const lines = joinWords(units, width - 2, indent);
  return lines.map((line, at) => (at < lines.length - 1 ? `${line} \\` : line));
}

/** Terms in one column and what they mean in another, or beneath each other where that is too narrow. */
export function alignTerms(
  rows: readonly (readonly [term: string, meaning: string])[],
  width: number,
  termWidth: number,
): string[] {
  const column = termWidth + 4;
  const isNarrow = width - column < MIN_MEANING_WIDTH;
  return rows.flatMap(([term, meaning]) => {
    if (meaning === '') return [`  ${term}`];
    const left = isNarrow ? 6 : column;
    const lines = wrapText(meaning, width - left);
    if (isNarrow || term.length > termWidth) {
      return [`  ${term}`, ...lines.map((line) => ' '.repeat(left) + line)];
    }
    const [first = '', ...rest] = lines;
    return [`  ${term.padEnd(termWidth)}  ${first}`, ...rest.map((line) => ' '.repeat(left) + line)];
  });
}

/** Beside a narrower column of meanings nothing can be read. */
const MIN_MEANING_WIDTH = 30;

/** A flag and its value, or a `|` and what it pipes into, stay together. */
function pairFlags(words: readonly string[]): string[][] {
  const units: string[][] = [];
  for (const word of words) {
    const before = units.at(-1);
    if (before?.length === 1 && /^(?:-|[|<>]$)/.test(before[0] ?? '') && !word.startsWith('-'))
      before.push(word);
    else units.push([word]);
  }
  return units;
}
