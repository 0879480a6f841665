// A second, simple and slow filter over a parsed event: the reference.
import type { PathStep } from '../../src/events/path.ts';
import { findPlain, isContainer, type PlainValue, readPlainString } from '../helpers/plain-json.ts';
import { compareByBigInt } from './decimals.ts';

/** A parsed `--where`. */
export interface PlainCondition {
  readonly steps: readonly PathStep[];
  readonly operator: '=' | '!=' | '>' | '>=' | '<' | '<=';
  /** A number by its source, a text by its value, a literal. */
  readonly value:
    | { readonly kind: 'number' | 'literal'; readonly raw: string }
    | { readonly kind: 'text'; readonly text: string };
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The condition as a user would write it. */
export function writeCondition({ steps, operator, value }: PlainCondition): string {
  const path = steps.map((step) => {
    if (step.kind === 'member') return `[${JSON.stringify(step.name)}]`;
    return step.kind === 'item' ? `[${step.index}]` : '[*]';
  });
  return `${path.join('')} ${operator} ${value.kind === 'text' ? JSON.stringify(value.text) : value.raw}`;
}

/** Whether the condition holds for an event (contract O8). */
export function holdsForTree({ steps, operator, value }: PlainCondition, root: PlainValue): boolean {
  const isNegated = operator === '!=';
  const wanted = isNegated ? '=' : operator;
  return findValues(root, steps).some((node) => isMatch(wanted, value, node)) !== isNegated;
}

/** The event's type, or undefined. */
export function findTypeInTree(root: PlainValue): string | undefined {
  for (const name of ['type', 'event_type', 'event']) {
    const { token = '' } = findPlain(root, name) ?? {};
    if (token.startsWith('"')) return readPlainString(token);
  }
  return undefined;
}

/** Every value that the path leads to. */
function findValues(root: PlainValue, steps: readonly PathStep[]): readonly PlainValue[] {
  let found = [root];
  for (const step of steps) {
    found = found.flatMap((value) => {
      if (step.kind !== 'every') return findPlain(value, step.kind === 'item' ? step.index : step.name) ?? [];
      return value.token === '[' ? value.entries.map(([, item]) => item) : [];
    });
  }
  return found;
}

function isMatch(operator: string, value: PlainCondition['value'], node: PlainValue): boolean {
  if (isContainer(node)) return false;
  const { token } = node;
  if (value.kind === 'literal') return token === value.raw;
  const text = token.startsWith('"') ? readPlainString(token) : undefined;
  if (value.kind === 'text') {
    return text !== undefined && isOrder(operator, text < value.text ? -1 : text > value.text ? 1 : 0);
  }
  const number = text ?? token;
  return NUMBER.test(number) && isOrder(operator, compareByBigInt(number, value.raw));
}

function isOrder(operator: string, order: number): boolean {
  if (order === 0) return operator === '=' || operator.endsWith('=');
  return operator.startsWith(order < 0 ? '<' : '>');
}

/** A glob that matches this text and no other. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]{}\\,!^]/g, '\\$&');
}
