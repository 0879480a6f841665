// Parses paths into an event: `a.b`, `items[0].x`, `items[*].x`, `["odd key"].x` (contract O8, docs/filters.md).
import { INVALID_STRING, PATH_FAULTS } from './messages.ts';

export type PathStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'every' };

/** A mistake in an expression; `at` is its position in UTF-16 units. */
export class ExpressionFault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.name = 'ExpressionFault';
    this.at = at;
  }
}

const NAME = /[^\s.[\]()=!<>~"',]+/y;
const INDEX = /\[(?:(\d{1,9})|(\*))\]/y;
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy;
/** No real event is nested deeper. */
const MAX_STEPS = 100;

/** @throws ExpressionFault */
export function parsePath(
  text: string,
  start = 0,
): { readonly steps: readonly PathStep[]; readonly end: number } {
  const steps: PathStep[] = [];
  let at = start;
  if (text[at] === '.') throw new ExpressionFault(PATH_FAULTS.dotFirst, at);
  for (;;) {
    const isAfterDot = text[at] === '.';
    if (isAfterDot) at += 1;
    const token = matchStep(text, at, isAfterDot || steps.length === 0);
    if (token !== undefined) {
      if (steps.length === MAX_STEPS) throw new ExpressionFault(PATH_FAULTS.tooLong(MAX_STEPS), at);
      steps.push(token.step);
      at = token.end;
    } else if (isAfterDot || steps.length === 0) {
      throw new ExpressionFault(PATH_FAULTS.noName, at);
    } else if (text[at] === '[') {
      throw new ExpressionFault(PATH_FAULTS.brackets, at);
    } else {
      return { steps, end: at };
    }
  }
}

/** Undefined if text follows the path. @throws ExpressionFault */
export function parseWholePath(text: string): readonly PathStep[] | undefined {
  const { steps, end } = parsePath(text);
  return end === text.length ? steps : undefined;
}

/** Like `parseWholePath`, but undefined for an invalid path as well. */
export function readWholePath(text: string): readonly PathStep[] | undefined {
  try {
    return parseWholePath(text);
  } catch (error) {
    if (error instanceof ExpressionFault) return undefined;
    throw error;
  }
}

/** A bare name is one without brackets. */
function matchStep(
  text: string,
  at: number,
  allowsBareName: boolean,
): { step: PathStep; end: number } | undefined {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const index = match(INDEX);
  if (index !== null) {
    const step: PathStep = index[2] === '*' ? { kind: 'every' } : { kind: 'item', index: Number(index[1]) };
    return { step, end: at + index[0].length };
  }
  if (/^\[["']/.test(text.slice(at, at + 2))) {
    const quoted = parseQuoted(text, at + 1);
    if (quoted !== undefined && text[quoted.end] === ']')
      return { step: { kind: 'member', name: quoted.value }, end: quoted.end + 1 };
  }
  const name = allowsBareName ? match(NAME)?.[0] : undefined;
  return name === undefined ? undefined : { step: { kind: 'member', name }, end: at + name.length };
}

/** Accepts both kinds of quotes, the escapes of JSON, and `\'`. Undefined without a quote. @throws ExpressionFault */
export function parseQuoted(
  text: string,
  at: number,
): { readonly value: string; readonly end: number } | undefined {
  if (text[at] !== '"' && text[at] !== "'") return undefined;
  QUOTED.lastIndex = at;
  const source = QUOTED.exec(text)?.[0];
  if (source === undefined) throw new ExpressionFault(PATH_FAULTS.quoteOpen, at);
  const inside = source
    .slice(1, -1)
    .replace(/\\.|"/gs, (piece) => (piece === '"' ? '\\"' : piece === "\\'" ? "'" : piece));
  try {
    return { value: JSON.parse(`"${inside}"`) as string, end: at + source.length };
  } catch {
    throw new ExpressionFault(INVALID_STRING, at);
  }
}
