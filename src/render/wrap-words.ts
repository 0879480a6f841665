// Breaks a long line between words, for a terminal that would break it inside of one.
//
// Nothing is taken away but the space at each break; a word that is wider than the terminal stays whole, so
// that a URL or a path can still be copied.

/** Less is no width to read on: then the terminal does as it likes. */
const MIN_COLUMNS = 20;
const INDENT = '  ';

/** Lines of at most `columns` characters, all but the first indented; the text itself where it fits. */
export function wrapWords(text: string, columns: number): string[] {
  if (text.length <= columns || columns < MIN_COLUMNS) return [text];
  const [, margin = '', body = ''] = /^( *)(.*)$/su.exec(text) ?? [];
  return joinWords(body.split(' '), columns, INDENT, margin);
}

/** Words on lines of at most `columns` characters; the first begins with `margin`, each other with `indent`. */
export function joinWords(words: readonly string[], columns: number, indent = '', margin = ''): string[] {
  const lines: string[] = [];
  let line = margin;
  let isEmpty = true;
  for (const word of words) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
    isEmpty = false;
  }
  return [...lines, line];
}
