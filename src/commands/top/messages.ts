// Messages of `stream top`: errors of its flags, and the texts of its screen.
import type { ErrorText } from '../../errors.ts';
import { sayNotCombinable, sayRequires } from '../../flags/messages.ts';
import { formatCount } from '../../ui/format.ts';
import { STATUS } from '../../ui/messages.ts';

export const sayOnceRequired = (flag: string): ErrorText => sayRequires([flag], '--once', 'add --once');

export const sayNoScreen = (): ErrorText => [
  'stdout is not a terminal with full-screen support',
  'add --once to print one table, and --json for scripts',
];

export const sayNotForFiles = (flag: string): ErrorText =>
  sayNotCombinable(flag, 'a file', 'a recording is read without a connection');

export const sayFileRequired = (flag: string): ErrorText =>
  sayRequires([flag], 'a file', 'usage: atlantis stream top [options] [file]');

/** While the view is open, lines for stderr wait in a bounded buffer. */
export const sayDropped = (lines: number): string =>
  `atlantis: omitted ${formatCount(lines, 'earlier line')} of messages`;

/** Texts of the first line; STATUS has the others. */
export const STATES = {
  paused: 'paused',
  retrying: (ms: number, attempt: number) => `${STATUS.retrying(ms)} (${STATUS.attempt(attempt)})`,
  period: (from: string, to: string) => `${from} to ${to}`,
  gaps: (count: number, isOpen: boolean) =>
    `${formatCount(count, 'gap')}${isOpen ? ' (one still open)' : ''}`,
} as const;

/** Texts of the second line. */
export const TOTALS = {
  dollars: (perMinute: string) => `${perMinute} USD/min`,
  lag: (half: string, most: string) => `lag p50 ${half}, p99 ${most}`,
} as const;

/** Texts of the last line, most important first. */
export const KEY_HELP: readonly string[] = [
  'q quit',
  'sort: e events',
  's rate',
  'u usd/min',
  'l lag',
  'm largest',
  't last',
  'i reverse',
  'p pause',
];
export const NO_KEYS: readonly string[] = ['Ctrl-C quits'];
