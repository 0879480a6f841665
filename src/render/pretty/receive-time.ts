// Receive times as text: times of day in the table on a terminal, and times with date and zone anywhere else.
import { createZoneOffset, formatLocal, formatZone } from '../local-time.ts';

type NamedMode = 'local' | 'utc' | 'relative' | 'none';
/** `zone` is a result of `findZone`. */
export type TimeMode = NamedMode | { readonly zone: string };

/** Columns of a time; `relative` has room for a day, `+86400.000s`. */
const TIME_WIDTHS: Readonly<Record<NamedMode, number>> = { local: 8, utc: 9, relative: 11, none: 0 };
const WHOLE_TIME_WIDTHS: typeof TIME_WIDTHS = { ...TIME_WIDTHS, local: 29, utc: 24 };

export function timeColumns(mode: TimeMode, isWhole: boolean): number {
  const widths = isWhole ? WHOLE_TIME_WIDTHS : TIME_WIDTHS;
  return widths[typeof mode === 'object' ? 'local' : mode];
}

export interface ReceiveTimes {
  /** For the column of times: `14:05:12`, or in UTC with the zone, `13:05:12Z`. */
  format(atMs: number): string;
  /** With date and zone, exact: `2026-11-22T14:05:12.345+01:00`. */
  formatWhole(atMs: number): string;
  /** The date, if it is not that of the last call: `2026-11-22 +01:00`. */
  noteDay(atMs: number): string | undefined;
}

/** @param startMs no date line is printed for the day of this time */
export function createReceiveTimes(mode: TimeMode, startMs: number): ReceiveTimes {
  let firstMs: number | undefined;
  const offset = typeof mode === 'object' ? createZoneOffset(mode.zone) : undefined;
  const formatWhole = (atMs: number): string => {
    if (mode === 'utc') return new Date(atMs).toISOString();
    if (mode === 'none') return '';
    if (mode !== 'relative') return formatLocal(atMs, offset) + formatZone(atMs, offset);
    firstMs ??= atMs;
    // Negative if the clock was set back.
    const ms = atMs - firstMs;
    const sign = ms < 0 ? '-' : '+';
    const exact = `${sign}${(Math.abs(ms) / 1000).toFixed(3)}s`;
    return exact.length <= TIME_WIDTHS.relative ? exact : `${sign}${Math.floor(Math.abs(ms) / 1000)}s`;
  };
  const formatDay = (atMs: number): string => {
    if (mode === 'utc') return `${new Date(atMs).toISOString().slice(0, 10)} UTC`;
    if (mode === 'relative' || mode === 'none') return '';
    return `${formatLocal(atMs, offset).slice(0, 10)} ${formatZone(atMs, offset)}`;
  };
  let day = formatDay(startMs);
  /** The texts of the last time, cached because many events arrive together. */
  let last = { atMs: Number.NaN, text: '', day };
  const read = (atMs: number): typeof last => {
    if (atMs !== last.atMs) {
      const whole = formatWhole(atMs);
      const text = mode === 'relative' ? whole.padStart(TIME_WIDTHS.relative) : whole.slice(11, 19);
      last = { atMs, text: mode === 'utc' ? `${text}Z` : text, day: formatDay(atMs) };
    }
    return last;
  };
  return {
    format: (atMs) => read(atMs).text,
    formatWhole,
    noteDay(atMs) {
      const { day: newDay } = read(atMs);
      if (newDay === day) return undefined;
      day = newDay;
      return newDay;
    },
  };
}
