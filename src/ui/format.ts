// Counts, durations and times as text, for messages and the status line.
import { formatLocal, formatZone } from '../render/local-time.ts';

/** `1,234 events`. */
export function formatCount(count: number, noun: string): string {
  return `${groupThousands(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function groupThousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export interface Filtered {
  readonly received: number;
  readonly matched: number;
}

/** `0 of 10 events`. */
export function formatFiltered({ matched, received }: Filtered): string {
  return `${groupThousands(matched)} of ${formatCount(received, 'event')}`;
}

/** `0.25 s`, `12 s`, `3m 20s`, `2h 5m`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? (ms < 1_000 ? 2 : 1) : 0)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < MIN_HOURS_FOR_DAYS) return `${hours}h ${Math.floor((seconds % 3600) / 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

const MIN_HOURS_FOR_DAYS = 48;

/**
 * Local times are plain (`14:05:12.345`) if all are on one day, in one zone and in ascending order. Otherwise each time
 * has its date and zone (`2026-11-22 14:05:12.345 +01:00`).
 */
export function formatTimes(...wallMs: readonly number[]): {
  readonly isPlain: boolean;
  readonly times: string[];
} {
  const days = new Set(wallMs.map((ms) => formatLocal(ms).slice(0, 10) + formatZone(ms)));
  const isPlain = days.size === 1 && wallMs.every((ms, at) => ms >= (wallMs[at - 1] ?? ms));
  const format = (ms: number): string =>
    isPlain ? formatTime(ms) : `${formatLocal(ms).replace('T', ' ')} ${formatZone(ms)}`;
  return { isPlain, times: wallMs.map(format) };
}

/** Local time of day, `14:05:12.345`. */
export function formatTime(wallMs: number): string {
  return formatLocal(wallMs).slice(11);
}

/** The last second, in UTC, whose year has four digits. */
const MAX_MOMENT_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Local date and time, `2026-11-22 14:05:12`. */
export function formatMoment(wallMs: number): string {
  return formatLocal(Math.min(wallMs, MAX_MOMENT_MS))
    .replace('T', ' ')
    .replace(/\.\d+$/, '');
}

/** `0.4 s`, `12 s`; negative if the time of the event is ahead of the clock of this machine. */
export function formatLag(ms: number): string {
  const size = Math.abs(ms);
  const text = size < 1_000 ? `${(size / 1_000).toFixed(1)} s` : formatDuration(size);
  return ms < 0 ? `-${text}` : text;
}

export interface EventFigures {
  readonly events: number;
  readonly durationMs: number;
  /** Undefined without filters, or without events. */
  readonly filtered?: Filtered | undefined;
}

/** `3 events in 2.0 s, 3 of 10 events matched`. */
export function formatEvents({ events, durationMs, filtered }: EventFigures): string {
  const matched = filtered === undefined ? '' : `, ${formatFiltered(filtered)} matched`;
  return `${formatCount(events, 'event')} in ${formatDuration(durationMs)}${matched}`;
}

export interface GapFigures {
  /** Including one that is open at the end. */
  readonly gaps: number;
  /** Total duration of all gaps, each from the last byte before it. */
  readonly gapMs: number;
  readonly isGapOpen: boolean;
}

/** `no gaps`, `1 gap of 5.0 s`, `3 gaps of 1m 5s in total, one open`. */
export function formatGaps({ gaps, gapMs, isGapOpen }: GapFigures): string {
  if (gaps === 0) return 'no gaps';
  const total = gaps === 1 ? '' : ' in total';
  const open = !isGapOpen ? '' : gaps === 1 ? ', still open' : ', one open';
  return `${formatCount(gaps, 'gap')} of ${formatDuration(gapMs)}${total}${open}`;
}
