// Messages about the connection of a stream, and the texts of the status line.
import {
  type Cause,
  describeCause,
  type EndReason,
  type Gap,
  type GaveUp,
  type Lost,
  type Retrying,
} from '../connection/lifecycle.ts';
import type { ErrorText } from '../errors.ts';
import type { Connected } from '../stream/items.ts';
import { formatDuration, formatLag, formatMoment, formatTime, formatTimes } from './format.ts';
import type { StatusRecord } from './reporter.ts';

const END_MESSAGES: Readonly<Record<EndReason, string>> = {
  'not-retryable': 'not retrying, since a retry cannot help',
  'no-reconnect': 'not retrying, as requested',
  'first-budget': 'giving up, since no attempt succeeded',
  'too-often': 'giving up after repeated failures',
  'wait-too-long': 'giving up, since the server asks for a longer wait',
  'beyond-deadline': 'giving up, since the server asks for a longer wait than --timeout allows',
};

export function listCauseFigures(cause: Cause): Record<string, unknown> {
  return {
    cause: cause.kind,
    host: cause.host,
    proxy: cause.proxy,
    http_status: cause.httpStatus,
    error_code: cause.errorCode,
    close_code: cause.closeCode,
    request_id: cause.requestId,
    retry_after_ms: cause.retryAfterMs,
    key_source: cause.keyOrigin?.source,
  };
}

export function sayConnecting(host: string, attempt: number): StatusRecord {
  return {
    event: 'connecting',
    level: attempt === 1 ? 'info' : 'debug',
    message: attempt === 1 ? `connecting to ${host}` : `connecting to ${host} (attempt ${attempt})`,
    figures: { host, attempt },
  };
}

/** The welcome has the prefix of another key (contract C4). */
export const sayForeignKey = (host: string, accepted: string, expected: string): ErrorText => [
  `${host} accepted the key ${accepted}… instead of yours, ${expected}…`,
  'another key may be charged; check the proxies between this machine and the service',
];

export function sayConnected(connected: Connected): StatusRecord {
  const { host, keyPrefix, expectedKeyPrefix, connection, requestId } = connected;
  const figures = { host, key_prefix: keyPrefix, connection, request_id: requestId };
  if (keyPrefix !== expectedKeyPrefix) {
    const [, hint] = sayForeignKey(host, keyPrefix, expectedKeyPrefix);
    return {
      event: 'connected',
      level: 'warn',
      message: `connected to ${host}, but it accepted the key ${keyPrefix}… instead of yours, ${expectedKeyPrefix}…`,
      hint,
      figures: { ...figures, expected_key_prefix: expectedKeyPrefix },
    };
  }
  return {
    event: 'connected',
    level: 'info',
    message: `connected to ${host} with the key ${keyPrefix}…`,
    figures,
  };
}

export function sayLost(item: Lost, nowMs: number): StatusRecord {
  const { happened, remedy } = describeCause(item.cause);
  const { times } = formatTimes(item.lastByteAtMs, nowMs);
  return {
    event: 'lost',
    level: 'warn',
    message: `${happened}; last byte received at ${times[0]}`,
    hint: item.cause.kind === 'idle-cut' ? remedy : undefined,
    figures: {
      ...listCauseFigures(item.cause),
      last_byte_at: new Date(item.lastByteAtMs).toISOString(),
      up_ms: Math.round(item.upMs),
    },
  };
}

/** After a live connection `sayLost` has reported the cause, so only the retry is reported. */
export function sayRetrying(item: Retrying): StatusRecord {
  const { happened, remedy } = describeCause(item.cause);
  const next = `retrying in ${formatDuration(item.delayMs)} (attempt ${item.attempt})`;
  return {
    event: 'retrying',
    level: 'warn',
    message: item.wasLive ? next : `${happened}; ${next}`,
    hint: item.wasLive ? undefined : remedy,
    figures: { ...listCauseFigures(item.cause), delay_ms: Math.round(item.delayMs), attempt: item.attempt },
  };
}

export function sayGap(item: Gap): StatusRecord {
  const { fromMs, toMs, durationMs, cause } = item;
  const { isPlain, times } = formatTimes(fromMs, toMs);
  const [from, to] = times;
  // Other causes are reported before, by `sayLost`.
  const why =
    cause.kind === 'nats-recreated' || cause.kind === 'nats-trimmed'
      ? `${describeCause(cause).happened}; `
      : '';
  const duration = isPlain ? '' : ` (${formatDuration(durationMs)})`;
  return {
    event: 'gap',
    level: 'warn',
    message: `${why}live again at ${to}; events sent between ${from} and ${to}${duration} were not delivered, and their number is unknown`,
    figures: {
      cause: cause.kind,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      duration_ms: Math.round(durationMs),
    },
  };
}

/** The gap that is open at the end of a run. */
export function sayOpenGap({ cause, lastByteAtMs }: Lost, durationMs: number, nowMs: number): StatusRecord {
  const { times } = formatTimes(lastByteAtMs, nowMs);
  return {
    event: 'gap',
    level: 'warn',
    message: `disconnected at the end: events sent since ${times[0]} (${formatDuration(durationMs)}) were not delivered, and their number is unknown`,
    figures: {
      cause: cause.kind,
      from: new Date(lastByteAtMs).toISOString(),
      to: null,
      duration_ms: Math.round(durationMs),
    },
  };
}

export function sayGaveUp(item: Pick<GaveUp, 'cause' | 'exitCode' | 'why'>, nowMs: number): StatusRecord {
  const { happened, remedy } = describeCause(item.cause);
  const { retryAfterMs } = item.cause;
  const when = retryAfterMs === undefined ? '' : `; try again after ${formatMoment(nowMs + retryAfterMs)}`;
  return {
    event: 'error',
    level: 'error',
    message: `${happened}; ${END_MESSAGES[item.why]}${when}`,
    hint: remedy,
    figures: { ...listCauseFigures(item.cause), exit_code: item.exitCode, why: item.why },
  };
}

/** Pieces of the status line, and of the first lines of `top`. */
export const STATUS = {
  live: 'live',
  playing: 'playing',
  connecting: (host: string) => `connecting to ${host}`,
  retrying: (ms: number) => `retrying in ${Math.max(0, Math.ceil(ms / 1_000))} s`,
  attempt: (attempt: number) => `attempt ${attempt}`,
  at: (wallMs: number) => `at ${formatTime(wallMs)}`,
  nextEvent: (ms: number) => `next event in ${formatDuration(ms)}`,
  disconnected: 'disconnected',
  paused: 'paused: p continues',
  help: '? help',
  openFor: (ms: number) => `, open for ${formatDuration(ms).replace(/\.\d+/, '')}`,
  lag: (ms: number) => `lag ${formatLag(ms)}`,
  left: (ms: number) => `${formatDuration(ms)} left`,
  rate: (rate: string) => `${rate}/s`,
  roundTrip: (ms: number) => `rtt ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`,
} as const;
