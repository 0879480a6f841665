// The flags that every command has, and those that several commands of `stream` share: where the stream is, how to connect, which events, until when.
import { CONNECTION_DEFAULTS, RETRY_DEFAULTS } from '../connection/config.ts';
import {
  choice,
  type Flags,
  group,
  list,
  negation,
  optional,
  optionalText,
  text,
  toggle,
  withDefault,
} from './definition.ts';
import {
  COLOR_MODES,
  FORMATS,
  LOG_FORMATS,
  parseCount,
  parseDuration,
  TIME_MODES,
  writeDuration,
} from './values.ts';

export const GLOBAL_FLAGS = {
  color: choice('--color <when>', 'colour', COLOR_MODES, 'auto'),
  isQuiet: toggle('-q, --quiet', 'nothing on stderr but errors'),
  isVerbose: toggle('-v, --verbose', 'say more on stderr, and show the stack of a fault'),
  logFormat: choice('--log-format <format>', 'form of stderr', LOG_FORMATS, 'text'),
};

/** As the command line gives them. */
export type GlobalFlags = Flags<typeof GLOBAL_FLAGS>;

/** A whole number of at least `min`. */
const count =
  (min: number) =>
  (flag: string, given: string): number =>
    parseCount(flag, given, min);

const { connectTimeoutMs, pingIntervalMs, pongTimeoutMs } = CONNECTION_DEFAULTS;

/** Which URL and key. */
export const SOURCE_FLAGS = {
  profile: text('-p, --profile <name>', 'profile to use (ATLANTIS_PROFILE, else the one in use)'),
  url: text('--url <url>', "base or stream URL (ATLANTIS_URL, else the profile's)"),
  isKeyStdin: toggle('--key-stdin', 'read the key from the first line of stdin'),
  keyFile: text(
    '--key-file <file>',
    'read the key from this file, again for each connection (ATLANTIS_API_KEY_FILE)',
  ),
};

export const SIMULATION_FLAGS = {
  simulate: optionalText('--simulate [scenario]', 'tail the built-in simulator: no key, no URL', 'steady'),
};

/** How to connect once. */
export const ATTEMPT_FLAGS = {
  connectTimeoutMs: withDefault(
    '--connect-timeout <dur>',
    'for a whole attempt, and again for the welcome',
    parseDuration,
    writeDuration(connectTimeoutMs),
  ),
  pingIntervalMs: withDefault(
    '--ping-interval <dur>',
    'keepalive; 0 turns it off',
    (flag, given) => parseDuration(flag, given, 'turns keepalive off'),
    writeDuration(pingIntervalMs),
  ),
  pongTimeoutMs: withDefault(
    '--pong-timeout <dur>',
    'time to hear anything after a ping',
    parseDuration,
    writeDuration(pongTimeoutMs),
  ),
  caCert: text('--ca-cert <file>', 'extra trusted roots (PEM)'),
};

/** When to connect again. */
const RETRY_FLAGS = {
  noReconnect: negation('--no-reconnect', 'end at the first loss'),
  maxReconnects: optional('--max-reconnects <n>', 'attempts beyond the first one', count(0), 'unlimited'),
  retryMinMs: optional(
    '--retry-min <dur>',
    'bound of the first random delay, then doubled',
    parseDuration,
    writeDuration(RETRY_DEFAULTS.retryMinMs),
  ),
  retryMaxMs: optional(
    '--retry-max <dur>',
    'bound of every delay',
    parseDuration,
    writeDuration(RETRY_DEFAULTS.retryMaxMs),
  ),
};

/** How to connect, and when again. */
export const CONNECTION_FLAGS = { ...ATTEMPT_FLAGS, ...RETRY_FLAGS };

/** Which events. */
export const EVENT_FLAGS = group('Which events:', {
  type: list('-t, --type <glob>', 'only these event types; repeatable, comma-separated'),
  where: list('-w, --where <expr>', 'only events for which it holds; repeatable, all must hold'),
});

/** In which form stdout has them. */
export const FORM_FLAGS = group('In which form:', {
  format: choice('-f, --format <format>', 'form of the events', FORMATS, 'auto'),
  isJson: toggle('--json', 'the same as --format ndjson'),
  isEnveloped: toggle('--envelope', 'wrap each event with receive time and number, add lifecycle records'),
  fields: text('--fields <path,...>', 'print only these: tab-separated, or columns on a terminal'),
  time: choice('--time <mode>', 'receive time shown in pretty', TIME_MODES, 'local'),
  isWide: toggle('--wide', 'pretty and columns: every field in full, nothing shortened or left to a +n'),
});

/** When to stop. */
export const END_FLAGS = group('Until when:', {
  limit: optional('-n, --limit <n>', 'end with 0 once n events are written', count(1)),
  durationMs: optional('--duration <dur>', 'end with 0 after this long', parseDuration),
  timeoutMs: optional('--timeout <dur>', 'end with 124 if --limit is not reached by then', parseDuration),
  maxSilenceMs: optional(
    '--max-silence <dur>',
    'end with 13 when connected and no event for this long',
    parseDuration,
  ),
  failOnGap: toggle('--fail-on-gap', 'end with 12 at the first gap'),
});

export const READY_FLAGS = {
  readyFile: text('--ready-file <file>', 'written once the first welcome has come'),
};
