// When an event was received, as the first word of its line.

export type TimeMode = 'local' | 'utc' | 'relative' | 'none';

/** A function from wall clock ms to text: the same for the same ms, `relative` to the first one it was given. */
export function createTimeFormat(mode: TimeMode): (atMs: number) => string {
  let lastMs = Number.NaN;
  let last = '';
  let firstMs: number | undefined;
  return (atMs) => {
    if (atMs === lastMs) return last;
    firstMs ??= atMs;
    lastMs = atMs;
    last = format(mode, atMs, firstMs);
    return last;
  };
}

/** Room for a day: `+86400.000s`. */
const RELATIVE_WIDTH = 11;

/** Negative where the clock of this machine was set back. */
function formatDistance(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(3)}s`;
}

function format(mode: TimeMode, atMs: number, firstMs: number): string {
  if (mode === 'none') return '';
  if (mode === 'relative') return formatDistance(atMs - firstMs).padStart(RELATIVE_WIDTH);
  const date = new Date(atMs);
  if (mode === 'utc') return date.toISOString().slice(11, 23);
  const pad = (n: number, width: number): string => String(n).padStart(width, '0');
  const seconds = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => pad(n, 2)).join(':');
  return `${seconds}.${pad(date.getMilliseconds(), 3)}`;
}
