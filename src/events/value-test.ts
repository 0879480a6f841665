// Tests of one scalar value in the bytes of an event: a number, a text, a literal (contract O8).
//
// Each decodes no more than it needs: a number or a text without escapes is compared where it stands. Values
// of another kind match nothing, and so do arrays and objects, which are never given to a test.
import { compareDecimal, readDecimal } from './decimal.ts';
import { isQuoted, quoteText } from './quoted.ts';
import { NINE, QUOTE } from './scan-constants.ts';
import { skipNumber } from './scan-numbers.ts';
import { readSource, readString, skipToMark } from './seek.ts';

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
