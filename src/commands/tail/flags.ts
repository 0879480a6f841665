// The flags of `stream tail`, as they are defined, and what the command line gives for them.
import { type Flags, group, optional, text } from '../../flags/definition.ts';
import {
  CONNECTION_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  FORM_FLAGS,
  READY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import { parseCount, parseDuration, parseSize } from '../../flags/values.ts';
import { parseStreamName } from '../../settings/nats-address.ts';

export const FROM_FLAGS = {
  from: text('--from <url>', 'a JetStream stream instead: nats://host[:port][,...]/stream, or tls://...'),
  since: text('--since <start>', 'with --from: 10m, a time, or the number of a message', 'what is new'),
  durable: optional(
    '--durable <name>',
    'with --from: go on where the last reader of this name stopped',
    parseStreamName,
  ),
  natsCreds: text(
    '--nats-creds <file>',
    'with --from: credentials (NATS_CREDS, NATS_NKEY, NATS_USER, NATS_TOKEN)',
  ),
};

export type FromFlags = Flags<typeof FROM_FLAGS>;

export const RECORD_FLAGS = {
  path: text(
    '--record <file>',
    'write every event with its receive time to a file too; .gz compresses, SIGUSR1 reopens',
  ),
  maxBytes: optional(
    '--record-max-size <n>',
    'begin another file before one grows beyond it, as 100MB',
    parseSize,
  ),
  maxAgeMs: optional(
    '--record-max-age <dur>',
    'begin another file once one is so old, as 24h',
    parseDuration,
  ),
  keep: optional(
    '--record-keep <n>',
    'so many finished files stay',
    (flag, given) => parseCount(flag, given, 0),
    'all',
  ),
};

export type RecordFlags = Flags<typeof RECORD_FLAGS>;

export const TAIL_FLAGS = {
  ...group('Source:', { ...SOURCE_FLAGS, ...FROM_FLAGS, ...SIMULATION_FLAGS }),
  ...EVENT_FLAGS,
  ...FORM_FLAGS,
  ...END_FLAGS,
  ...group('Into files:', { ...READY_FLAGS, ...RECORD_FLAGS }),
  ...group('Connection:', CONNECTION_FLAGS),
};
