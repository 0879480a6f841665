// Numbers as text, with commas or cut. They are never converted, so nothing is rounded.
import { MINUS, ZERO } from '../../events/scan-constants.ts';

/** A 256-bit integer has 78 digits. */
const MAX_GROUPED_DIGITS = 300;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** As in JSON, but leading zeros are allowed. */
export function isNumberText(text: string): boolean {
  return NUMBER.test(text);
}

/** A number at the end of JSON or of a list, also in quotes. */
const LAST_NUMBER = /(^|[[:,] *)"?-?\d[-+.\deE]*$/;

/** Removes a number at the end of a text that was cut, since `12` of `123` would be wrong. */
export function dropCutNumber(kept: string): string {
  return kept.replace(LAST_NUMBER, '$1');
}

/** Adds commas: `-1,234,567.8900`. A number with an exponent stays as it is. */
export function groupDigits(number: string): string {
  const digits = countWholeDigits(number);
  if (digits <= 3 || digits > MAX_GROUPED_DIGITS || hasExponent(number)) return number;
  const first = number.charCodeAt(0) === MINUS ? 1 : 0;
  const point = first + digits;
  let at = first + (digits % 3 || 3);
  let grouped = number.slice(0, at);
  for (; at < point; at += 3) grouped += `,${number.slice(at, at + 3)}`;
  return grouped + number.slice(point);
}

function hasExponent(number: string): boolean {
  return /e/i.test(number);
}

/** Only for numbers without an exponent; leading zeros count. */
function countWholeDigits(number: string): number {
  const first = number.charCodeAt(0) === MINUS ? 1 : 0;
  const point = number.indexOf('.');
  return (point < 0 ? number.length : point) - first;
}

/** Adds commas and cuts to `width` columns: `191,262.9…`, or else `1.157…e77`. Nothing is rounded. */
export function fitNumber(number: string, width: number, ellipsis: string): string {
  // Commas would make it even longer.
  if (number.length > width && !number.includes('.')) return cutToPower(number, width, ellipsis);
  const grouped = groupDigits(number);
  if (grouped.length <= width) return grouped;
  const point = hasExponent(number) ? -1 : grouped.indexOf('.');
  const kept = grouped.slice(0, Math.max(0, width - ellipsis.length));
  // `0.00…` would look like zero.
  const looksLikeZero = !/[1-9]/.test(kept) && /[1-9]/.test(grouped);
  if (point > 0 && kept.length > point && !looksLikeZero) return kept + ellipsis;
  return cutToPower(number, width, ellipsis);
}

const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,15}))?$/;

/** `-1.25…e-9`; the ellipsis if not even one digit fits, or for zero. */
function cutToPower(number: string, width: number, ellipsis: string): string {
  const [found, sign = '', whole = '', fraction = '', exponent = '0'] = PARTS.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  if (found === undefined || digits === '') return ellipsis.slice(0, width);
  const leadingZeros = whole.length + fraction.length - digits.length;
  const power = `e${whole.length - leadingZeros - 1 + Number(exponent)}`;
  const room = width - sign.length - 1 - ellipsis.length - power.length;
  if (room < 0) return ellipsis.slice(0, width);
  const more = room > 1 ? digits.slice(1, room) : '';
  return `${sign}${digits.charAt(0)}${more === '' ? '' : `.${more}`}${ellipsis}${power}`;
}

/** Whether `raw` is `amount` × 10^`decimals`; undefined: × any power of ten. False for numbers with an exponent. */
export function isSameNumber(amount: string, raw: string, decimals: number | undefined): boolean {
  const one = normalize(amount);
  const other = normalize(raw);
  if (one === undefined || other === undefined || one.digits !== other.digits) return false;
  return one.digits === '' || decimals === undefined || other.magnitude - one.magnitude === decimals;
}

interface Normalized {
  /** Sign and digits, without leading and trailing zeros; empty for zero. */
  readonly digits: string;
  /** Digits before the decimal point; negative for zeros after it. */
  readonly magnitude: number;
}

function normalize(number: string): Normalized | undefined {
  if (!isNumberText(number) || hasExponent(number)) return undefined;
  const sign = number.charCodeAt(0) === MINUS ? '-' : '';
  const digits = number.slice(sign.length).replace('.', '');
  let first = 0;
  while (digits.charCodeAt(first) === ZERO) first++;
  let last = digits.length;
  while (last > first && digits.charCodeAt(last - 1) === ZERO) last--;
  if (first === last) return { digits: '', magnitude: 0 };
  return { digits: sign + digits.slice(first, last), magnitude: countWholeDigits(number) - first };
}
