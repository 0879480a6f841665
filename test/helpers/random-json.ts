// Seeded JSON texts, valid and broken: everything that the grammar allows and that a line must survive.
//
// The same seed gives the same texts. `randomJson` is always valid JSON (possibly after a byte order mark);
// `mutate` breaks bytes in the ways that decoders get wrong.

export type Random = () => number;

/** Uniform numbers in [0, 1) from a 32-bit seed (a Weyl sequence through a mixing function). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x100000000;
  };
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

function repeat(random: Random, most: number, make: () => string, separator = ''): string {
  let text = '';
  for (let left = Math.floor(random() * (most + 1)); left > 0; left--) {
    text += make() + (left > 1 ? separator : '');
  }
  return text;
}

const SPACES = ['', '', '', '', ' ', '\n', '\r', '\t', '\r\n', ' \n\t\r  '] as const;
const KEYS = [
  'type',
  'type',
  'value',
  'hash',
  '__proto__',
  'constructor',
  '',
  'a',
  'ключ',
  '\u202e',
] as const;
const CHARACTERS = [
  ...[
    '\u007f',
    '\u0080',
    '\u0085',
    '\u009b',
    '\u009f',
    '\u00a0',
    '\u00ad',
    'é',
    '߿',
    'ࠀ',
    '\u061b',
    '\u061c',
  ],
  ...['\u061d', '\u200b', '\u200d', '\u200e', '\u200f', '\u2010', '\u2027', '\u2028', '\u2029', '\u202a'],
  ...['\u202e', '\u202f', '\u2065', '\u2066', '\u2069', '\u206a', '\ud7ff', '\ue000', '\ufeff', '\uffff'],
  ...['漢', '字', '𐀀', '🎈', '\u{e0041}', '\u{10ffff}', 'x', ' ', '/', '{', '}', '[', ']', ',', ':', "'"],
] as const;
const ESCAPES = [
  ...['\\n', '\\r', '\\t', '\\b', '\\f', '\\/', '\\\\', '\\"', '\\u0000', '\\u001b', '\\u2028', '\\u007F'],
  ...['\\ud800', '\\uDFFF', '\\ud83c\\udf88', '\\\\u0085', '\\u0085'],
] as const;
const NUMBERS = [
  ...['0', '-0', '1', '-1', '0.0', '-0.0e-0', '1e400', '-1E+400', '1e-999', '9007199254740993'],
  ...['115792089237316195423570985008687907853269984665640564039457584007913129639935', '12.50', '1.0', '10'],
] as const;

function space(random: Random): string {
  return pick(random, SPACES);
}

function digits(random: Random, most: number): string {
  return '31415926535897932384626433832795'.slice(0, 1 + Math.floor(random() * most));
}

function randomNumber(random: Random): string {
  if (random() < 0.5) return pick(random, NUMBERS);
  const whole = random() < 0.2 ? '0' : `${1 + Math.floor(random() * 9)}${digits(random, 30)}`;
  const fraction = random() < 0.3 ? `.${digits(random, 20)}` : '';
  const exponent =
    random() < 0.3 ? pick(random, ['e', 'E']) + pick(random, ['', '+', '-']) + digits(random, 3) : '';
  return `${random() < 0.3 ? '-' : ''}${whole}${fraction}${exponent}`;
}

function randomString(random: Random): string {
  const piece = (): string => {
    const kind = random();
    if (kind < 0.4) return 'The quick 0x3f9a2c7b fox'.slice(0, Math.floor(random() * 25));
    return kind < 0.75 ? pick(random, CHARACTERS) : pick(random, ESCAPES);
  };
  return `"${repeat(random, 6, piece)}"`;
}

function randomValue(random: Random, levels: number): string {
  const kind = random();
  const gap = (): string => space(random);
  if (levels > 0 && kind < 0.25) {
    const member = (): string => {
      const key = random() < 0.6 ? `"${pick(random, KEYS)}"` : randomString(random);
      return `${gap()}${key}${gap()}:${gap()}${randomValue(random, levels - 1)}${gap()}`;
    };
    return `{${repeat(random, 5, member, ',') || gap()}}`;
  }
  if (levels > 0 && kind < 0.45) {
    const item = (): string => `${gap()}${randomValue(random, levels - 1)}${gap()}`;
    return `[${repeat(random, 5, item, ',') || gap()}]`;
  }
  if (kind < 0.65) return randomNumber(random);
  if (kind < 0.75) return pick(random, ['true', 'false', 'null']);
  return randomString(random);
}

/** A valid JSON text. One in fifty is nested up to 200 levels deep, one in ten begins with U+FEFF. */
export function randomJson(random: Random): string {
  let text = randomValue(random, 4);
  if (random() < 0.02) {
    for (let level = Math.floor(random() * 200); level > 0; level--) {
      text =
        random() < 0.5 ? `[${space(random)}${text}]` : `{"${pick(random, KEYS)}":${text}${space(random)}}`;
    }
  }
  return `${random() < 0.1 ? '\ufeff' : ''}${space(random)}${text}${space(random)}`;
}

/** Byte sequences that are worth inserting anywhere: bad UTF-8 of each kind, marks, grammar, controls. */
const INSERTIONS: readonly (readonly number[])[] = [
  ...[
    [0x80],
    [0xbf],
    [0xc0, 0x80],
    [0xc1, 0xbf],
    [0xc2],
    [0xc2, 0x85],
    [0xe0, 0x9f, 0xbf],
    [0xe0, 0xa0, 0x80],
  ],
  ...[
    [0xe2, 0x80],
    [0xe2, 0x80, 0xa8],
    [0xed, 0xa0, 0x80],
    [0xed, 0x9f, 0xbf],
    [0xef, 0xbb, 0xbf],
    [0xef, 0xbb],
  ],
  ...[
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf0, 0x90, 0x80, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xff],
  ],
  ...[
    [0x00],
    [0x0a],
    [0x0d],
    [0x09],
    [0x1b],
    [0x20],
    [0x7f],
    [0x22],
    [0x5c],
    [0x5c, 0x75],
    [0x2c],
    [0x3a],
    [0x2e],
  ],
  ...[
    [0x5b],
    [0x5d],
    [0x7b],
    [0x7d],
    [0x2d],
    [0x2b],
    [0x30],
    [0x31],
    [0x65],
    [0x45],
    [0x2f],
    [0x27],
    [0x74, 0x72],
  ],
];

/** The bytes with one to three faults put in (which may still leave valid JSON). */
export function mutate(bytes: Uint8Array, random: Random): Buffer {
  let mutated = Buffer.from(bytes);
  for (let faults = 1 + Math.floor(random() * 3); faults > 0; faults--) {
    const at = Math.floor(random() * (mutated.length + 1));
    const kind = random();
    if (kind < 0.25 && at < mutated.length) {
      mutated[at] = (mutated[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    } else if (kind < 0.35) {
      mutated = mutated.subarray(0, at);
    } else if (kind < 0.5) {
      const from = at + 1 + Math.floor(random() * 3);
      mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(from)]);
    } else if (kind < 0.6) {
      const copy = mutated.subarray(at, at + Math.floor(random() * 8));
      mutated = Buffer.concat([mutated.subarray(0, at), copy, mutated.subarray(at)]);
    } else {
      const inserted = Buffer.from(pick(random, INSERTIONS));
      mutated = Buffer.concat([mutated.subarray(0, at), inserted, mutated.subarray(at)]);
    }
  }
  return mutated;
}

/**
 * Messages as they may arrive, as slices of larger memory: each valid text as it is, then broken in three
 * ways (which is faster than a new message each time).
 */
export function messageSource(random: Random): () => Buffer {
  let valid = Buffer.alloc(0);
  let turn = 0;
  return () => {
    if (turn === 0) valid = Buffer.from(randomJson(random));
    const bytes = turn === 0 ? valid : mutate(valid, random);
    turn = (turn + 1) & 3;
    const memory = Buffer.alloc(bytes.length + 12, '"');
    const start = Math.floor(random() * 8);
    bytes.copy(memory, start);
    return memory.subarray(start, start + bytes.length);
  };
}
