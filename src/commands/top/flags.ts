// The flags of `stream top`, and the type of the parsed command line.
import {
  choice,
  type Flags,
  group,
  optional,
  pick,
  text,
  toggle,
  withDefault,
} from '../../flags/definition.ts';
import {
  CONNECTION_FLAGS,
  count,
  DEDUPE_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  LAG_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import { parseDuration, parseSpeed } from '../../flags/values.ts';
import { PLAY_FLAGS } from '../../recording/flags.ts';
import { FROM_FLAGS } from '../../settings/flags.ts';
import type { StreamFlags } from '../../settings/stream-config.ts';

export const SORTS = ['events', 'rate', 'usd', 'lag', 'largest', 'last'] as const;
export type Sort = (typeof SORTS)[number];

/** Rows that are kept; one takes up to 7 kB. */
export const MAX_ROWS = 500;

export const TABLE_FLAGS = {
  by: withDefault(
    '--by <path,...>',
    'group events by these fields, at most four',
    (_flag, given) => given,
    'type,chain',
  ),
  sort: choice('--sort <column>', 'order of the rows', SORTS, 'events'),
  rows: optional(
    '--rows <n>',
    'rows to show; the others are added up in `other`',
    count(1, MAX_ROWS),
    '20 with --once, as many as fit on a terminal',
  ),
  usdField: withDefault(
    '--usd-field <path,...>',
    'fields with the amount in US dollars; the first one with a value counts',
    (_flag, given) => given,
    'amount_usd,usd',
  ),
  ...LAG_FLAGS,
  isOnce: toggle('--once', 'print one table and exit'),
  withinMs: optional(
    '--within <dur>',
    'with --once: count events for this long after connecting',
    parseDuration,
    '10s; a recording is read to its end',
  ),
  isJson: toggle('--json', 'with --once: print the table as one JSON document'),
};

/** The default of `--speed`. */
export const FILE_SPEED = 'max';

/** A recording is read as fast as possible: its table shows its own times. */
export const FILE_FLAGS = {
  ...PLAY_FLAGS,
  since: text('--since <start>', 'where to start: with --from as for tail, with a file as for replay'),
  speed: withDefault(
    '--speed <speed>',
    'playback speed of a file: 1x, 10x, or max for no pauses',
    parseSpeed,
    FILE_SPEED,
  ),
};

export const TOP_FLAGS = {
  ...group('Table:', TABLE_FLAGS),
  ...group('Source:', { ...SOURCE_FLAGS, ...FROM_FLAGS, ...SIMULATION_FLAGS }),
  ...group('Recordings:', FILE_FLAGS),
  ...EVENT_FLAGS,
  ...END_FLAGS,
  ...group('Connection and retries:', CONNECTION_FLAGS),
  ...REDUNDANCY_FLAGS,
  ...DEDUPE_FLAGS,
};

const { since: _since, ...streamOnlyFlags } = FROM_FLAGS;

/** What has no effect on a recording. */
export const LIVE_ONLY_FLAGS = {
  ...SOURCE_FLAGS,
  ...streamOnlyFlags,
  ...SIMULATION_FLAGS,
  ...CONNECTION_FLAGS,
  ...REDUNDANCY_FLAGS,
  ...DEDUPE_FLAGS,
  ...pick(END_FLAGS, 'maxSilenceMs', 'failOnGap'),
};

/** As commander parses them: text, not yet checked. */
export type TopFlags = StreamFlags & Flags<typeof TOP_FLAGS>;
