// The flags of every command, and those that several commands of `stream` share.
import {
  CONNECTION_DEFAULTS,
  FIRST_BUDGET,
  MAX_CONNECTIONS,
  MERGE_DEFAULTS,
  RETRY_DEFAULTS,
} from '../connection/config.ts';
import {
  choice,
  type Flags,
  group,
  list,
  negation,
  optional,
  optionalText,
  setting,
  text,
  toggle,
  withDefault,
} from './definition.ts';
import { describeTimeModes } from './messages.ts';
import {
  FORMATS,
  LOG_FORMATS,
  parseCount,
  parseDuration,
  parseListenAddress,
  parseTimeMode,
  THEMES,
  TIME_MODES,
  WHEN,
  writeDuration,
} from './values.ts';

export const GLOBAL_FLAGS = {
  color: setting(choice('--color <when>', 'color output', WHEN, 'auto')),
  isQuiet: toggle('-q, --quiet', 'print only errors on stderr'),
  isVerbose: toggle('-v, --verbose', 'print more detail on stderr, and stack traces'),
  logFormat: choice('--log-format <format>', 'format of stderr', LOG_FORMATS, 'text'),
};

/** As commander parses them: text, not yet checked. */
export type GlobalFlags = Flags<typeof GLOBAL_FLAGS>;

export const count =
  (min: number, max?: number) =>
  (flag: string, given: string): number =>
    parseCount(flag, given, min, max);

const { connectTimeoutMs, pingIntervalMs, pongTimeoutMs } = CONNECTION_DEFAULTS;

export const SOURCE_FLAGS = {
  profile: text('-p, --profile <name>', 'profile to use', 'ATLANTIS_PROFILE, else the active profile'),
  url: text('--url <url>', 'base or stream URL', 'ATLANTIS_URL, else the URL of the profile'),
  isKeyStdin: toggle('--key-stdin', 'read the API key from the first line of stdin'),
  keyFile: text('--key-file <file>', 'read the API key from this file', 'ATLANTIS_API_KEY_FILE'),
};

export const SIMULATION_FLAGS = {
  simulate: optionalText(
    '--simulate [scenario]',
    'use the built-in simulator, which needs no key or URL',
    'steady',
  ),
};

export const ATTEMPT_FLAGS = {
  connectTimeoutMs: withDefault(
    '--connect-timeout <dur>',
    'timeout for connecting, and again for the welcome message',
    parseDuration,
    writeDuration(connectTimeoutMs),
  ),
  pingIntervalMs: withDefault(
    '--ping-interval <dur>',
    'keepalive: send a ping this often; 0 turns it off',
    (flag, given) => parseDuration(flag, given, 'turns keepalive off'),
    writeDuration(pingIntervalMs),
  ),
  pongTimeoutMs: withDefault(
    '--pong-timeout <dur>',
    'timeout for any data after a ping',
    parseDuration,
    writeDuration(pongTimeoutMs),
  ),
  caCert: text('--ca-cert <file>', 'trust these root certificates as well (PEM)'),
  useSystemCa: toggle('--system-ca', 'trust the root certificates of the operating system as well'),
};

/** Retries before the first connection; the default is only shown in the help. */
export const waitFlags = (shownDefault: string) => ({
  waitMs: optional(
    '--wait <dur>',
    'retry for up to this long until the service is up, e.g. 5m',
    parseDuration,
    shownDefault,
  ),
});

const RETRY_FLAGS = {
  ...waitFlags(`${FIRST_BUDGET.attempts} attempts within ${writeDuration(FIRST_BUDGET.ms)}`),
  noReconnect: negation('--no-reconnect', 'exit at the first failure instead of retrying'),
  maxReconnects: optional(
    '--max-reconnects <n>',
    'maximum number of retries in the whole run',
    count(0),
    'unlimited after the first connection',
  ),
  retryMinMs: optional(
    '--retry-min <dur>',
    'initial backoff: random delay up to this, doubled on each retry',
    parseDuration,
    writeDuration(RETRY_DEFAULTS.retryMinMs),
  ),
  retryMaxMs: optional(
    '--retry-max <dur>',
    'maximum backoff between retries',
    parseDuration,
    writeDuration(RETRY_DEFAULTS.retryMaxMs),
  ),
};

export const REDUNDANCY_FLAGS = group('Several connections:', {
  connections: withDefault(
    '--connections <n>',
    'number of simultaneous connections (1 to 4), merged without duplicates: losing one is not a gap',
    count(1, MAX_CONNECTIONS),
    '1',
  ),
  noOverlap: negation('--no-overlap', 'never open a second connection to replace one that does not answer'),
});

/** How duplicates are recognized; `stream relay` has its own flags of these names. */
export const DEDUPE_FLAGS = group('Several connections:', {
  id: text(
    '--id <path>',
    'with --connections: field with the id of an event, for deduplication',
    'id, else the whole event',
  ),
  dedupeWindowMs: optional(
    '--dedupe-window <dur>',
    'with --connections: how long an event is remembered',
    parseDuration,
    writeDuration(MERGE_DEFAULTS.windowMs),
  ),
});

export const CONNECTION_FLAGS = { ...ATTEMPT_FLAGS, ...RETRY_FLAGS };

export const EVENT_FLAGS = group('Filters:', {
  type: list('-t, --type <glob>', "filter by event type, e.g. 'large_*'; repeatable, comma-separated"),
  where: list(
    '-w, --where <expr>',
    "filter by expression, e.g. 'chain = tron or amount_usd > 1M'; repeatable, all must match",
  ),
  preset: list(
    '--preset <name>',
    'filter by an expression stored with `atlantis config set preset.<name>`; repeatable',
  ),
});

export const FORM_FLAGS = group('Output:', {
  format: setting(choice('-f, --format <format>', 'output format', FORMATS, 'auto')),
  isJson: toggle('--json', 'same as --format ndjson'),
  isEnveloped: toggle(
    '--envelope',
    'wrap each event with receive time and sequence number; add lifecycle records',
  ),
  fields: setting(
    text('--fields <path,...>', 'print only these fields, tab-separated (columns on a terminal)'),
  ),
  hasHeader: toggle('--header', 'with --fields in a pipe: print the field names as the first line'),
  time: setting({
    ...withDefault(
      '--time <mode>',
      `receive time in pretty output: ${describeTimeModes(TIME_MODES)}`,
      parseTimeMode,
      'local',
    ),
    choices: TIME_MODES,
  }),
  isWide: toggle('--wide', 'show every field in full, one per line'),
  highlight: list(
    '--highlight <expr>',
    'mark the events that match this expression, without filtering; repeatable',
  ),
  hasBell: toggle('--bell', 'with --highlight: ring the terminal bell, at most once a second'),
  links: setting(choice('--links <when>', 'link hashes and addresses to a block explorer', WHEN, 'auto')),
  theme: setting(
    choice('--theme <name>', 'colors of pretty output, to suit the terminal background', THEMES, 'auto'),
  ),
});

export const END_FLAGS = group('When to stop:', {
  limit: optional('-n, --limit <n>', 'stop after n events (exit 0)', count(1)),
  durationMs: optional('--duration <dur>', 'stop after this long (exit 0)', parseDuration),
  timeoutMs: optional(
    '--timeout <dur>',
    'exit 124 if --limit is not reached within this time',
    parseDuration,
  ),
  maxSilenceMs: optional(
    '--max-silence <dur>',
    'exit 13 if no event arrives for this long while connected',
    parseDuration,
  ),
  failOnGap: toggle('--fail-on-gap', 'exit 12 at the first gap (events were missed)'),
});

export const READY_FLAGS = {
  readyFile: text('--ready-file <file>', 'file that exists only while the stream is live'),
};

export const MONITOR_FLAGS = {
  metricsListen: optional(
    '--metrics-listen <addr>',
    'serve /metrics (OpenMetrics), /healthz and /readyz on this address; :9464 listens on loopback only',
    parseListenAddress,
  ),
};

export const LAG_FLAGS = {
  lagField: text(
    '--lag-field <path>',
    'field with the timestamp of an event',
    'first of timestamp, ts, created_at',
  ),
};

/** For NATS, as a source or a sink. */
export const PLAINTEXT_FLAGS = {
  allowPlaintext: toggle('--allow-plaintext', 'allow nats:// without TLS to other machines'),
};
