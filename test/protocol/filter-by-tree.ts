// The filter a second time, over the tree of an event: slow, and plain enough to be believed.
import { decodeString } from '../../src/protocol/json-string.ts';
import type { Step } from '../../src/protocol/path.ts';
import { findMember, findValues, type JsonNode } from '../helpers/json-tree.ts';
import { compareByBigInt } from './decimals.ts';

/** One `--where`, taken apart. */
export interface PlainCondition {
  readonly steps: readonly Step[];
  readonly operator: '=' | '!=' | '>' | '>=' | '<' | '<=';
  /** A number by its source, a text by its value, a literal. */
  readonly value:
    | { readonly kind: 'number' | 'literal'; readonly raw: string }
    | { readonly kind: 'text'; readonly text: string };
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The words of a condition as a user would write them. */
export function writeCondition({ steps, operator, value }: PlainCondition): string {
  const path = steps.map((step) => {
    if (step.kind === 'member') return `[${JSON.stringify(step.name)}]`;
    return step.kind === 'item' ? `[${step.index}]` : '[*]';
  });
  return `${path.join('')} ${operator} ${value.kind === 'text' ? JSON.stringify(value.text) : value.raw}`;
}

/** Whether the condition holds for an event (contract O8). */
export function holdsForTree({ steps, operator, value }: PlainCondition, root: JsonNode): boolean {
  const isNegated = operator === '!=';
  const wanted = isNegated ? '=' : operator;
  return findValues(root, steps).some((node) => isMatch(wanted, value, node)) !== isNegated;
}

/** The event's type, or undefined. */
export function findTypeInTree(root: JsonNode): string | undefined {
  if (root.kind !== 'object') return undefined;
  for (const name of ['type', 'event_type', 'event']) {
    const node = findMember(root, name);
    if (node?.kind === 'string') return decodeString(node.raw);
  }
  return undefined;
}

function isMatch(operator: string, value: PlainCondition['value'], node: JsonNode): boolean {
  if (node.kind === 'array' || node.kind === 'object') return false;
  if (value.kind === 'literal') return node.kind === 'literal' && node.raw === value.raw;
  const text = node.kind === 'string' ? decodeString(node.raw) : undefined;
  if (value.kind === 'text') {
    return text !== undefined && isOrder(operator, text < value.text ? -1 : text > value.text ? 1 : 0);
  }
  const number = node.kind === 'number' ? node.raw : text;
  return number !== undefined && NUMBER.test(number) && isOrder(operator, compareByBigInt(number, value.raw));
}

function isOrder(operator: string, order: number): boolean {
  if (order === 0) return operator === '=' || operator.endsWith('=');
  return operator.startsWith(order < 0 ? '<' : '>');
}

/** A glob that matches this text and no other. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]{}\\,!^]/g, '\\$&');
}
