// Tests of one scalar value in the bytes of an event: a number, a text, a literal (contract O8). Numbers
// are compared as exact decimals.
//
// Each decodes no more than it needs: a number or a text without escapes is compared where it stands. Values
// of another kind match nothing, and so do arrays and objects, which are never given to a test.

import { DOT, MINUS, NINE, NOWHERE, QUOTE, ZERO } from './scan-constants.ts';
import { skipDigits, skipNumber } from './scan-numbers.ts';
import { isQuoted, quoteText, readSource, readString, skipToMark } from './seek.ts';

/** What numbers are compared with. */
interface Decimal {
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

/** Tests the string, number or literal from `start` to `end`. */
export type ValueTest = (view: DataView, start: number, end: number) => boolean;

/** Whether an order (below 0, 0, above 0) is the one asked for. */
const ORDERS = {
  '=': (order: number) => order === 0,
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
} as const;
export type Order = keyof typeof ORDERS;

/** Equal to `true`, `false` or `null`. */
export function equalLiteral(literal: string): ValueTest {
  const letter = literal.charCodeAt(0);
  return (view, start) => view.getUint8(start) === letter;
}

/**
 * Against a number, exactly, also where the value was sent as a text that is a number: exchanges like to do
 * that with amounts. Undefined where the exponent of `number` is out of range.
 */
export function compareNumbers(order: Order, number: string): ValueTest | undefined {
  const wanted = readDecimal(number);
  if (wanted === undefined) return undefined;
  const holds = ORDERS[order];
  return (view, start, end) => {
    const byte = view.getUint8(start);
    if (byte !== QUOTE) return byte <= NINE && holds(compareDecimal(view, start, end, wanted));
    if (skipToMark(view, start + 1, end) === end - 1) {
      return isNumber(view, start + 1, end - 1) && holds(compareDecimal(view, start + 1, end - 1, wanted));
    }
    const bytes = new TextEncoder().encode(readString(view, start, end));
    const decoded = new DataView(bytes.buffer, 0, bytes.length);
    return isNumber(decoded, 0, bytes.length) && holds(compareDecimal(decoded, 0, bytes.length, wanted));
  };
}

/** Against a text. The order of texts is that of their UTF-16 units, as in JavaScript. */
export function compareTexts(order: Order, text: string): ValueTest {
  const quoted = quoteText(text);
  const holds = ORDERS[order];
  return (view, start, end) => {
    if (view.getUint8(start) !== QUOTE) return false;
    if (order === '=') {
      if (quoted !== undefined && isQuoted(view, start, end, quoted)) return true;
      if (skipToMark(view, start + 1, end) === end - 1) return false; // nothing in it stands for another
    }
    const sent = readString(view, start, end);
    return holds(sent === text ? 0 : sent < text ? -1 : 1);
  };
}

/** A text by its value, a number or a literal as it was sent. */
export function testTexts(test: (text: string) => boolean): ValueTest {
  return (view, start, end) => {
    const isText = view.getUint8(start) === QUOTE;
    return test(isText ? readString(view, start, end) : readSource(view, start, end));
  };
}

function isNumber(view: DataView, start: number, end: number): boolean {
  return start < end && skipNumber(view, start, end) === end;
}
