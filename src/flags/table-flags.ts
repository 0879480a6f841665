// The flags of the table of `stream top`; the defaults of some can be stored with `atlantis config`.
import { choice, optional, setting, toggle, withDefault } from './definition.ts';
import { count, LAG_FLAGS } from './shared-flags.ts';
import { parseDuration } from './values.ts';

export const SORTS = ['events', 'rate', 'usd', 'lag', 'largest', 'last'] as const;
export type Sort = (typeof SORTS)[number];

/** The maximum number of rows in memory; a row takes up to 7 kB. */
export const MAX_ROWS = 500;

export const TABLE_FLAGS = {
  by: setting(
    withDefault(
      '--by <path,...>',
      'group events by these fields, at most four',
      (_name, given) => given,
      'type,chain',
    ),
  ),
  sort: setting(choice('--sort <column>', 'order of the rows', SORTS, 'events')),
  rows: setting(
    optional(
      '--rows <n>',
      'rows to show; the others are added up in `other`',
      count(1, MAX_ROWS),
      '20 with --once, otherwise as many as fit on the terminal',
    ),
  ),
  usdField: setting(
    withDefault(
      '--usd-field <path,...>',
      'fields with the amount in US dollars; the first one that has a value is used',
      (_name, given) => given,
      'amount_usd,usd',
    ),
  ),
  lagField: setting(LAG_FLAGS.lagField),
  isOnce: toggle('--once', 'print one table and exit'),
  withinMs: optional(
    '--within <dur>',
    'with --once: count events for this long after connecting',
    parseDuration,
    '10s; a recording is read to its end',
  ),
  isJson: toggle('--json', 'with --once: print the table as one JSON document'),
};
