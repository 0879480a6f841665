// Numbers for tests: compares with BigInt, and writes the same value in other forms.
import type { Random } from '../helpers/random-json.ts';

/** The mantissa as an integer, and the power of ten that it is multiplied with. */
function readParts(source: string): { mantissa: bigint; exponent: number } {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  return {
    mantissa: BigInt(`${sign}${whole}${fraction}` || 'x'),
    exponent: Number(exponent) - fraction.length,
  };
}

/** Compares two JSON numbers exactly; their exponents must be small. */
export function compareByBigInt(a: string, b: string): number {
  const left = readParts(a);
  const right = readParts(b);
  const least = Math.min(left.exponent, right.exponent);
  const x = left.mantissa * 10n ** BigInt(left.exponent - least);
  const y = right.mantissa * 10n ** BigInt(right.exponent - least);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The same value in another form: with another exponent and more zeros. */
export function respellNumber(source: string, random: Random): string {
  const { mantissa, exponent } = readParts(source);
  const sign = mantissa < 0n || source.startsWith('-') ? '-' : '';
  const zeros = Math.floor(random() * 4);
  const digits = (mantissa < 0n ? -mantissa : mantissa).toString() + '0'.repeat(zeros);
  const point = Math.floor(random() * (digits.length + 3)) - 2;
  const whole = point <= 0 ? '0' : digits.slice(0, point);
  const fraction = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const shift = exponent - zeros + (digits.length - point);
  const plainWhole = whole.replace(/^0+(?=\d)/, '');
  const letter = random() < 0.5 ? 'e' : 'E';
  const plus = shift >= 0 && random() < 0.5 ? '+' : '';
  const tail = shift === 0 && random() < 0.5 ? '' : `${letter}${plus}${shift}`;
  return `${sign}${plainWhole}${fraction === '' ? '' : `.${fraction}`}${tail}`;
}
