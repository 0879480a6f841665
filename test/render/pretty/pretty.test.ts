// Pretty output at any width, with and without color, for any shape of event.

import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { PLAIN_STYLE } from '../../../src/render/paint.ts';
import { createPrettyRenderer, type PrettyOptions } from '../../../src/render/pretty/pretty.ts';
import { ASCII_SIGNS, SIGNS } from '../../../src/render/signs.ts';
import { createColorStyle } from '../../../src/render/style.ts';
import { splitByWidth } from '../../../src/render/text-width.ts';
import { createEventGenerator, KNOWN_EVENT_TYPES } from '../../../src/simulator/events.ts';
import { createRandom } from '../../../src/simulator/random.ts';
import { countCases } from '../../helpers/cases.ts';
import { measureKept } from '../../helpers/heap.ts';
import { randomJson, seededRandom } from '../../helpers/random-json.ts';
import { expectSoon } from '../../helpers/soon.ts';
import { makeBatch, OTHER_SHAPES, POSITION, RECEIVED_AT_MS, SIMULATED, stripColor } from '../events.ts';

interface LookOptions extends Partial<Omit<PrettyOptions, 'columns'>> {
  readonly columns?: number;
}

/** The events as one renderer shows them, each in a batch of its own. */
function show(texts: readonly string[], { columns, ...options }: LookOptions = {}): string[] {
  const renderer = createPrettyRenderer({
    style: PLAIN_STYLE,
    time: 'utc',
    isWide: false,
    ...options,
    columns: () => columns,
  });
  return texts.map((text, i) =>
    renderer.renderEvents(makeBatch([text], RECEIVED_AT_MS + 207 * i), 1, POSITION).toString(),
  );
}

const color = createColorStyle();
const ALL = [...SIMULATED, ...OTHER_SHAPES];

describe('row 59: on a terminal without Unicode', () => {
  test('output is ASCII, complete, and no line is wider than the terminal', () => {
    const ascii = ALL.filter((text) => /^[ -~]*$/.test(text) && !/\\u/.test(text));
    expect(ascii.length).toBeGreaterThan(5);
    for (const columns of [40, 80, 120, 160, undefined]) {
      const look = { ...(columns !== undefined && { columns }), signs: ASCII_SIGNS };
      const shown = show(ascii, look).join('');
      expect(shown).toMatch(/^[\n -~]*$/);
      const inUnicode = show(ascii, { ...look, isWide: true, signs: SIGNS }).join('');
      const wide = show(ascii, { ...look, isWide: true }).join('');
      const join = (text: string): string => text.replace(/\s+/g, '');
      expect(join(wide)).toBe(
        join(inUnicode)
          .replaceAll('→', '->')
          .replaceAll('←', '<-')
          .replaceAll('↔', '<->')
          .replaceAll('…', '...'),
      );
      for (const line of shown.split('\n')) expect(line.length <= (columns ?? line.length)).toBe(true);
    }
  });
});

describe('O2: layout', () => {
  test.each([40, 80, 120, 160])('at %i columns', (columns) => {
    expect(`\n${show(ALL, { columns }).join('')}`).toMatchSnapshot();
  });

  test.each([40, 80, 120])('in color at %i columns', (columns) => {
    expect(show(SIMULATED, { columns, style: color }).join('').replaceAll('\x1b', '␛')).toMatchSnapshot();
  });

  test('without a terminal each event is one line', () => {
    const lines = show(ALL);
    expect(`\n${lines.join('')}`).toMatchSnapshot();
    for (const line of lines) expect(line).toMatch(/^[^\n]+\n$/);
  });

  test('--wide at 80 columns', () => {
    expect(`\n${show(ALL.slice(0, -2), { columns: 80, isWide: true }).join('')}`).toMatchSnapshot();
  });

  test('colors change nothing else', () => {
    for (const columns of [40, 80, 120, undefined]) {
      const options = columns === undefined ? {} : { columns };
      expect(stripColor(show(ALL, { ...options, style: color }).join(''))).toBe(show(ALL, options).join(''));
    }
  });
});

describe('--time', () => {
  test.each([
    ['utc', /^12:00:00\.000 large/],
    ['local', /^\d\d:00:00\.000 large/],
    ['relative', /^ {4}\+0\.000s large/],
    ['none', /^large/],
  ] as const)('%s', (time, expected) => {
    expect(show(SIMULATED, { time })[0]).toMatch(expected);
  });

  test('relative counts from the first batch', () => {
    expect(show(SIMULATED, { time: 'relative' })[2]).toMatch(/^ {4}\+0\.414s /);
  });

  test.each([
    [12_345, '    +12.345s'],
    [86_399_999, ' +86399.999s'],
    [-500, '     -0.500s'],
  ])('relative: %i ms after the first one is %j, also if the clock was set back', (ms, shown) => {
    const renderer = createPrettyRenderer({
      style: PLAIN_STYLE,
      time: 'relative',
      isWide: false,
      columns: () => undefined,
    });
    const [first, second] = [0, ms].map((afterMs) =>
      renderer.renderEvents(makeBatch(['{"type":"t"}'], RECEIVED_AT_MS + afterMs), 1, POSITION).toString(),
    );
    expect([first, second]).toEqual(['    +0.000s t\n', `${shown.slice(1)} t\n`]);
  });
});

describe('widths', () => {
  const lines = (texts: readonly string[], columns: number): string[] =>
    show(texts, { columns }).join('').split('\n').slice(0, -1);

  test.each([40, 41, 59, 60, 80, 109, 110, 120, 200])('no line is wider than %i columns', (columns) => {
    for (const line of lines(ALL, columns)) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  test('no line of random JSON is wider than the terminal', () => {
    const random = seededRandom(20_260_101);
    for (let i = countCases(2_000); i > 0; i--) {
      const columns = 40 + Math.floor(random() * 120);
      for (const line of lines([randomJson(random)], columns)) {
        if (stringWidth(line) > columns) expect(line).toBe(`at most ${columns} columns`);
      }
    }
  });

  test('wide characters count twice', () => {
    const text = JSON.stringify({ type: 'x', text: '漢字🎈'.repeat(40) });
    const shown = lines([text], 80);
    expect(shown.length).toBeGreaterThan(2);
    expect(Math.max(...shown.map((line) => stringWidth(line)))).toBeGreaterThan(75);
  });

  test('--wide: only a single word is wider, and it is whole', () => {
    const hash = `0x${'0123456789abcdef'.repeat(8)}`;
    const shown = show([`{"type":"x","tx_hash":"${hash}","n":1}`], { columns: 60, isWide: true }).join('');
    expect(shown).toContain(hash);
    for (const line of shown.split('\n')) expect(line.replace(hash, '').length).toBeLessThan(60);
  });

  test('columns are aligned: type, chain, amount and unit begin in the same columns', () => {
    const shown = show(SIMULATED, { columns: 160 }).map((event) => event.split('\n')[0] ?? '');
    const [, second = '', third = ''] = shown;
    expect(second.indexOf('arbitrum')).toBe(third.indexOf('bitcoin'));
    expect(second.indexOf('ETH')).toBe(third.indexOf('BTC'));
  });

  test('columns with wide characters are aligned', () => {
    const events = ['🎈', 'ethereum', '漢字'].map(
      (chain) => `{"type":"t","chain":"${chain}","amount":"1.5","token":"X"}`,
    );
    const [, ...later] = show(events, { columns: 80 });
    const widths = later.map((line) => stringWidth(line.slice(0, line.indexOf('1.5 X'))));
    expect(widths).toEqual([26, 26]);
  });

  test('a unit is on the line of its amount if both fit', () => {
    const texts = ['1.5', '75965754.894378', '115792089237316195423570985008'].flatMap((amount) =>
      ['tron', 'ethereum'].map(
        (chain) => `{"type":"large_transfer","chain":"${chain}","amount":"${amount}","token":"USDT"}`,
      ),
    );
    for (let columns = 50; columns < 130; columns++) {
      for (const shown of show(texts, { columns }))
        expect([columns, shown]).toEqual([columns, expect.stringMatching(/\d USDT/)]);
    }
  });

  test('in a narrower window the column of amounts is narrower', () => {
    let columns = 160;
    const renderer = createPrettyRenderer({
      style: PLAIN_STYLE,
      time: 'none',
      isWide: false,
      columns: () => columns,
    });
    const paint = (amount: string): string => {
      const batch = makeBatch([`{"type":"t","amount":"${amount}","token":"X"}`]);
      return renderer.renderEvents(batch, 1, POSITION).toString();
    };
    expect(paint('123456789.123456789')).toBe('t  123,456,789.123456789 X\n');
    expect(paint('1.5')).toBe('t                    1.5 X\n');
    columns = 120;
    expect(paint('1.5')).toBe('t               1.5 X\n');
  });

  test.each([
    ['1,234,567', 3, ['1,', '234', ',', '567']],
    ['123456', 2, ['12', '34', '56']],
    ['1,2', 1, ['1', ',', '2']],
    ['ab', 0, ['a', 'b']],
    ['ab', -1, ['a', 'b']],
    ['漢字x', 1, ['漢', '字', 'x']],
    ['漢字x', 3, ['漢', '字x']],
  ])('%s in pieces of %i columns', (text, columns, pieces) => {
    expect(splitByWidth(text, columns)).toEqual(pieces);
  });

  test.each([1, 2, 3, 5, 10])('at %i columns nothing is lost', (columns) => {
    const [shown = ''] = show(['{"type":"漢字","amount":1234567,"token":"USDT","note":"a b"}'], {
      columns,
    });
    expect(shown.replace(/\s/g, '')).toContain('漢字1,234,567USDTnoteab');
  });
});

describe('what is shown', () => {
  test('the fast path and the slow path give the same output', () => {
    // The accent takes the slow path.
    const plain = ALL.filter((text) => /^\{.+\}$/.test(text) && !/[^ -~]|\\/.test(text));
    expect(plain.length).toBeGreaterThan(5);
    for (const text of plain) {
      const accented = text.replace(/\}$/, ',"zz":"é"}');
      const [shown = ''] = show([text.replace(/\}$/, ',"zz":"e"}')]);
      expect(show([accented])[0]).toBe(shown.replace('zz e', 'zz é'));
    }
  });

  test('random JSON: one line is the same as --wide on an endless terminal', () => {
    const random = seededRandom(7);
    const options = { style: color, time: 'none', isWide: true } as const;
    const bounded = createPrettyRenderer({ ...options, columns: () => 1e9 });
    const free = createPrettyRenderer({ ...options, columns: () => undefined });
    for (let i = countCases(3_000); i > 0; i--) {
      const batch = makeBatch([randomJson(random)]);
      const one = bounded.renderEvents(batch, 1, POSITION).toString();
      const other = free.renderEvents(batch, 1, POSITION).toString();
      if (stripColor(one) !== stripColor(other)) expect(one).toBe(other);
    }
  });

  test.each([
    ['9007199254740993', 'n 9007199254740993'],
    ['1.0', 'n 1.0'],
    ['-0', 'n -0'],
    ['1e400', 'n 1e400'],
    ['0.1000000000000000055511151231257827', 'n 0.1000000000000000055511151231257827'],
  ])('numbers as sent: %s', (sent, shown) => {
    expect(show([`{"n":${sent}}`])[0]).toContain(shown);
  });

  test('amounts have grouped digits, and the exact number is shown too', () => {
    const most = (2n ** 256n - 1n).toString();
    for (const amount of [most, `"${most}"`, '-1234567.00', '"0001234.5"']) {
      const [shown = ''] = show([`{"type":"x","amount":${amount},"token":"T"}`]);
      const exact = amount.replaceAll('"', '');
      expect(shown).toContain(`amount ${exact}`);
      expect(shown.split(' T ')[0]?.replaceAll(',', '')).toContain(exact);
    }
    expect(show(['{"amount":1e21,"token":"T"}'])[0]).toContain('1e21 T');
    expect(show(['{"amount":"a lot","token":"T"}'])[0]).toMatch(/T {2}amount a lot/);
  });

  test('a number of five thousand digits is whole at 40 columns', () => {
    const digits = '1234567890'.repeat(500);
    const [shown = ''] = show([`{"type":"x","amount":${digits}}`], { columns: 40 });
    expect(shown.replace(/[\s,]/g, '')).toContain(digits);
  });

  test('addresses and hashes are shortened in the middle, but not amounts, ids, words and dates', () => {
    const address = '0x301b0000000000000000000000000000000a6d29';
    const amount = '123456789012345678901234567890';
    const id = 'evt_a53039375365a74d7a7083c2';
    const word = 'Donaudampfschifffahrtsgesellschaft';
    const [shown = ''] = show([
      JSON.stringify({ address, other: address, note: amount, id, word, hash: 'b'.repeat(40) }),
    ]);
    expect(shown).toContain('address 0x301b…6d29');
    expect(shown).toContain('other 0x301b…6d29');
    for (const whole of [amount, id, word, 'b'.repeat(40)]) expect(shown).toContain(whole);
  });

  test('a text of a mebibyte is cut, with its length', () => {
    const [shown = ''] = show([`{"type":"x","text":"${'é'.repeat(2 ** 20)}"}`]);
    expect(shown).toContain('é… (1,048,576 characters)');
    expect(shown.length).toBeLessThan(400);
  });

  test('a bare number is whole, however long; JSON is never cut inside a number', () => {
    const digits = '1234567890'.repeat(60);
    expect(show([digits], { columns: 80 })[0]?.replace(/\s/g, '')).toContain(digits);
    const deep = (before: string): string => `{"a":{"b":{"c":{"d":{"e":{"${before}":[1,${digits}]}}}}}}`;
    for (const before of ['e', 'e'.repeat(70), 'e'.repeat(74)]) {
      expect(show([deep(before)], { columns: 300 })[0]).toMatch(/e":\[(1,)?… \(\d+ characters\)/);
      const asText = deep(before).replace(digits, `"${digits}"`);
      expect(show([asText], { columns: 300 })[0]).toMatch(/e":\[(1,)?… \(\d+ characters\)/);
      expect(show([deep(before)], { isWide: true })[0]).toMatch(new RegExp(`1, ?${digits}`));
    }
  });

  test.each([
    ['" x"', '" x"'],
    ['"x "', '"x "'],
    ['"x y"', 'x y'],
    ['"é "', '"é "'],
    ['""', '""'],
  ])('invisible spaces are quoted: %s', (sent, shown) => {
    expect(show([`{"type":"t","text":${sent}}`])[0]).toMatch(new RegExp(`text ${shown}\\n$`));
  });

  test('a null label is hidden with its party, and only there', () => {
    const text =
      '{"type":"t","from":{"address":"a","label":null},"to":"b","fee":{"label":null},"label":null}';
    expect(show([text])[0]).toMatch(/ a → b {2}fee\.label null {2}label null\n$/);
  });

  test('the ids of a token and a chain are not bookkeeping fields', () => {
    const id = (2n ** 256n - 1n).toString();
    const [shown = ''] = show([`{"type":"nft_transfer","id":"evt_1","token_id":${id},"chain_id":1}`], {
      columns: 110,
    });
    expect(shown).toContain(`token_id ${id}`);
    expect(shown).toContain('chain_id 1');
  });

  test('of duplicate names the last one counts, and both are shown', () => {
    const [shown = ''] = show(['{"type":"a","type":"b","chain":"x","chain":"y"}']);
    expect(shown).toMatch(/^12:00:00\.000 b {2}y {2}type a {2}chain x\n$/);
  });

  test('O8: the type is found as filters find it', () => {
    expect(show(['{"event":"c","event_type":"b","type":"a"}'])[0]).toMatch(/ a {2}event c {2}event_type b/);
    expect(show(['{"type":1,"event":"c"}'])[0]).toMatch(/ c {2}type 1/);
  });

  test('names of JavaScript properties are ordinary names', () => {
    const [shown = ''] = show(['{"__proto__":{"type":"x"},"constructor":1,"toString":null,"next":2}']);
    expect(shown).toMatch(/__proto__\.type x {2}constructor 1 {2}next 2 {2}toString null/);
  });

  test('a hundred fields: some are shown, and a note says that there are more', () => {
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_unused, i) => [`f${i}`, i]));
    const [shown = ''] = show([JSON.stringify(fields)]);
    expect(shown).toContain('f59 59');
    expect(shown).toContain('… more with --wide');
    expect(show([JSON.stringify(fields)], { columns: 80 })[0]?.replace(/\s+/g, ' ')).toContain(
      '… more with --wide',
    );
    expect(show([JSON.stringify(fields)], { isWide: true })[0]).toContain('f99 99');
  });
});

describe('what a terminal hides', () => {
  /** All details of an event by name, without what the headline shows as sent. */
  const listNames = (text: string): string[] =>
    [...(show([text], { isWide: true })[0] ?? '').matchAll(/ {2}([a-z_.]+) (?! )/g)].map(
      ([, name]) => name ?? '',
    );

  test.each([40, 60, 80, 110, 120, 160, 200])('at %i columns each field is there, or counted', (columns) => {
    for (const text of SIMULATED) {
      const [shown = ''] = show([text], { columns });
      const names = listNames(text).filter((name) => !['amount', 'amount_usd'].includes(name));
      expect(names.length).toBeGreaterThan(5);
      const missing = names.filter((name) => !shown.includes(`${name} `));
      expect(shown.match(/ {2}\+(\d+)\n$/)?.[1] ?? '0').toBe(String(missing.length));
      expect([text, show([text], { columns, isWide: true })[0]?.includes('+')]).toEqual([text, false]);
    }
  });

  test('only bookkeeping fields are hidden', () => {
    const odd = '"risk":7,"memo":"rent","flags":["a","b"],"gas":{"used":21000,"price":12},"is_final":true';
    for (const columns of [40, 80, 120]) {
      const text = SIMULATED[0]?.replace(/\}$/, `,${odd}}`) ?? '';
      const shown = (show([text], { columns })[0] ?? '').replace(/\s+/g, ' ');
      for (const pair of [
        'risk 7',
        'memo rent',
        'flags [a, b]',
        'gas.used 21000',
        'gas.price 12',
        'is_final true',
      ])
        expect(shown).toContain(pair);
    }
  });

  test.each([
    ['"amount":"1234567.50","amount_raw":1234567500000,"decimals":6', false],
    ['"amount":"1234567.50","amount_raw":1234567500000', false],
    ['"amount":0.00,"amount_raw":"0"', false],
    ['"amount":"-1.5","value_wei":"-1500000000000000000","decimals":18', false],
    ['"amount":"1234567.50","amount_raw":1234567500001,"decimals":6', true],
    ['"amount":"1234567.50","amount_raw":12345675000000,"decimals":6', true],
    ['"amount":"1.5","amount_raw":-15', true],
    ['"amount":"-0.05","amount_raw":-5,"decimals":2', false],
    ['"amount":"1.5","amount_raw":15e17', true],
    ['"amount":9007199254740993,"amount_raw":9007199254740992', true],
    ['"amount_raw":15', true],
  ])('%s: a raw amount with another value is shown at any width', (fields, isShown) => {
    for (const columns of [20, 40, 80, 120]) {
      const [, name, raw] = /(amount_raw|value_wei)":"?([^",]+)/.exec(fields) ?? [];
      const [shown = ''] = show([`{"type":"t",${fields},"id":"${'x'.repeat(150)}"}`], { columns });
      const isThere = shown.replace(/\n */g, ' ').includes(`${name} ${raw}`);
      expect([columns, isThere || !isShown]).toEqual([columns, true]);
      if (columns === 20) expect(isThere).toBe(isShown);
    }
  });

  test('a long number is also shown as sent', () => {
    const [long, short] = ['1234567890123456', '123456789012345'];
    expect(show([`{"amount":${long}}`], { columns: 120 })[0]).toMatch(
      /1,234,567,890,123,456 {2}amount 1234567890123456/,
    );
    expect(show([`{"amount":${short}}`], { columns: 120 })[0]).not.toContain(short);
    expect(show([`{"amount":${short}}`], { columns: 120, isWide: true })[0]).toContain(short);
    expect(show([`{"amount":${short}}`])[0]).toContain(short);
  });

  test.each([
    [40, 4, 5],
    [80, 2, 3],
    [100, 2, 2],
    [120, 1, 2],
    [160, 1, 1],
  ])('at %i columns a transfer takes %i lines or less, %i if it has more to show', (columns, usual, most) => {
    const clock = () => RECEIVED_AT_MS;
    const source = createEventGenerator({ random: createRandom(7), clock, types: KNOWN_EVENT_TYPES });
    const events = Array.from({ length: 300 }, () => source.next() ?? '');
    const lines = show(events, { columns }).map((event) => event.split('\n').length - 1);
    expect(Math.max(...lines)).toBeLessThanOrEqual(most);
    expect(lines.filter((count) => count <= usual).length).toBeGreaterThan(240);
  });

  test('the count of hidden fields is never alone on a line', () => {
    for (let columns = 40; columns < 200; columns++) {
      for (const event of show(SIMULATED, { columns })) expect(event).not.toMatch(/\n +\+\d+\n/);
    }
  });
});

describe('row 40: odd and huge events', () => {
  const deep = 1_000_000;
  const huge: readonly (readonly [string, string])[] = [
    ['a million brackets', '['.repeat(deep) + ']'.repeat(deep)],
    ['a hundred thousand objects', `${'{"a":'.repeat(100_000)}0${'}'.repeat(100_000)}`],
    ['a name of a mebibyte', `{"${'k'.repeat(2 ** 20)}":1}`],
    ['a hundred thousand names', `{${Array.from({ length: 100_000 }, (_unused, i) => `"k${i}":${i}`)}}`],
    ['a hundred thousand items', `{"a":[${Array.from({ length: 100_000 }, () => '{"b":1}')}]}`],
    ['marks without an end', JSON.stringify({ type: `e${'\u0301'.repeat(100_000)}` })],
    ['backslashes', `{"a":"${'\\\\'.repeat(500_000)}"}`],
  ];

  test.each(huge)('%s: fast, at any width', (_name, text) => {
    // CPU time, since the machine may be busy.
    const before = process.cpuUsage();
    for (const columns of [undefined, 40, 120]) {
      const options = columns === undefined ? {} : { columns };
      expect(show([text], options).join('').length).toBeLessThan(10_000);
      expect(show([text], { ...options, isWide: true }).join('').length).toBeGreaterThan(10);
    }
    const { user, system } = process.cpuUsage(before);
    expectSoon((user + system) / 1_000, 8_000);
  });

  test('cached layouts keep no event in memory', () => {
    const text = 'x'.repeat(2 ** 20);
    const renderer = createPrettyRenderer({
      style: PLAIN_STYLE,
      time: 'none',
      isWide: false,
      columns: () => 120,
    });
    const kept = measureKept(() => {
      for (let i = 0; i < 40; i++)
        renderer.renderEvents(makeBatch([`{"a_long_name_of_a_field_${i}":1,"text":"${text}"}`]), 1, POSITION);
    });
    expect(kept).toBeLessThan(8 * 2 ** 20);
  });

  test('an endless number of types and names does not fill the memory', () => {
    const renderer = createPrettyRenderer({
      style: PLAIN_STYLE,
      time: 'none',
      isWide: false,
      columns: () => undefined,
    });
    const render = (i: number) =>
      renderer.renderEvents(makeBatch([`{"type":"t${i}","name_${i}":{"a_${i}":1}}`]), 1, POSITION);
    for (let i = 0; i < 5_000; i++) render(i);
    const before = process.memoryUsage().heapUsed;
    for (let i = 5_000; i < 25_000; i++) render(i);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });
});
