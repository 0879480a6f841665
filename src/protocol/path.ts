// Paths into an event: `a.b`, `items[0].x`, `items[*].x`, `["odd key"].x` (contract O8, docs/filters.md).
//
// Pure: parses a path with the place of a fault. seek-path.ts follows it.
import { decodeString } from './json-string.ts';

/** One step: a member by name, an item by index from 0, or every item. */
export type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'every' };

/** What is wrong with an expression, and where: `at` counts UTF-16 units from 0. */
export class ExpressionFault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.name = 'ExpressionFault';
    this.at = at;
  }
}

const NAME = /[^\s.[\]=!<>~"',]+/y;
const INDEX = /\[(?:(\d{1,9})|(\*))\]/y;
const QUOTED = /\[("(?:[^"\\]|\\.)*")\]/y;
/** No event that anybody reads is nested deeper. */
const MOST_STEPS = 100;

/**
 * Reads a path at `start`; gives the steps and where the path ends.
 *
 * @throws ExpressionFault
 */
export function parsePath(
  text: string,
  start = 0,
): { readonly steps: readonly Step[]; readonly end: number } {
  const steps: Step[] = [];
  let at = start;
  if (text[at] === '.') throw new ExpressionFault('a path begins with a name, not with a dot', at);
  for (;;) {
    const isBehindDot = text[at] === '.';
    if (isBehindDot) at += 1;
    const token = matchStep(text, at, isBehindDot || steps.length === 0);
    if (token !== undefined) {
      if (steps.length === MOST_STEPS) throw new ExpressionFault(`more than ${MOST_STEPS} steps`, at);
      steps.push(token.step);
      at = token.end;
    } else if (isBehindDot || steps.length === 0) {
      throw new ExpressionFault('expected the name of a field', at);
    } else if (text[at] === '[') {
      throw new ExpressionFault('expected [number], [*] or ["name"]', at);
    } else {
      return { steps, end: at };
    }
  }
}

/** The step at `at`, if there is one; a bare name only where `mayBeBare`. */
function matchStep(text: string, at: number, mayBeBare: boolean): { step: Step; end: number } | undefined {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const index = match(INDEX);
  if (index !== null) {
    const step: Step = index[2] === '*' ? { kind: 'every' } : { kind: 'item', index: Number(index[1]) };
    return { step, end: at + index[0].length };
  }
  const quoted = match(QUOTED);
  if (quoted !== null) {
    const step: Step = { kind: 'member', name: decodeName(quoted[1] ?? '', at + 1) };
    return { step, end: at + quoted[0].length };
  }
  const name = mayBeBare ? match(NAME)?.[0] : undefined;
  return name === undefined ? undefined : { step: { kind: 'member', name }, end: at + name.length };
}

function decodeName(raw: string, at: number): string {
  try {
    return decodeString(raw);
  } catch {
    throw new ExpressionFault('not a name as in JSON', at);
  }
}
