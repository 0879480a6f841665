// Matches lines of JSON that this program wrote and another program may have reformatted, with white space between
// tokens and at both ends.

/** Tab, CR and space. A line feed ends the line, and NUL bytes are damage. */
const WHITE_BYTES = [0x09, 0x0d, 0x20];
const WHITE_SPACE = '[ \\t\\r]*';

/** Matches the start of a line that this program wrote; each token is a regular expression. */
export function matchTokens(...tokens: readonly string[]): RegExp {
  return new RegExp(`^${['', ...tokens, ''].join(WHITE_SPACE)}`);
}

/** The line without white space at its end. */
export function trimLineEnd(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && WHITE_BYTES.includes(line[end - 1] as number)) end--;
  return end === line.length ? line : line.subarray(0, end);
}
