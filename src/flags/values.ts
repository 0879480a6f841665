// Parses the values of flags. Errors name the flag, the value and what is accepted (contract § 1).
import { isDayOfMonth, MAX_DURATION_MS } from '../clock.ts';
import { dropBrackets } from '../connection/dial/address.ts';
import { UsageError } from '../errors.ts';
import { findZone } from '../render/local-time.ts';
import type { TimeMode } from '../render/pretty/receive-time.ts';
import * as say from './messages.ts';

export const FORMATS = ['auto', 'pretty', 'ndjson', 'csv'] as const;
export const WHEN = ['auto', 'always', 'never'] as const;
export const LOG_FORMATS = ['text', 'json'] as const;
export const TIME_MODES = ['local', 'utc', 'relative', 'none'] as const;
export const THEMES = ['auto', 'dark', 'light', 'terminal'] as const;
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

function refuse(flag: string, value: string, accepted: string): UsageError {
  return new UsageError(...say.sayInvalid(flag, value, accepted));
}

/**
 * Ms of a duration such as `500ms` or `1h30m`.
 *
 * @param zero what `0` means, for the error; undefined if `0` is refused
 * @throws UsageError
 */
export function parseDuration(flag: string, value: string, zero?: string): number {
  if (value === '0' && zero !== undefined) return 0;
  if (!DURATION.test(value)) throw refuse(flag, value, say.describeDurations(zero));
  let ms = 0;
  for (const [, figure, unit] of value.matchAll(DURATION_PART))
    ms += Number(figure) * (UNITS_MS[unit ?? ''] ?? 0);
  if (ms > MAX_DURATION_MS) throw refuse(flag, value, say.describeDurations(zero, say.UP_TO_A_YEAR));
  if (ms === 0 && zero === undefined)
    throw refuse(flag, value, say.describeDurations(zero, say.MORE_THAN_ZERO));
  return ms;
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Parses a time, or a duration before `nowMs`, to ms since the epoch. A time without a zone is local.
 *
 * @param more what else the flag accepts, for the error
 * @throws UsageError
 */
export function parseTime(flag: string, value: string, nowMs: number, more = ''): number {
  const isTime = TIME.test(value) && isDayOfMonth(value.slice(0, 10));
  if (!isTime && DURATION.test(value)) return nowMs - parseDuration(flag, value);
  const atMs = isTime ? Date.parse(value.length === 10 ? `${value}T00:00` : value) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw refuse(flag, value, say.describeTimes(more));
}

/** `15s` for 15,000 ms; whole seconds only. */
export function writeDuration(ms: number): string {
  return `${ms / 1_000}s`;
}

/** @throws UsageError */
export function parseCount(flag: string, value: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw refuse(flag, value, say.describeCounts(min, max));
  return number;
}

/** A rate per second: a number from 0, or `max` for no limit (Infinity). @throws UsageError */
export function parseRate(flag: string, value: string): number {
  if (value === 'max') return Number.POSITIVE_INFINITY;
  const rate = /^\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : Number.NaN;
  if (!(rate >= 0)) throw refuse(flag, value, say.ACCEPTED_RATE);
  return rate;
}

/** As `parseRate`, but more than 0. @throws UsageError */
export function parsePlayRate(flag: string, value: string): number {
  const rate = parseRate(flag, value);
  if (rate === 0) throw refuse(flag, value, say.ACCEPTED_RATE_ABOVE_ZERO);
  return rate;
}

export interface ListenAddress {
  /** An IP address, or localhost. */
  readonly host: string;
  readonly port: number;
}

/** An address such as `127.0.0.1:9464`, `[::1]:9464` or `0.0.0.0:9464`; `:9464` is loopback. @throws UsageError */
export function parseListenAddress(flag: string, value: string): ListenAddress {
  const [, given = '', port = ''] =
    /^(\[[\da-fA-F:.]+\]|\d+(?:\.\d+){3}|localhost)?:(\d{1,5})$/.exec(value) ?? [];
  const url = `http://${given || '127.0.0.1'}:${port || 'none'}`;
  if (!URL.canParse(url)) throw refuse(flag, value, say.ACCEPTED_LISTEN_ADDRESS);
  return { host: dropBrackets(new URL(url).hostname), port: Number(port) };
}

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
};

/** Bytes of a size such as `500KB`, `100M`, `1.5GiB`; in upper or lower case, with or without B. @throws UsageError */
export function parseSize(flag: string, value: string): number {
  const [, figure = '', unit = ''] =
    /^(\d{1,9}(?:\.\d{1,6})?)(?:([KMG]I?)B?|B)$/.exec(value.toUpperCase()) ?? [];
  const bytes = Math.floor(Number(figure || Number.NaN) * (SIZES[unit] ?? Number.NaN));
  if (!(bytes >= 1)) throw refuse(flag, value, say.ACCEPTED_SIZE);
  return bytes;
}

/** A speed factor such as `1x`, `10x`, `0.5x`, or `max` for no delays (Infinity). @throws UsageError */
export function parseSpeed(flag: string, value: string): number {
  if (value === 'max') return Number.POSITIVE_INFINITY;
  const factor = /^\d{1,6}(\.\d{1,6})?x$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
  if (!(factor > 0)) throw refuse(flag, value, say.ACCEPTED_SPEED);
  return factor;
}

/** A time mode, or the name of a time zone such as `Europe/Berlin`. @throws UsageError */
export function parseTimeMode(flag: string, value: string): TimeMode {
  const mode = TIME_MODES.find((one) => one === value);
  if (mode !== undefined) return mode;
  const zone = findZone(value);
  if (zone === undefined) throw refuse(flag, value, say.describeTimeModes(TIME_MODES));
  return { zone };
}

/** @throws UsageError */
export function parseChoice<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw refuse(flag, value, choices.join(', '));
  return found;
}
