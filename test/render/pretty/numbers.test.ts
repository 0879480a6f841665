// Numbers in a column: never rounded, and a cut is visible.
import { describe, expect, test } from '@jest/globals';
import { fitNumber } from '../../../src/render/pretty/numbers.ts';
import { countCases, pickSeed } from '../../helpers/cases.ts';
import { seededRandom } from '../../helpers/random-json.ts';

describe('a number in a column of 12', () => {
  test.each([
    ['1.5', '1.5'],
    ['191262.92461234', '191,262.924…'],
    ['-191262.92461234', '-191,262.92…'],
    ['47167682.881312', '47,167,682.…'],
    ['147167682.881312', '1.4716768…e8'],
    ['115792089237316195423570985008687907853', '1.157920…e38'],
    ['0.000000000000001234', '1.234…e-15'],
    ['0.00000000000000', '0.000000000…'],
    ['1e400', '1e400'],
    ['1.00000000000000000001e400', '1.00000…e400'],
    ['-1234567890123', '-1.23456…e12'],
    ['0001234567890123', '1.234567…e12'],
    ['1e999999999999999999', '…'],
  ])('%s is shown as %s', (sent, shown) => {
    expect(fitNumber(sent, 12, '…')).toBe(shown);
  });
});

test('row 136: for any number and width, the digits are the ones that were sent, and a cut is visible', () => {
  const random = seededRandom(pickSeed(31));
  const digits = (most: number): string =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => Math.floor(random() * 10)).join('');
  for (let i = countCases(50_000); i > 0; i--) {
    const fraction = random() < 0.6 ? `.${digits(30)}` : '';
    const exponent = random() < 0.2 ? `e${random() < 0.5 ? '-' : ''}${digits(3)}` : '';
    const sent = `${random() < 0.2 ? '-' : ''}${digits(40)}${fraction}${exponent}`;
    const width = 1 + Math.floor(random() * 30);
    const ellipsis = random() < 0.5 ? '…' : '...';
    const shown = fitNumber(sent, width, ellipsis);
    if (isFaithful(sent, shown, ellipsis) && shown.length <= width) continue;
    expect([sent, width, shown]).toBe('exact, or visibly cut');
  }
});

function isFaithful(sent: string, shown: string, ellipsis: string): boolean {
  const bare = shown.replaceAll(',', '');
  if (bare === sent) return true;
  if (shown === ellipsis.slice(0, shown.length)) return true;
  const at = bare.indexOf(ellipsis);
  if (at < 0) return false;
  const [kept, power] = [bare.slice(0, at), bare.slice(at + ellipsis.length)];
  // All digits before the point are shown.
  if (power === '') return !sent.includes('e') && kept.includes('.') && sent.startsWith(kept);
  const value = (text: string): [string, bigint] => {
    const [mantissa = '', exponent = '0'] = text.split('e');
    const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
    const all = (whole + fraction).replace(/^0+/, '');
    return [all, BigInt(exponent) + BigInt(all.length - fraction.length)];
  };
  const [allDigits, magnitude] = value(sent);
  const [keptDigits, keptMagnitude] = value(kept + power);
  return (
    sent.startsWith('-') === kept.startsWith('-') &&
    allDigits.startsWith(keptDigits) &&
    magnitude === keptMagnitude
  );
}
