// As much of DER (X.690) as a certificate needs: values with their tag and length, one inside the other.

/** Tags of the universal class; `0xa0 + n` is context-specific and constructed, `0x80 + n` primitive. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A value: its tag, the length of its content, the content. */
export function encode(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return encode(TAG.sequence, ...parts);
}

/** Dotted numbers, such as `2.5.4.3`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [40 * first + second, ...rest].flatMap((number) => {
    const septets = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  });
  return encode(TAG.objectIdentifier, Uint8Array.from(bytes));
}

/** With no unused bits at the end unless told otherwise. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encode(TAG.bitString, Uint8Array.of(unusedBits), bytes);
}

/** UTCTime up to 2049, GeneralizedTime after it, in whole seconds (RFC 5280 § 4.1.2.5). */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  return new Date(ms).getUTCFullYear() < 2050
    ? encode(TAG.utcTime, text.slice(2))
    : encode(TAG.generalizedTime, text);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}
