// Numbers as text for the table. A rounded amount has a `~`; an exact amount has all its digits.
import { formatDuration } from '../../ui/format.ts';
import { type Decimal, roundDecimal, writeDecimal } from './decimal.ts';
import { BELOW_ZERO } from './lag.ts';

const UNITS = ['', 'k', 'M', 'B', 'T'];

/** `~950`, `~12.3M`, `~1.2e+18`. */
export function formatRounded(value: number): string {
  if (value === 0) return '0';
  let size = Math.abs(value);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length) {
    size /= 1_000;
    unit += 1;
  }
  if (unit === UNITS.length) return `~${value.toExponential(1)}`;
  const digits = size >= 99.5 ? size.toFixed(0) : size >= 0.95 ? size.toFixed(1) : size.toPrecision(1);
  return `~${value < 0 ? '-' : ''}${digits}${UNITS[unit]}`;
}

/** An amount with all its digits (`1,234,567.80`) if they fit into `maxLength`, otherwise rounded (`~1.2M`). */
export function formatAmount(decimal: Decimal, maxLength: number): string {
  const exact = writeDecimal(decimal).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
  return exact.length <= maxLength ? exact : formatRounded(roundDecimal(decimal));
}

export function formatShare(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1%';
  return `${(share * 100).toFixed(1)}%`;
}

export function formatLagPercentile(ms: number): string {
  if (ms === BELOW_ZERO) return '<0 ms';
  return ms < 1_000 ? `${ms} ms` : formatDuration(ms);
}
