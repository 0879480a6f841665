// The flags of `stream top`.
import { type Flags, group, pick, text, withDefault } from '../../flags/definition.ts';
import {
  CONNECTION_FLAGS,
  DEDUPE_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import { TABLE_FLAGS } from '../../flags/table-flags.ts';
import { parseSpeed } from '../../flags/values.ts';
import { PLAY_FLAGS } from '../../recording/flags.ts';
import { FROM_FLAGS } from '../../settings/flags.ts';
import type { StreamFlags } from '../../settings/stream-config.ts';

export const DEFAULT_FILE_SPEED = 'max';

/** By default, a recording is read as fast as possible, since the table shows the recorded times. */
export const FILE_FLAGS = {
  ...PLAY_FLAGS,
  since: text('--since <start>', 'where to start: as in tail (with --from) or as in replay (with a file)'),
  speed: withDefault(
    '--speed <speed>',
    'playback speed of a file: 1x, 10x, or max for no pauses',
    parseSpeed,
    DEFAULT_FILE_SPEED,
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

/** Flags that have no effect on a recording. */
export const LIVE_ONLY_FLAGS = {
  ...SOURCE_FLAGS,
  ...streamOnlyFlags,
  ...SIMULATION_FLAGS,
  ...CONNECTION_FLAGS,
  ...REDUNDANCY_FLAGS,
  ...DEDUPE_FLAGS,
  ...pick(END_FLAGS, 'maxSilenceMs', 'failOnGap'),
};

export type TopFlags = StreamFlags & Flags<typeof TOP_FLAGS>;
