// Tests of one value in the bytes of an event: number, text or literal (contract O8). Numbers are compared as exact
// decimals; a number or a text without escapes is compared without decoding it.
import { DOT, MINUS, NINE, NOT_FOUND, OPEN_ARRAY, OPEN_OBJECT, QUOTE, ZERO } from './scan-constants.ts';
import {
  equalsQuoted,
  quoteText,
  readSource,
  readString,
  skipDigits,
  skipNumber,
  skipToMark,
} from './seek.ts';

/** The number that an expression compares with. */
interface WantedDecimal {
  /** -1, 0 or 1. */
  readonly sign: number;
  /** Number of digits before the decimal point: 2 for 12.5, 0 for 0.5, -2 for 0.005 (two zeros after the point). */
  readonly magnitude: number;
  /** ASCII digits without leading and trailing zeros; empty for zero. */
  readonly digits: Uint8Array;
}

const MAX_WANTED_EXPONENT = 1e15;
/** A larger exponent in an event counts as infinite, so that sums of exponents and lengths stay exact. */
const MAX_EXPONENT = 4e15;

/** The result of `measure`, reused so that nothing is allocated. */
const measured = { sign: 0, magnitude: 0, first: 0, last: 0 };

/** Parses a JSON number (RFC 8259 § 6); undefined if its exponent is beyond ±10^15. */
export function readDecimal(source: string): WantedDecimal | undefined {
  const bytes = new TextEncoder().encode(source);
  measure(new DataView(bytes.buffer), 0, bytes.length);
  const { sign, magnitude, first, last } = measured;
  const [, exponent = '0'] = /e(.+)$/i.exec(source) ?? [];
  if (sign !== 0 && Math.abs(Number(exponent)) > MAX_WANTED_EXPONENT) return undefined;
  return { sign, magnitude, digits: bytes.slice(first, last).filter((byte) => byte !== DOT) };
}

/** Compares the JSON number from `start` to `end` with `to`: negative, 0 or positive. */
export function compareDecimal(view: DataView, start: number, end: number, to: WantedDecimal): number {
  const isNegative = view.getUint8(start) === MINUS;
  const first = isNegative ? start + 1 : start;
  if (view.getUint8(first) !== ZERO) {
    const point = skipDigits(view, first, end);
    const hasFraction = point < end && view.getUint8(point) === DOT;
    // The fast path: no leading zero and no exponent.
    if ((hasFraction ? skipDigits(view, point + 1, end) : point) === end) {
      return compareDigits(view, first, end, isNegative ? -1 : 1, point - first, to);
    }
  }
  measure(view, start, end);
  return compareDigits(view, measured.first, measured.last, measured.sign, measured.magnitude, to);
}

/** The digits of the number are from `first` to `last`; one of them may be a decimal point. */
function compareDigits(
  view: DataView,
  first: number,
  last: number,
  sign: number,
  magnitude: number,
  to: WantedDecimal,
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

/** Finds sign, magnitude and significant digits (`first` to `last`) of the JSON number from `start` to `end`. */
function measure(view: DataView, start: number, end: number): void {
  const isNegative = view.getUint8(start) === MINUS;
  let point = NOT_FOUND;
  let first = NOT_FOUND;
  let last = NOT_FOUND;
  let at = isNegative ? start + 1 : start;
  for (; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte > NINE) break; // the letter of the exponent
    if (byte === DOT) point = at;
    else if (byte !== ZERO) {
      if (first === NOT_FOUND) first = at;
      last = at + 1;
    }
  }
  if (first === NOT_FOUND) {
    measured.sign = measured.magnitude = measured.first = measured.last = 0;
    return;
  }
  if (point === NOT_FOUND) point = at;
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

/** Tests the value from `start` to `end`; false for arrays, objects and values of another kind. */
export type ValueTest = (view: DataView, start: number, end: number) => boolean;

const OPERATORS = {
  '=': (order: number) => order === 0,
  '>': (order: number) => order > 0,
  '>=': (order: number) => order >= 0,
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
} as const;
/** The operators of a comparison, except `~`. */
export type Operator = keyof typeof OPERATORS;

/** @param literal `true`, `false` or `null` */
export function createLiteralTest(literal: string): ValueTest {
  const letter = literal.charCodeAt(0);
  return (view, start) => view.getUint8(start) === letter;
}

/**
 * Also compares a string that holds a number, since exchanges send amounts as strings. Undefined if the exponent of
 * `number` is out of range.
 */
export function createNumberTest(operator: Operator, number: string): ValueTest | undefined {
  const wanted = readDecimal(number);
  if (wanted === undefined) return undefined;
  const holds = OPERATORS[operator];
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

/** Texts are ordered by UTF-16 units, as in JavaScript. */
export function createTextTest(operator: Operator, text: string): ValueTest {
  const quoted = quoteText(text);
  const holds = OPERATORS[operator];
  return (view, start, end) => {
    if (view.getUint8(start) !== QUOTE) return false;
    if (operator === '=') {
      if (quoted !== undefined && equalsQuoted(view, start, end, quoted)) return true;
      if (skipToMark(view, start + 1, end) === end - 1) return false; // without escapes, equal texts have equal bytes
    }
    const sent = readString(view, start, end);
    return holds(sent === text ? 0 : sent < text ? -1 : 1);
  };
}

export function createAnyTextTest(texts: ReadonlySet<string>): ValueTest {
  return (view, start, end) => view.getUint8(start) === QUOTE && texts.has(readString(view, start, end));
}

/** `test` gets a string decoded, and a number or literal as sent. */
export function createScalarTest(test: (text: string) => boolean): ValueTest {
  return (view, start, end) => {
    const byte = view.getUint8(start);
    if (isContainerByte(byte)) return false;
    return test(byte === QUOTE ? readString(view, start, end) : readSource(view, start, end));
  };
}

export function isContainerByte(byte: number): boolean {
  return byte === OPEN_ARRAY || byte === OPEN_OBJECT;
}

function isNumber(view: DataView, start: number, end: number): boolean {
  return start < end && skipNumber(view, start, end) === end;
}
