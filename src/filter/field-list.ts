// Parses the paths of `--fields a.b,items[0].x`, and of other flags of that form. Names with commas or dots are written
// `["like, this"]`.
import { ExpressionFault, type PathStep, parsePath } from '../events/path.ts';
import { FIELDS_ADVICE, FIELDS_FAULTS } from './messages.ts';
import { parseWithCaret } from './point-at-fault.ts';

interface FieldPath {
  /** The path as written: the name of its column. */
  readonly text: string;
  readonly steps: readonly PathStep[];
}

const WHITE_SPACE = /\s*/y;

/** @throws UsageError with a caret under the mistake */
export function parseFieldList(text: string, flag = '--fields'): Promise<readonly FieldPath[]> {
  return parseWithCaret(flag, text, parseList, FIELDS_ADVICE);
}

function parseList(text: string): FieldPath[] {
  const fields: FieldPath[] = [];
  const skipWhiteSpace = (at: number): number => {
    WHITE_SPACE.lastIndex = at;
    WHITE_SPACE.exec(text);
    return WHITE_SPACE.lastIndex;
  };
  for (let at = 0; ; at += 1) {
    const start = skipWhiteSpace(at);
    const { steps, end } = parsePath(text, start);
    fields.push({ text: text.slice(start, end), steps });
    at = skipWhiteSpace(end);
    if (at === text.length) return fields;
    if (text[at] !== ',') throw new ExpressionFault(FIELDS_FAULTS.separator, at);
  }
}
