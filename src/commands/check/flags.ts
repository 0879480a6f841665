// The flags of `stream check`, as they are defined, and what the command line gives for them.
import { type Flags, list, optional, text, toggle, withDefault } from '../../flags/definition.ts';
import type { GlobalFlags, SOURCE_FLAGS } from '../../flags/shared-flags.ts';
import { parseCount, parseDuration } from '../../flags/values.ts';
import type { ConnectionFlags } from '../../settings/connection-config.ts';

export const CHECK_FLAGS = {
  expect: list('--expect <expr>', 'events that must arrive, as for --where; repeatable, each must be met'),
  min: withDefault(
    '--min <n>',
    'events that each --expect needs',
    (flag, given) => parseCount(flag, given, 1),
    '1',
  ),
  withinMs: withDefault('--within <dur>', 'time for them from the welcome on', parseDuration, '30s'),
  maxLagMs: optional(
    '--max-lag <dur>',
    'do not count events whose own time is further from their arrival',
    parseDuration,
  ),
  lagField: text('--lag-field <path>', 'where that time stands', 'first of timestamp, ts, created_at'),
  deadlineMs: optional(
    '--deadline <dur>',
    'for the whole check; then 124',
    parseDuration,
    '30s, plus --within with --expect',
  ),
  isJson: toggle('--json', 'the report as one JSON document'),
  junit: text('--junit <file>', 'write the report as JUnit XML, too'),
};

/** As the command line gives them. */
export type CheckFlags = GlobalFlags & ConnectionFlags & Flags<typeof SOURCE_FLAGS & typeof CHECK_FLAGS>;
