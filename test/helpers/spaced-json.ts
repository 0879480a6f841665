// Seeded events in random shapes, each shape several times: with other values, and with other white space at every
// place where JSON allows it.
import type { Random } from './random-json.ts';

/** What an event has in common with others of its shape. */
type Shape =
  | { readonly kind: 'number' | 'text' | 'word' | 'flag' | 'null' | 'figure' }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Shape])[] }
  | { readonly kind: 'array'; readonly items: readonly Shape[] };

/** Names that pretty output knows, and some that are spelled with escapes. */
const KNOWN = [
  ...['type', 'event', 'chain', 'network', 'amount', 'token', 'symbol', 'amount_usd', 'usd', 'amount_raw'],
  ...['from', 'to', 'address', 'direction', 'counterparty', 'label', 'hash', 'tx_hash', 'id', 'timestamp'],
  ...['block', 'decimals', 'data', '\\u0061mount', 't\\u0079pe'],
] as const;
const OTHER = [
  'a',
  'b',
  'price',
  'note',
  'é',
  '漢',
  '',
  '\\"',
  'a.b',
  '__proto__',
  'x\\u001b',
  'k\\\\',
] as const;

const CHARACTERS = [
  'a',
  'B',
  'x',
  'é',
  '漢',
  '🎈',
  '\\n',
  '\\"',
  '\\\\',
  '\\u001b',
  '\\u202e',
  '{',
  ':',
  ',',
  '/',
];
const NUMBERS = ['0', '-0', '0.0', '1e400', '-1E-400', '1.0', '0.1', '-1.5e+3', '9007199254740993'] as const;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

const digits = (random: Random, most: number): string =>
  times(1 + Math.floor(random() * most), () => String(Math.floor(random() * 10))).join('');

const hex = (random: Random, count: number): string =>
  times(count, () => pick(random, [...'0123456789abcdef'])).join('');

/** A shape for events: an object nearly always. */
export function makeShape(random: Random): Shape {
  if (random() < 0.04) return makeValueShape(random, 3);
  const known = KNOWN.filter(() => random() < 0.25).map(
    (name) => [name, makeKnownShape(random, name)] as const,
  );
  const members = [...known, ...makeMembers(random, 4, 5)];
  // Not always in the same order, and now and then a name twice.
  const shuffled = members.map((member) => [random(), member] as const).sort(([a], [b]) => a - b);
  const again = random() < 0.1 ? members.slice(0, 1) : [];
  return { kind: 'object', members: [...again, ...shuffled.map(([, member]) => member)] };
}

function makeKnownShape(random: Random, name: string): Shape {
  if (random() < 0.1) return makeValueShape(random, 3);
  if (/usd|amount|raw|price/.test(name)) return { kind: random() < 0.7 ? 'number' : 'figure' };
  if (random() < 0.3 && /^(from|to|token|counterparty|data)$/.test(name)) {
    const members = ['address', 'label', 'symbol'].map((one) => [one, makeScalarShape(random)] as const);
    return { kind: 'object', members: members.filter(() => random() < 0.7) };
  }
  return { kind: /block|decimals|timestamp/.test(name) ? 'number' : random() < 0.9 ? 'word' : 'null' };
}

function makeScalarShape(random: Random): Shape {
  return { kind: pick(random, ['number', 'number', 'text', 'word', 'flag', 'null', 'figure'] as const) };
}

function makeMembers(random: Random, most: number, levels: number): (readonly [string, Shape])[] {
  return times(Math.floor(random() * (most + 1)), () => [
    pick(random, OTHER),
    makeValueShape(random, levels),
  ]);
}

function makeValueShape(random: Random, levels: number): Shape {
  if (levels === 0 || random() < 0.6) return makeScalarShape(random);
  if (random() < 0.6) return { kind: 'object', members: makeMembers(random, 2, levels - 1) };
  const items = times(Math.floor(random() * 4), () => makeValueShape(random, levels - 1));
  return { kind: 'array', items };
}

const SPACES = [' ', '  ', '\t', '\n', '\r', '\r\n', ' \n\t\r  ', '        '] as const;

/** White space for one event: none, a little, or at nearly every place. */
function makeSpacing(random: Random): () => string {
  const density = pick(random, [0, 0.1, 0.3, 0.9]);
  return () => (random() < density ? pick(random, SPACES) : '');
}

/** An event of that shape, with values and white space of its own. */
export function spellShape(random: Random, shape: Shape): string {
  const gap = makeSpacing(random);
  const join = (open: string, parts: readonly string[], close: string): string =>
    `${open}${parts.length === 0 ? gap() : parts.map((part) => `${gap()}${part}${gap()}`).join(',')}${close}`;
  const spell = (one: Shape): string => {
    if (one.kind === 'object') {
      const members = one.members.map(([name, value]) => `"${name}"${gap()}:${gap()}${spell(value)}`);
      return join('{', members, '}');
    }
    return one.kind === 'array' ? join('[', one.items.map(spell), ']') : makeScalar(random, one.kind);
  };
  return `${random() < 0.03 ? '\ufeff' : ''}${gap()}${spell(shape)}${gap()}`;
}

function makeScalar(random: Random, kind: 'number' | 'text' | 'word' | 'flag' | 'null' | 'figure'): string {
  if (kind === 'null') return 'null';
  if (kind === 'flag') return random() < 0.5 ? 'true' : 'false';
  if (kind === 'number') return makeNumber(random);
  if (kind === 'figure') return `"${makeNumber(random)}"`;
  if (kind === 'text') return `"${times(Math.floor(random() * 8), () => pick(random, CHARACTERS)).join('')}"`;
  const words = [
    `0x${hex(random, 40)}`,
    hex(random, 64),
    `w${digits(random, 6)}`,
    'in',
    'out',
    'USDC',
    'base',
  ];
  return `"${random() < 0.02 ? 'long'.repeat(Math.floor(random() * 90)) : pick(random, words)}"`;
}

function makeNumber(random: Random): string {
  if (random() < 0.2) return pick(random, NUMBERS);
  const whole =
    random() < 0.1 ? '0' : `${1 + Math.floor(random() * 9)}${random() < 0.7 ? digits(random, 7) : ''}`;
  const big = random() < 0.05 ? digits(random, 80) : '';
  const fraction = random() < 0.4 ? `.${digits(random, 9)}` : '';
  const exponent = random() < 0.1 ? `${pick(random, ['e', 'E+', 'e-'])}${digits(random, 2)}` : '';
  return `${random() < 0.2 ? '-' : ''}${whole === '0' ? whole : whole + big}${fraction}${exponent}`;
}
