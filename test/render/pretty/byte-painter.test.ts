// What comes again and again is painted from bytes to bytes: it must look as it does the long way.
import { describe, expect, test } from '@jest/globals';
import { PLAIN_STYLE } from '../../../src/render/paint.ts';
import { createPrettyRenderer, type PrettyOptions } from '../../../src/render/pretty/pretty.ts';
import { ASCII_SIGNS } from '../../../src/render/signs.ts';
import { createColorStyle } from '../../../src/render/style.ts';
import { seededRandom } from '../../helpers/random-json.ts';
import { makeBatch, PLACE, SIMULATED } from '../events.ts';

const EVENTS = 8_000;
const color = createColorStyle();
const random = seededRandom(31_415);

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function digits(most: number): string {
  return Array.from({ length: 1 + Math.floor(random() * most) }, () => pick([...'0123456789'])).join('');
}

const hex = (length: number): string => Array.from({ length }, () => pick([...'0123456789abcdef'])).join('');

const STRINGS: readonly (() => string)[] = [
  () => pick(['ethereum', 'base', 'in', 'out', 'large_transfer', 'USDC', 'a b', 'x', 'i', 'null', '€']),
  () => `0x${hex(40)}`,
  () => hex(1 + Math.floor(random() * 140)),
  () => digits(40),
  () => `-${digits(9)}.${digits(20)}`,
  () => `${digits(4)}.${digits(3)}`,
  () =>
    pick([
      '',
      ' ',
      ' x',
      'x ',
      '1.',
      '.1',
      '1e5',
      '-',
      '--1',
      '1.2.3',
      'é漢',
      '\\n',
      '\\u001b',
      '\\"',
      'x\\',
    ]),
  () =>
    pick(['word ', 'ab12'])
      .repeat(1 + Math.floor(random() * 60))
      .trim(),
];
const NUMBERS: readonly (() => string)[] = [
  () => `${pick([1, 2, 3, 4, 5, 6, 7, 8, 9])}${digits(80)}`,
  () => `-${pick([1, 2, 3])}${digits(20)}.${digits(9)}`,
  () => pick(['0', '-0', '0.1', '1e400', '1E-9', '-1.5e+3', '123456']),
  () => `1${digits(400)}`,
];
const quote = (text: string): string => `"${text.endsWith('x\\') ? 'x\\\\' : text}"`;
const makeValue = (kind: number): string =>
  kind === 0
    ? quote(pick(STRINGS)())
    : kind === 1
      ? pick(NUMBERS)()
      : kind === 2
        ? 'null'
        : pick(['true', 'false']);

const NAMES = [
  ...['type', 'event', 'chain', 'amount', 'token', 'amount_usd', 'amount_raw', 'from', 'to', 'address'],
  ...['direction', 'counterparty', 'tx_hash', 'id', 'timestamp', 'note', 'decimals', 'é', '', 'risk'],
];

/** Makes events that differ in nothing but their values. */
function makeShape(): () => string {
  const kinds = NAMES.filter(() => random() < 0.4).map((name) => [name, Math.floor(random() * 4)] as const);
  const isParty = random() < 0.3;
  const space = pick(['', '', ' ']);
  return () => {
    const fields = kinds.map(([name, kind]) => `"${name}":${space}${makeValue(kind)}`);
    if (isParty) fields.push(`"sender":{"address":${makeValue(0)},"label":${makeValue(0)}}`);
    return `{${fields.join(`,${space}`)}}`;
  };
}

function createRenderer(options: Partial<PrettyOptions>) {
  return createPrettyRenderer({
    style: color,
    time: 'utc',
    isWide: false,
    columns: () => undefined,
    ...options,
  });
}

describe('O2: events that come again', () => {
  test.each([
    ['in colour', {}],
    ['without colour', { style: PLAIN_STYLE }],
    ['without time', { time: 'none' }],
    ['--wide', { isWide: true }],
    ['row 59: without Unicode', { signs: ASCII_SIGNS }],
  ] as const)(
    '%s: as they look the long way',
    (_name, options) => {
      const quick = createRenderer(options);
      // White space that is never the same: no shape fits.
      const slow = createRenderer(options);
      for (let i = 0; i < EVENTS; ) {
        const make = makeShape();
        for (let left = 40; left > 0; left--, i++) {
          const event = make();
          const one = quick.renderEvents(makeBatch([event]), 1, PLACE).toString();
          const other = slow.renderEvents(makeBatch([event + ' '.repeat(i)]), 1, PLACE).toString();
          if (one !== other) expect([event, one]).toEqual([event, other]);
        }
      }
    },
    60_000,
  );

  test('many in one batch, longer than was thought, with others between', () => {
    const events = Array.from({ length: 2_000 }, (_unused, i) =>
      i % 7 === 0
        ? `{"type":"漢字","n":${i}}`
        : `{"type":"t","a":${i},"b":1,"c":2,"d":3,"e":4,"f":"${'x'.repeat(i % 150)}"}`,
    );
    const quick = createRenderer({});
    const slow = createRenderer({});
    const lines = quick.renderEvents(makeBatch(events), events.length, PLACE).toString();
    const expected = events.map((event, i) =>
      slow.renderEvents(makeBatch([event + ' '.repeat(i)]), 1, PLACE).toString(),
    );
    expect(lines.split('\n')).toEqual(expected.join('').split('\n'));
  });

  test('what was written does not change when more is painted', () => {
    const renderer = createRenderer({});
    const batch = makeBatch([...SIMULATED, ...SIMULATED, ...SIMULATED]);
    const first = renderer.renderEvents(batch, batch.count, PLACE) as Buffer;
    const before = first.toString();
    renderer.renderEvents(makeBatch(SIMULATED.map((text) => text.replaceAll('1', '2'))), 3, PLACE);
    expect(first.toString()).toBe(before);
  });
});
