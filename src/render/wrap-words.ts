// Breaks a long line between words, for a terminal that would break it inside of one.
//
// Nothing is taken away but the space at each break; a word that is wider than the terminal stays whole, so
// that a URL or a path can still be copied.

/** Less is no width to read on: then the terminal does as it likes. */
const MIN_COLUMNS = 20;
const INDENT = '  ';

const ASCII = /^[ -~]*$/;
const MARK = /\p{M}/u;
/** East Asian wide characters and emoji, by their blocks. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns of a visible text, near enough to break lines by: to measure it takes 30 ms of loading. */
export function estimateWidth(visible: string): number {
  if (ASCII.test(visible)) return visible.length;
  let width = 0;
  for (const character of visible) width += WIDE.test(character) ? 2 : MARK.test(character) ? 0 : 1;
  return width;
}

/** Lines of at most `columns` columns, all but the first indented; the text itself where it fits. */
export function wrapWords(text: string, columns: number): string[] {
  if (estimateWidth(text) <= columns || columns < MIN_COLUMNS) return [text];
  const [, margin = '', body = ''] = /^( *)(.*)$/su.exec(text) ?? [];
  return joinWords(body.split(' '), columns, INDENT, margin);
}

/** Words on lines of at most `columns` columns; the first begins with `margin`, each other with `indent`. */
export function joinWords(words: readonly string[], columns: number, indent = '', margin = ''): string[] {
  const lines: string[] = [];
  let line = margin;
  let width = margin.length;
  let isEmpty = true;
  for (const word of words) {
    const own = estimateWidth(word);
    if (!isEmpty && width + 1 + own > columns) {
      lines.push(line);
      line = indent + word;
      width = indent.length + own;
    } else {
      line += isEmpty ? word : ` ${word}`;
      width += isEmpty ? own : 1 + own;
    }
    isEmpty = false;
  }
  return [...lines, line];
}
