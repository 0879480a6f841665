// Exact decimals: amounts of any size are added and compared without rounding.

/** `units` times ten to the power of minus `scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** A decimal, and the nearest number for charts and rates. */
export interface Amount extends Decimal {
  readonly rounded: number;
}

export const ZERO_DECIMAL: Decimal = { units: 0n, scale: 0 };

/** Limits the memory of a sum, whatever the server sends. For comparison, a 256-bit integer has 78 digits. */
const MAX_DIGITS = 200;
const NUMBER = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Undefined unless the text is a decimal number of at most MAX_DIGITS characters. */
export function parseDecimal(text: string): Amount | undefined {
  if (text.length > MAX_DIGITS) return undefined;
  const [, whole, fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const scale = fraction.length - Number(exponent);
  const rounded = Number(text);
  if (Math.abs(scale) > MAX_DIGITS || !Number.isFinite(rounded)) return undefined;
  const units = BigInt(whole + fraction);
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0, rounded } : { units, scale, rounded };
}

export function addDecimals(one: Decimal, other: Decimal): Decimal {
  if (one.scale === other.scale) return { units: one.units + other.units, scale: one.scale };
  const scale = Math.max(one.scale, other.scale);
  return { units: rescale(one, scale) + rescale(other, scale), scale };
}

/** Negative, 0 or positive. */
export function compareDecimals(one: Decimal, other: Decimal): number {
  const scale = Math.max(one.scale, other.scale);
  const [left, right] = [rescale(one, scale), rescale(other, scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** All digits, `-1234.50`. */
export function writeDecimal({ units, scale }: Decimal): string {
  if (scale === 0) return String(units);
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

export const roundDecimal = (decimal: Decimal): number => Number(writeDecimal(decimal));

function rescale({ units, scale }: Decimal, wanted: number): bigint {
  return scale === wanted ? units : units * 10n ** BigInt(wanted - scale);
}
