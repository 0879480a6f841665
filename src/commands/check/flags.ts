// The flags of `stream check`.
import { type Flags, list, optional, text, toggle, withDefault } from '../../flags/definition.ts';
import { count, type GlobalFlags, LAG_FLAGS, type SOURCE_FLAGS } from '../../flags/shared-flags.ts';
import { parseDuration } from '../../flags/values.ts';
import type { ConnectionFlags } from '../../settings/stream-config.ts';

export const CHECK_FLAGS = {
  expect: list(
    '--expect <expr>',
    'require events that match this expression, as in --where; repeatable, each one must be met',
  ),
  min: withDefault('--min <n>', 'number of events that each --expect requires', count(1), '1'),
  withinMs: withDefault(
    '--within <dur>',
    'timeout for --expect, counted from the welcome message',
    parseDuration,
    '30s',
  ),
  maxLagMs: optional(
    '--max-lag <dur>',
    'ignore events whose timestamp differs from their arrival by more than this',
    parseDuration,
  ),
  ...LAG_FLAGS,
  deadlineMs: optional(
    '--deadline <dur>',
    'timeout for the whole check, exit 124',
    parseDuration,
    '30s, plus --wait, plus --within with --expect',
  ),
  isJson: toggle('--json', 'print the report as one JSON document'),
  junit: text('--junit <file>', 'also write the report as JUnit XML'),
};

export type CheckFlags = GlobalFlags & ConnectionFlags & Flags<typeof SOURCE_FLAGS & typeof CHECK_FLAGS>;
