// Paths into an event: `a.b`, `items[0].x`, `items[*].x`, `["odd key"].x` (contract O8, docs/filters.md).
//
// Pure: parses a path with the place of a fault, and finds the values that it leads to.
import { decodeString, findMember, type JsonNode } from './json-tree.ts';

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
const QUOTED = /\["(?:[^"\\]|\\.)*"\]/y;

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
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  for (let needsName = true; ; ) {
    const index = steps.length > 0 && needsName ? null : match(INDEX);
    const quoted = index === null ? match(QUOTED) : null;
    if (index !== null) {
      steps.push(index[2] === '*' ? { kind: 'every' } : { kind: 'item', index: Number(index[1]) });
    } else if (quoted !== null) {
      steps.push({ kind: 'member', name: decodeName(quoted[0].slice(1, -1), at) });
    } else if (needsName) {
      const name = match(NAME);
      if (name === null) throw new ExpressionFault('expected the name of a field', at);
      steps.push({ kind: 'member', name: name[0] });
    } else if (text[at] === '[') {
      throw new ExpressionFault('expected [number], [*] or ["name"]', at);
    } else {
      return { steps, end: at };
    }
    needsName = text[at] === '.';
    if (needsName) at += 1;
  }
}

function decodeName(raw: string, at: number): string {
  try {
    return decodeString(raw);
  } catch {
    throw new ExpressionFault('expected a name in JSON quotes', at - raw.length - 1);
  }
}

/** Every value that the path leads to; none where it leads nowhere, more than one only through `[*]`. */
export function findValues(root: JsonNode, steps: readonly Step[]): readonly JsonNode[] {
  let found: JsonNode[] = [root];
  for (const step of steps) {
    const next: JsonNode[] = [];
    for (const node of found) {
      if (step.kind === 'member') {
        const member = node.kind === 'object' ? findMember(node, step.name) : undefined;
        if (member !== undefined) next.push(member);
      } else if (node.kind === 'array') {
        if (step.kind === 'every') next.push(...node.items);
        else if (node.items[step.index] !== undefined) next.push(node.items[step.index] as JsonNode);
      }
    }
    found = next;
    if (found.length === 0) break;
  }
  return found;
}
