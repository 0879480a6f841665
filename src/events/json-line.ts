// Matches lines of JSON that this program wrote and another program may have reformatted, with white space between
// tokens and at both ends.
import { NOT_FOUND, OPEN_OBJECT } from './scan-constants.ts';
import { type Names, seekMembers, seekValue, skipValue, viewMemory } from './seek.ts';

/** Tab, CR and space. A line feed ends the line, and NUL bytes are damage. */
const WHITE_BYTES = [0x09, 0x0d, 0x20];
const WHITE_SPACE = '[ \\t\\r]*';

/** Matches the start of a line. Each token is a regular expression. */
export function matchTokens(...tokens: readonly string[]): RegExp {
  return new RegExp(`^${['', ...tokens, ''].join(WHITE_SPACE)}`);
}

/**
 * The members may be in any order, since `jq -S` sorts them. Undefined if one is missing.
 *
 * @param line accepted by `classifyText`
 */
export function readMembers(line: Buffer, names: Names): Buffer[] | undefined {
  const { buffer, byteOffset, length } = line;
  const view = viewMemory(buffer);
  const end = byteOffset + length;
  const at = seekValue(view, byteOffset, end);
  if (view.getUint8(at) !== OPEN_OBJECT) return undefined;
  const places = new Int32Array(names.texts.length);
  seekMembers(view, at, end, names, places);
  if (places.includes(NOT_FOUND)) return undefined;
  return [...places].map((place) =>
    line.subarray(place - byteOffset, skipValue(view, place, end) - byteOffset),
  );
}

export type Reformatting = 'pretty-printed' | 'one-array';

/** @param line the first line of a file. @returns undefined if each line may be a value of its own */
export function findReformatting(line: Buffer): Reformatting | undefined {
  const opening = line.toString('utf8', 0, MAX_OPENING_BYTES);
  if (/^[\ufeff\s]*[{[]\s*$/.test(opening)) return 'pretty-printed';
  return /^[\ufeff\s]*\[\s*\{/.test(opening) ? 'one-array' : undefined;
}

/** Longer than two brackets with the white space around them. */
const MAX_OPENING_BYTES = 100;

export function trimLineEnd(line: Buffer): Buffer {
  let end = line.length;
  while (end > 0 && WHITE_BYTES.includes(line[end - 1] as number)) end--;
  return end === line.length ? line : line.subarray(0, end);
}
