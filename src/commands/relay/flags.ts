// The flags of `stream relay`, as they are defined, and what the command line gives for them.
import { UsageError } from '../../errors.ts';
import {
  type Flags,
  type FlagValues,
  group,
  list,
  negation,
  optional,
  text,
  toggle,
  withDefault,
} from '../../flags/definition.ts';
import { parseCount, parseDuration, parseSize } from '../../flags/values.ts';
import { parseStreamName, parseSubject } from '../../settings/nats-address.ts';

export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const MAX_WINDOW = 65_536;

/** A whole number in a range. */
const count =
  (min: number, max: number) =>
  (flag: string, given: string): number =>
    parseCount(flag, given, min, max);
/** A duration that may be 0, which then means something of its own. */
const durationOrZero =
  (zero: string) =>
  (flag: string, given: string): number =>
    parseDuration(flag, given, zero);

const DELIVERY_FLAGS = group('Delivery:', {
  to: list('--to <url>', 'nats://host[:port][,...][/stream], tls://..., https://...; repeatable'),
  window: withDefault(
    '--window <n>',
    'events under way that are not acknowledged',
    count(1, MAX_WINDOW),
    '256',
  ),
  spool: text(
    '--spool <folder>',
    'keep every event here until it is acknowledged, over restarts and crashes',
  ),
  spoolMaxBytes: withDefault(
    '--spool-max <size>',
    'room for each sink; when it is full reading pauses',
    parseSize,
    '1GiB',
  ),
  spoolSyncMs: withDefault(
    '--spool-sync <dur>',
    'longest time until the disk has it; 0 waits for it',
    durationOrZero('waits for the disk with every batch'),
    '200ms',
  ),
  sendTimeoutMs: withDefault(
    '--send-timeout <dur>',
    'for an acknowledgement, or a whole HTTP answer',
    parseDuration,
    '10s',
  ),
  deadLetter: text(
    '--dead-letter <file>',
    'keep events here that a sink will never take (else they end the run)',
  ),
  redeliver: text('--redeliver <file>', 'send the events of such a file instead of the stream; - for stdin'),
  id: text('--id <path>', 'where an event has its id', 'id; else the SHA-256 of its text'),
  noId: negation('--no-id', 'always the SHA-256 of the text'),
  name: optional(
    '--name <name>',
    'what consumers see of who delivered it',
    parseStreamName,
    'the name of the machine',
  ),
});

const NATS_FLAGS = group('NATS JetStream:', {
  stream: optional('--stream <name>', 'the stream that has to take the events', parseStreamName),
  subject: withDefault('--subject <template>', 'their subject', parseSubject, 'atlantis.{type}'),
  lifecycleSubject: optional(
    '--lifecycle-subject <subject>',
    'that of lifecycle records',
    parseSubject,
    '_lifecycle for {type}',
  ),
  noLifecycle: negation('--no-lifecycle', 'send no lifecycle records'),
  create: toggle('--create', 'make the stream if it is not there'),
  streamMaxAgeMs: withDefault(
    '--stream-max-age <dur>',
    'with --create: how long it keeps them; 0 for ever',
    durationOrZero('keeps messages for ever'),
    '168h',
  ),
  streamMaxBytes: optional(
    '--stream-max-bytes <size>',
    'with --create: how much of them',
    parseSize,
    'no bound',
  ),
  streamReplicas: withDefault('--stream-replicas <n>', 'with --create: on so many servers', count(1, 5), '1'),
  dedupeWindowMs: withDefault(
    '--dedupe-window <dur>',
    'with --create: how long it recognises duplicates',
    parseDuration,
    '2m',
  ),
  natsCreds: text('--nats-creds <file>', 'credentials (NATS_CREDS, NATS_NKEY, NATS_USER, NATS_TOKEN)'),
});

const HTTP_FLAGS = group('HTTP:', {
  batch: withDefault(
    '--batch <n>',
    'up to so many events in a request, as NDJSON',
    count(1, MAX_WINDOW),
    '1',
  ),
  headerEnv: list('--header-env <header=NAME>', 'add a header from the environment; repeatable'),
  signWithEnv: text('--sign-with-env <NAME>', 'HMAC-SHA256 of the body, with the secret in this variable'),
  signatureHeader: withDefault(
    '--signature-header <header>',
    'where it stands',
    parseSignatureHeader,
    'X-Atlantis-Signature',
  ),
  allowHttp: toggle('--allow-http', 'plain http:// to other machines too'),
});

/** The flags of `stream relay` that no other command has. */
export const RELAY_FLAGS = { ...DELIVERY_FLAGS, ...NATS_FLAGS, ...HTTP_FLAGS };
export type RelayValues = FlagValues<typeof RELAY_FLAGS>;

/** As the command line gives them. */
export type RelayFlags = Flags<typeof RELAY_FLAGS>;

function parseSignatureHeader(flag: string, header: string): string {
  if (HEADER_NAME.test(header)) return header;
  throw new UsageError(`invalid ${flag} "${header.slice(0, 100)}"`, 'accepted: the name of a header');
}
