// Wraps text for a terminal of any width; words are never broken.
import { joinWords } from '../render/fit-lines.ts';

/** Lines of at most `width` columns; a longer word has its own line. `(default:` and the next word stay together. */
export function wrapText(text: string, width: number): string[] {
  return joinWords(text.split(/(?<!\(default:) /), width);
}

const INDENT = '  ';

/**
 * Folds a shell command into lines of at most `width` columns, with backslashes, so that it can be copied. Lines break
 * between words, never inside quotes, and preferably before a flag.
 */
export function foldCommand(command: string, width: number): string[] {
  if (command.length <= width) return [command];
  const words = command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [command];
  const units = pairFlags(words).flatMap((unit) =>
    unit.join(' ').length + INDENT.length + 2 > width ? unit : unit.join(' '),
  );
  const lines = joinWords(units, width - 2, INDENT);
  return lines.map((line, at) => (at < lines.length - 1 ? `${line} \\` : line));
}

/** Two columns; meanings are below their terms if the second column would be too narrow. */
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

const MIN_MEANING_WIDTH = 30;

/** Keeps a flag and its value on one line, and an operator such as `|` with the word after it. */
function pairFlags(words: readonly string[]): string[][] {
  const isOpening = (word: string): boolean => /^(?:-|[|<>]$)/.test(word);
  const units: string[][] = [];
  for (const word of words) {
    const before = units.at(-1);
    if (before?.length === 1 && isOpening(before[0] ?? '') && !isOpening(word)) before.push(word);
    else units.push([word]);
  }
  return units;
}
