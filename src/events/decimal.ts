// Exact comparison of decimal numbers in their source form, digit by digit: any size, any form, no rounding.
//
// A number is taken as 0.d₁d₂d₃… × 10^magnitude with d₁ other than zero; sign, then magnitude, then digits
// decide. Nothing is allocated for a comparison, and it takes time linear in the length of the text.
import { DOT, MINUS, NINE, NOWHERE, ZERO } from './scan-constants.ts';
import { skipDigits } from './scan-numbers.ts';

/** What numbers are compared with. */
export interface Decimal {
  /** -1, 0 or 1. */
  readonly sign: number;
  readonly magnitude: number;
  /** ASCII digits without zeros at either end; none for zero. */
  readonly digits: Uint8Array;
}

/** Of what is compared with. */
const MAX_WANTED_EXPONENT = 1e15;
/**
 * An exponent beyond this counts as infinite: more zeros than fit into memory lie between it and those above. Up
 * to it, all sums of exponents and lengths are exact.
 */
const MAX_EXPONENT = 4e15;

/** Of the number that was measured last. */
const measured = { sign: 0, magnitude: 0, first: 0, last: 0 };

/** Reads a JSON number (RFC 8259 § 6); undefined where its exponent is beyond ±10^15. */
export function readDecimal(source: string): Decimal | undefined {
  const bytes = new TextEncoder().encode(source);
  measure(new DataView(bytes.buffer), 0, bytes.length);
  const { sign, magnitude, first, last } = measured;
  const [, exponent = '0'] = /e(.+)$/i.exec(source) ?? [];
  if (sign !== 0 && Math.abs(Number(exponent)) > MAX_WANTED_EXPONENT) return undefined;
  return { sign, magnitude, digits: bytes.slice(first, last).filter((byte) => byte !== DOT) };
}

/** Compares the JSON number from `start` to `end` with another: below 0, 0, above 0. */
export function compareDecimal(view: DataView, start: number, end: number, to: Decimal): number {
  const isNegative = view.getUint8(start) === MINUS;
  const first = isNegative ? start + 1 : start;
  if (view.getUint8(first) !== ZERO) {
    const point = skipDigits(view, first, end);
    const hasFraction = point < end && view.getUint8(point) === DOT;
    // No zeros in front and no exponent: nearly every number.
    if ((hasFraction ? skipDigits(view, point + 1, end) : point) === end) {
      return compareDigits(view, first, end, isNegative ? -1 : 1, point - first, to);
    }
  }
  measure(view, start, end);
  return compareDigits(view, measured.first, measured.last, measured.sign, measured.magnitude, to);
}

/** The digits of the number stand from `first` to `last`, perhaps with a point among them. */
function compareDigits(
  view: DataView,
  first: number,
  last: number,
  sign: number,
  magnitude: number,
  to: Decimal,
): number {
  if (sign !== to.sign) return sign - to.sign;
  if (magnitude !== to.magnitude) return magnitude > to.magnitude ? sign : -sign;
  const { digits } = to;
  let i = 0;
  for (let at = first; at < last; at++) {
    const digit = view.getUint8(at);
    if (digit === DOT) continue;
    const other = i < digits.length ? (digits[i] as number) : ZERO;
    if (digit !== other) return digit > other ? sign : -sign;
    i++;
  }
  return i < digits.length ? -sign : 0;
}

function measure(view: DataView, start: number, end: number): void {
  const isNegative = view.getUint8(start) === MINUS;
  let point = NOWHERE;
  let first = NOWHERE;
  let last = NOWHERE;
  let at = isNegative ? start + 1 : start;
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte > NINE) break; // the letter of the exponent
    if (byte === DOT) point = at;
    else if (byte !== ZERO) {
      if (first === NOWHERE) first = at;
      last = at + 1;
    }
  }
  if (first === NOWHERE) {
    measured.sign = measured.magnitude = measured.first = measured.last = 0;
    return;
  }
  if (point === NOWHERE) point = at;
  measured.sign = isNegative ? -1 : 1;
  measured.magnitude =
    point - first + (first > point ? 1 : 0) + (at < end ? readExponent(view, at + 1, end) : 0);
  measured.first = first;
  measured.last = last;
}

function readExponent(view: DataView, at: number, end: number): number {
  const isNegative = view.getUint8(at) === MINUS;
  let exponent = 0;
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte >= ZERO) exponent = exponent * 10 + (byte - ZERO);
    if (exponent > MAX_EXPONENT) exponent = Number.POSITIVE_INFINITY;
  }
  return isNegative ? -exponent : exponent;
}
