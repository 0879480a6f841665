// The flags of `stream tail`.
import { type Flags, group, optional, text } from '../../flags/definition.ts';
import {
  CONNECTION_FLAGS,
  count,
  DEDUPE_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  FORM_FLAGS,
  MONITOR_FLAGS,
  READY_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import { parseDuration, parseSize } from '../../flags/values.ts';
import { FROM_FLAGS } from '../../settings/flags.ts';

export const RECORD_FLAGS = {
  path: text(
    '--record <file>',
    'also write every event, with its receive time, to this file (compressed if it ends in .gz); SIGUSR1 reopens it',
  ),
  maxBytes: optional(
    '--record-max-size <size>',
    'rotate the recording before it exceeds this size, e.g. 100MB',
    parseSize,
  ),
  maxAgeMs: optional(
    '--record-max-age <dur>',
    'rotate the recording after this long, e.g. 24h',
    parseDuration,
  ),
  keep: optional('--record-keep <n>', 'rotated files to keep; the oldest are deleted', count(0), 'all'),
};

export type RecordFlags = Flags<typeof RECORD_FLAGS>;

export const TAIL_FLAGS = {
  ...group('Source:', { ...SOURCE_FLAGS, ...FROM_FLAGS, ...SIMULATION_FLAGS }),
  ...EVENT_FLAGS,
  ...FORM_FLAGS,
  ...END_FLAGS,
  ...group('Files:', { ...READY_FLAGS, ...RECORD_FLAGS }),
  ...group('Monitoring:', MONITOR_FLAGS),
  ...group('Connection and retries:', CONNECTION_FLAGS),
  ...REDUNDANCY_FLAGS,
  ...DEDUPE_FLAGS,
};
