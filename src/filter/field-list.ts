// The paths of `--fields a.b,items[0].x`. Names with commas or dots are written `["like, this"]`.
import { ExpressionFault, parsePath, type Step } from '../events/path.ts';
import { readWord } from './read-word.ts';

/** A field to print. */
interface FieldPath {
  /** As it was written: the name of its column. */
  readonly text: string;
  readonly steps: readonly Step[];
}

const SPACE = /\s*/y;

/** Reads a list of paths. @throws UsageError with a caret under the place of the fault */
export function parseFieldList(text: string): Promise<readonly FieldPath[]> {
  return readWord('--fields', text, readList, 'accepted: paths such as a.b, items[0].x or ["odd name"].x');
}

function readList(text: string): FieldPath[] {
  const fields: FieldPath[] = [];
  const skipSpace = (at: number): number => {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    return SPACE.lastIndex;
  };
  for (let at = 0; ; at += 1) {
    const start = skipSpace(at);
    const { steps, end } = parsePath(text, start);
    fields.push({ text: text.slice(start, end), steps });
    at = skipSpace(end);
    if (at === text.length) return fields;
    if (text[at] !== ',') throw new ExpressionFault('expected a comma, or the end', at);
  }
}
