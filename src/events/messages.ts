// What is wrong with a path, after `invalid --where:` or of `--lag-field`.
import type { ErrorText } from '../errors.ts';

/** Also of the values of `--where`. */
export const NOT_A_STRING = 'not a valid JSON string; write a backslash as \\\\';

export const PATH_FAULTS = {
  dotFirst: 'a path begins with a name, not with a dot',
  noName: 'expected a field name',
  brackets: 'expected [number], [*] or ["name"]',
  tooLong: (steps: number) => `more than ${steps} steps`,
} as const;

export const sayLagFieldInvalid = (text: string): ErrorText => [
  `invalid --lag-field "${text.slice(0, 100)}"`,
  'accepted: a path such as created_at, block.time or items[0].ts',
];
