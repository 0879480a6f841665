import { describe, expect, test } from '@jest/globals';
import { compareDecimal, readDecimal } from '../../src/events/match-value.ts';
import { compareByBigInt, respellNumber } from '../filter/decimals.ts';
import { type Random, seededRandom } from '../helpers/random-json.ts';

const CASES = 100_000;

/** The order of two JSON numbers. The first one is put between other bytes, which must not be read. */
function compare(a: string, b: string): number {
  const to = readDecimal(b);
  if (to === undefined) throw new Error(`${b} is out of range`);
  const bytes = Buffer.from(`9.${a}9e9`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Math.sign(compareDecimal(view, 2, 2 + a.length, to));
}

describe('compareDecimal', () => {
  test.each([
    ['9007199254740993', '9007199254740992', 1],
    ['9007199254740993', '9007199254740993.0', 0],
    ['115792089237316195423570985008687907853269984665640564039457584007913129639935', '1e77', 1],
    ['115792089237316195423570985008687907853269984665640564039457584007913129639935', '1.2e77', -1],
    ['0.1', '0.10000000000000000000000000000000000000001', -1],
    ['0.3', '0.30000000000000004', -1],
    ['1e400', '1e399', 1],
    ['-1e400', '-1e399', -1],
    ['1e-400', '0', 1],
    ['-1e-400', '0', -1],
    ['0', '-0', 0],
    ['-0.0e-0', '0E+999', 0],
    ['0e999999999999999999999', '0', 0],
    ['1e2', '100', 0],
    ['1E+2', '100.00', 0],
    ['100e-2', '1', 0],
    ['0.001e3', '1', 0],
    ['12.50', '12.5', 0],
    ['10', '9', 1],
    ['-10', '-9', -1],
    ['-10', '9', -1],
    ['0.09', '0.1', -1],
    ['1e0000000000000000000000000005', '100000', 0],
    ['1e99999999999999999999', '9e999999999', 1],
    ['-1e99999999999999999999', '-9e999999999', -1],
    ['1e-99999999999999999999', '1e-999999999', -1],
    ['1e-99999999999999999999', '0', 1],
    ['-1e-99999999999999999999', '0', -1],
    ['1e1000000000000000', '1e999999999999999', 1],
    ['0.00001e1000000000000001', '1e1000000000000000', -1],
    ['0.1e1000000000000001', '1e1000000000000000', 0],
    ['100000e-1000000000000001', '1e-1000000000000000', 1],
    ['1e4000000000000001', '1e1000000000000000', 1],
    ['1', '0e99999999999999999999', 1],
  ])('O8: of %s and %s is %d', (a, b, order) => {
    expect(compare(a, b)).toBe(order);
  });

  test.each(['1e99999999999999999999', '1e-99999999999999999999', '-1E+1000000000000001'])(
    'O8: %s is not a number to compare with',
    (source) => {
      expect(readDecimal(source)).toBeUndefined();
    },
  );

  test('O8: agrees with BigInt arithmetic for numbers of any size and form', () => {
    const random = seededRandom(314_159);
    const orders = [0, 0, 0];
    for (let i = 0; i < CASES; i++) {
      const a = randomNumber(random);
      const b =
        random() < 0.3 ? respellNumber(a, random) : random() < 0.5 ? nudge(a, random) : randomNumber(random);
      const order = compareByBigInt(a, b);
      orders[order + 1] = (orders[order + 1] ?? 0) + 1;
      if (compare(a, b) !== order) expect(`${a} against ${b}`).toBe(`has the order ${order}`);
    }
    expect(Math.min(...orders)).toBeGreaterThan(CASES / 10);
  }, 60_000);

  test('O8: a million digits are compared in linear time', () => {
    const digits = '1234567890'.repeat(100_000);
    expect(compare(`${digits}1`, `${digits}2`)).toBe(-1);
    expect(compare(`0.${digits}`, `${digits}e-1000000`)).toBe(0);
  });
});

function randomDigits(random: Random, most: number): string {
  let digits = '';
  for (let left = 1 + Math.floor(random() * most); left > 0; left--) digits += Math.floor(random() * 10);
  return digits;
}

/** Any number of RFC 8259, with exponents up to three digits. */
function randomNumber(random: Random): string {
  const sign = random() < 0.4 ? '-' : '';
  const whole = randomDigits(random, random() < 0.5 ? 3 : 80).replace(/^0+(?=\d)/, '');
  const fraction = random() < 0.5 ? `.${randomDigits(random, random() < 0.5 ? 3 : 40)}` : '';
  const exponent =
    random() < 0.3 ? `e${random() < 0.5 ? '-' : '+'}${randomDigits(random, random() < 0.1 ? 3 : 2)}` : '';
  return `${sign}${random() < 0.2 ? '0' : whole}${fraction}${exponent}`;
}

/** The same number with one digit of it changed. */
function nudge(source: string, random: Random): string {
  const mantissa = /^[^eE]*/.exec(source)?.[0] ?? '';
  const at = Math.floor(random() * mantissa.length);
  if (!/[1-9]/.test(source[at] ?? '')) return source;
  return `${source.slice(0, at)}${1 + Math.floor(random() * 9)}${source.slice(at + 1)}`;
}
