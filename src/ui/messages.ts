// Messages about the connection of a stream, and the texts of the status line.

import type { MergeFigures } from '../connection/follow-all.ts';
import {
  type Cause,
  type Connecting,
  describeCause,
  type EndReason,
  type Gap,
  type GaveUp,
  type Lost,
  type Notice,
  type Retrying,
} from '../connection/lifecycle.ts';
import type { ErrorText } from '../errors.ts';
import type { Connected } from '../stream/items.ts';
import { formatCount, formatDuration, formatLag, formatMoment, formatTime, formatTimes } from './format.ts';
import type { StatusRecord } from './reporter.ts';

const END_MESSAGES: Readonly<Record<EndReason, string>> = {
  'not-retryable': 'not retrying, since a retry cannot help',
  'no-reconnect': 'not retrying, as requested',
  'first-budget': 'giving up, since no attempt succeeded',
  'too-often': 'giving up after repeated failures',
  'wait-too-long': 'giving up, since the server asks for too long a wait',
  'beyond-deadline': 'giving up, since the server asks for a longer wait than --timeout allows',
};

export function listCauseFields(cause: Cause): Record<string, unknown> {
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

export function sayConnecting(host: string, { attempt, others }: Connecting): StatusRecord {
  return {
    event: 'connecting',
    level: attempt === 1 && others === undefined ? 'info' : 'debug',
    message: attempt === 1 ? `connecting to ${host}` : `connecting to ${host} (attempt ${attempt})`,
    fields: { host, attempt },
  };
}

/** For a welcome with the prefix of another key (contract C4). */
export const sayForeignKey = (host: string, accepted: string, expected: string): ErrorText => [
  `${host} accepted the key ${accepted}… instead of yours, ${expected}…`,
  'another key may be charged; check the proxies between this machine and the service',
];

export function sayConnected(connected: Connected): StatusRecord {
  const { host, keyPrefix, expectedKeyPrefix, connection, requestId, isAdditional = false } = connected;
  const fields = { host, key_prefix: keyPrefix, connection, request_id: requestId };
  if (keyPrefix !== expectedKeyPrefix) {
    const [, hint] = sayForeignKey(host, keyPrefix, expectedKeyPrefix);
    return {
      event: 'connected',
      level: 'warn',
      message: `connected to ${host}, but it accepted the key ${keyPrefix}… instead of yours, ${expectedKeyPrefix}…`,
      hint,
      fields: { ...fields, expected_key_prefix: expectedKeyPrefix },
    };
  }
  return {
    event: 'connected',
    level: 'info',
    message: `connected to ${host} with the key ${keyPrefix}…${isAdditional ? ` (connection ${connection})` : ''}`,
    fields,
  };
}

/** `connection 2 is`, `connections 2 and 3 are`. */
const nameConnections = (numbers: readonly number[]): string =>
  numbers.length === 1
    ? `connection ${numbers[0]} is`
    : `connections ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} are`;

export function sayLost(item: Lost, nowMs: number): StatusRecord {
  const { happened, remedy } = describeCause(item.cause);
  const { times } = formatTimes(item.lastByteAtMs, nowMs);
  const { connection, others, hasGap = false } = item;
  return {
    event: 'lost',
    level: others === undefined ? 'warn' : 'info',
    message:
      others === undefined
        ? `${happened}; last byte received at ${times[0]}`
        : `connection ${connection} lost: ${happened}; ${nameConnections(others)} still live${hasGap ? '' : ', no gap'}`,
    hint: item.cause.kind === 'idle-cut' ? remedy : undefined,
    fields: {
      ...listCauseFields(item.cause),
      last_byte_at: new Date(item.lastByteAtMs).toISOString(),
      up_ms: Math.round(item.upMs),
      connection,
      still_live: others,
    },
  };
}

/** If the connection was live, `sayLost` has already reported the cause, so only the retry is reported. */
export function sayRetrying(item: Retrying): StatusRecord {
  const { happened, remedy } = describeCause(item.cause);
  const next = `retrying in ${formatDuration(item.delayMs)} (attempt ${item.attempt})`;
  return {
    event: 'retrying',
    level: item.others === undefined ? 'warn' : 'info',
    message: item.wasLive ? next : `${happened}; ${next}`,
    hint: item.wasLive ? undefined : remedy,
    fields: { ...listCauseFields(item.cause), delay_ms: Math.round(item.delayMs), attempt: item.attempt },
  };
}

export function sayGap(item: Gap): StatusRecord {
  const { fromMs, toMs, durationMs, cause } = item;
  const { isPlain, times } = formatTimes(fromMs, toMs);
  const [from, to] = times;
  // `sayLost` has already reported any other cause.
  const why =
    cause.kind === 'nats-recreated' || cause.kind === 'nats-trimmed'
      ? `${describeCause(cause).happened}; `
      : '';
  const duration = isPlain ? '' : ` (${formatDuration(durationMs)})`;
  const { missed } = item;
  return {
    event: 'gap',
    level: 'warn',
    message:
      missed !== undefined
        ? `events sent between ${from} and ${to}${duration} may be missing: the connection that stayed live did not deliver ${formatCount(missed, 'event')} that the lost one had delivered`
        : `${why}live again at ${to}; events sent between ${from} and ${to}${duration} were not delivered, and their number is unknown`,
    fields: {
      cause: cause.kind,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      duration_ms: Math.round(durationMs),
      missed,
    },
  };
}

export function sayNotice(item: Notice): StatusRecord {
  switch (item.what) {
    case 'handover':
      return {
        event: 'warning',
        level: 'info',
        message: `connection ${item.from} does not answer: connection ${item.to} replaces it`,
        fields: { from: item.from, to: item.to },
      };
    case 'window-full':
      return {
        event: 'warning',
        level: 'warn',
        message: `more events arrive within --dedupe-window than ${item.maxBytes} bytes can hold: duplicates are possible (reported once)`,
        hint: 'use a shorter --dedupe-window',
        fields: { max_bytes: item.maxBytes },
      };
    case 'differing':
      return {
        event: 'warning',
        level: 'warn',
        message: `connection ${item.connection} did not deliver ${item.missed} of ${formatCount(item.events, 'event')} within ${formatDuration(item.windowMs)}, although another connection did (reported once)`,
        hint: 'the connections are not subscribed to the same events, or the service drops events; if this continues, contact support',
        fields: {
          connection: item.connection,
          missed: item.missed,
          events: item.events,
          window_ms: item.windowMs,
        },
      };
    case 'fewer-connections': {
      const { happened } = describeCause(item.cause);
      const left = formatCount(item.left, 'connection');
      return {
        event: 'warning',
        level: 'warn',
        message: `the service closed or refused an additional connection: ${happened}; continuing with ${left}`,
        hint: `the service may not allow more: use --connections ${item.left}, or ask support`,
        fields: { ...listCauseFields(item.cause), left: item.left },
      };
    }
  }
}

export function sayOpenGap({ cause, lastByteAtMs }: Lost, durationMs: number, nowMs: number): StatusRecord {
  const { times } = formatTimes(lastByteAtMs, nowMs);
  return {
    event: 'gap',
    level: 'warn',
    message: `disconnected at the end: events sent since ${times[0]} (${formatDuration(durationMs)}) were not delivered, and their number is unknown`,
    fields: {
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
    fields: { ...listCauseFields(item.cause), exit_code: item.exitCode, why: item.why },
  };
}

/** `1,234 duplicates dropped`, and how the connections differed. */
export function describeMerge(merged: MergeFigures | undefined): string {
  if (merged === undefined) return '';
  const { duplicates, missed, forgotten } = merged;
  const parts = [`${formatCount(duplicates, 'duplicate')} dropped`];
  if (missed > 0) parts.push(`${formatCount(missed, 'event')} missed by a connection`);
  if (forgotten > 0)
    parts.push(`${formatCount(forgotten, 'event')} forgotten before the end of --dedupe-window`);
  return parts.join(', ');
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
  paused: 'paused: p resumes',
  help: '? help',
  openFor: (ms: number) => `, open for ${formatDuration(ms).replace(/\.\d+/, '')}`,
  lag: (ms: number) => `lag ${formatLag(ms)}`,
  left: (ms: number) => `${formatDuration(ms)} left`,
  rate: (rate: string) => `${rate}/s`,
  connections: (live: number) => formatCount(live, 'connection'),
  roundTrip: (ms: number) => `rtt ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`,
} as const;
