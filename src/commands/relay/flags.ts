// The flags of `stream relay`.
import { MERGE_DEFAULTS } from '../../connection/config.ts';
import { UsageError } from '../../errors.ts';
import {
  choice,
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
import { sayInvalid } from '../../flags/messages.ts';
import { count, PLAINTEXT_FLAGS } from '../../flags/shared-flags.ts';
import {
  type ListenAddress,
  parseDuration,
  parseListenAddress,
  parseSize,
  writeDuration,
} from '../../flags/values.ts';
import { parseStreamName, parseSubject } from '../../settings/nats-address.ts';
import { ACCEPTED_EVENT_SOURCE } from './messages.ts';

export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const MAX_WINDOW = 65_536;
/** The default of a stream that `--create` makes. */
export const STREAM_DEDUPE_WINDOW_MS = 120_000;
const PAYLOADS = ['event', 'cloudevents'] as const;

/** A duration, or 0 with the meaning `zero`. */
const durationOrZero =
  (zero: string) =>
  (flag: string, given: string): number =>
    parseDuration(flag, given, zero);

const DELIVERY_FLAGS = group('Delivery:', {
  to: list('--to <url>', 'sink: nats://host[:port][,...][/stream], tls://... or https://...; repeatable'),
  toEnv: list(
    '--to-env <NAME>',
    'sink whose URL, such as a secret webhook, is in this environment variable; repeatable',
  ),
  toFile: list('--to-file <file>', 'sink whose URL is in this file; repeatable'),
  window: withDefault(
    '--window <n>',
    'maximum number of unacknowledged events in flight',
    count(1, MAX_WINDOW),
    '256',
  ),
  spool: text(
    '--spool <dir>',
    'buffer events in this directory until they are acknowledged; they survive restarts and crashes',
  ),
  spoolMaxBytes: withDefault(
    '--spool-max <size>',
    'maximum spool size per sink; when it is full, reading pauses',
    parseSize,
    '1GiB',
  ),
  spoolSyncMs: withDefault(
    '--spool-sync <dur>',
    'fsync interval; 0: fsync before events are sent',
    durationOrZero('runs fsync before events are sent'),
    '200ms',
  ),
  sendTimeoutMs: withDefault(
    '--send-timeout <dur>',
    'timeout for an acknowledgement or a whole HTTP response',
    parseDuration,
    '10s',
  ),
  deadLetter: text(
    '--dead-letter <file>',
    'file for events that a sink refuses for good; without it, that sink stops',
  ),
  redeliver: text(
    '--redeliver <file>',
    'resend events from a dead-letter file instead of the stream; - for stdin',
  ),
  id: text(
    '--id <path>',
    'field with the id of an event, for deduplication',
    'id, else the SHA-256 of the event',
  ),
  noId: negation('--no-id', 'use the SHA-256 of each event as its id'),
  payload: choice(
    '--payload <format>',
    'what to send: the event as received, or as a CloudEvent (CloudEvents 1.0)',
    PAYLOADS,
    'event',
  ),
  ceSource: withDefault(
    '--ce-source <uri>',
    'with --payload cloudevents: the source of each CloudEvent',
    parseEventSource,
    '/atlantis/stream',
  ),
  traceparent: toggle('--traceparent', 'add a W3C trace context to each request and NATS message'),
  name: optional(
    '--name <name>',
    'name of this relay, as seen by consumers',
    parseStreamName,
    'the host name',
  ),
});

const NATS_FLAGS = group('NATS JetStream:', {
  stream: optional('--stream <name>', 'target stream', parseStreamName, 'the path of --to'),
  subject: withDefault('--subject <template>', 'subject of events', parseSubject, 'atlantis.{type}'),
  lifecycleSubject: optional(
    '--lifecycle-subject <subject>',
    'subject of lifecycle records',
    parseSubject,
    '--subject, with {type} replaced by _lifecycle; without {type}, ._lifecycle is appended',
  ),
  noLifecycle: negation('--no-lifecycle', 'do not send lifecycle records'),
  create: toggle('--create', 'create the stream if it does not exist'),
  streamMaxAgeMs: withDefault(
    '--stream-max-age <dur>',
    'with --create: how long messages are kept; 0: unlimited',
    durationOrZero('keeps messages without limit'),
    '168h',
  ),
  streamMaxBytes: optional(
    '--stream-max-bytes <size>',
    'with --create: maximum size of the stream',
    parseSize,
    'unlimited',
  ),
  streamReplicas: withDefault('--stream-replicas <n>', 'with --create: number of replicas', count(1, 5), '1'),
  dedupeWindowMs: optional(
    '--dedupe-window <dur>',
    'how long duplicates are recognized: by the stream (with --create), and across connections (with --connections)',
    parseDuration,
    `${writeDuration(STREAM_DEDUPE_WINDOW_MS)}; across connections ${writeDuration(MERGE_DEFAULTS.windowMs)}`,
  ),
  natsCreds: text(
    '--nats-creds <file>',
    'NATS credentials file',
    'NATS_CREDS, NATS_NKEY, NATS_USER, NATS_TOKEN',
  ),
  ...PLAINTEXT_FLAGS,
});

const HTTP_FLAGS = group('HTTP:', {
  batch: withDefault(
    '--batch <n>',
    'maximum events per request, as NDJSON or a batch of CloudEvents',
    count(1, MAX_WINDOW),
    '1',
  ),
  headerEnv: list(
    '--header-env <header=NAME>',
    'add a header whose value is in this environment variable; NAME@host limits it to one host; repeatable',
  ),
  signWithEnv: list(
    '--sign-with-env <NAME>',
    'sign requests (Standard Webhooks, HMAC-SHA256) with the whsec_... secrets in this environment variable; NAME@host limits them to one host; repeatable',
  ),
  signWithFile: list(
    '--sign-with-file <file>',
    'same as --sign-with-env, with the secrets in this file; file@host limits them to one host; repeatable',
  ),
  allowHttp: toggle('--allow-http', 'allow plain http:// to other machines'),
});

export const INSPECT_FLAGS = group('Inspection:', {
  inspect: text(
    '--inspect <dir>',
    'print the contents of this spool and exit; safe while a relay is using it; exit 8 if the spool is damaged',
  ),
  isJson: toggle('--json', 'with --inspect: print one JSON document'),
  isExport: toggle('--export', 'with --inspect: write the pending events to stdout as NDJSON'),
});

/** A page of a run with --metrics-listen. */
interface HealthPage extends ListenAddress {
  readonly path: string;
}

/** `127.0.0.1:9464`, with /healthz unless it ends with /readyz. @throws UsageError */
function parseHealthPage(flag: string, given: string): HealthPage {
  const [, address = '', path = '/healthz'] = /^(.*?)(\/healthz|\/readyz)?$/.exec(given) ?? [];
  return { ...parseListenAddress(flag, address), path };
}

export const HEALTH_FLAGS = group('Monitoring:', {
  health: optional(
    '--health <addr>',
    'query /healthz (or /readyz, if appended) at the --metrics-listen address of a relay or tail; exit 0 if healthy, otherwise 7',
    parseHealthPage,
  ),
});

export const RELAY_READY_FLAGS = {
  readyFile: text(
    '--ready-file <file>',
    'file that exists only while the stream is live and all sinks deliver or spool',
  ),
};

export const CONFIG_FLAGS = group('Delivery:', {
  config: text(
    '--config <file>',
    'read sinks and source from this YAML file instead of flags; SIGHUP reloads it',
  ),
  isCheckOnly: toggle('--check', 'with --config: only check the file (exit 0 if it is valid, otherwise 2)'),
});

export const RELAY_FLAGS = { ...DELIVERY_FLAGS, ...NATS_FLAGS, ...HTTP_FLAGS };
export type RelayValues = FlagValues<typeof RELAY_FLAGS>;

export type RelayFlags = Flags<typeof RELAY_FLAGS & typeof HEALTH_FLAGS & typeof CONFIG_FLAGS>;

/** A URI reference (RFC 3986). */
function parseEventSource(flag: string, source: string): string {
  if (/^[\x21-\x7e]{1,200}$/.test(source) && URL.canParse(source, 'https://example.com/')) return source;
  throw new UsageError(...sayInvalid(flag, source, ACCEPTED_EVENT_SOURCE));
}
