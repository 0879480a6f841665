// What the environment says about the terminal. It decides as ci-info and supports-color do, which other commands use.
import type { Io } from './io.ts';
import { platformOf } from './platform.ts';

/** Whether this is a CI job: `CI=false` and `CI=0` mean no. */
export function isCi({ CI = '' }: Io['env']): boolean {
  return !['', '0', 'false'].includes(CI);
}

/** Whether a terminal takes escape sequences. Without TERM it is unknown, except on Windows, which has none. */
export function hasEscapes({ env, platform }: Pick<Io, 'env' | 'platform'>): boolean {
  const { TERM = '', COLORTERM } = env;
  return TERM === '' ? !platformOf(platform).hasTerm || COLORTERM !== undefined : TERM !== 'dumb';
}
