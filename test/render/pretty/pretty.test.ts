// Pretty output at any width, with and without color, for any shape of event.

import { describe, expect, test } from '@jest/globals';
import { createZoneOffset, findZone } from '../../../src/render/local-time.ts';
import { PLAIN_STYLE } from '../../../src/render/paint.ts';
import { createPrettyRenderer, type PrettyOptions } from '../../../src/render/pretty/pretty.ts';
import { ASCII_SIGNS } from '../../../src/render/signs.ts';
import { createColorStyle } from '../../../src/render/style.ts';
import { createEventGenerator, KNOWN_EVENT_TYPES } from '../../../src/simulator/events.ts';
import { createRandom } from '../../../src/simulator/random.ts';
import { measureKept } from '../../helpers/heap.ts';
import { expectSoon } from '../../helpers/soon.ts';
import { makeBatch, OTHER_SHAPES, POSITION, RECEIVED_AT_MS, SIMULATED, stripColor } from '../events.ts';

interface LookOptions extends Partial<Omit<PrettyOptions, 'columns'>> {
  readonly columns?: number;
}

/** What one renderer prints first, and then for each event. */
function showAll(texts: readonly string[], { columns, ...options }: LookOptions = {}): [string, string[]] {
  const renderer = createPrettyRenderer({
    style: PLAIN_STYLE,
    time: 'utc',
    isWide: false,
    ...options,
    columns: () => columns,
  });
  const header = renderer.renderEvents(makeBatch([]), 0, POSITION).toString();
  const events = texts.map((text, i) =>
    renderer.renderEvents(makeBatch([text], RECEIVED_AT_MS + 207 * i), 1, POSITION).toString(),
  );
  return [header, events];
}

/** The events, each in a batch of its own. */
const show = (texts: readonly string[], options: LookOptions = {}): string[] => showAll(texts, options)[1];

/** The lines of an event without the spaces of the columns. */
const squeeze = (shown: string | undefined): string => (shown ?? '').replace(/\s+/g, ' ').trim();

const color = createColorStyle('auto');
const ALL = [...SIMULATED, ...OTHER_SHAPES];

function simulate(count: number): string[] {
  const clock = (): number => RECEIVED_AT_MS;
  const source = createEventGenerator({ random: createRandom(3), clock, types: KNOWN_EVENT_TYPES });
  return Array.from({ length: count }, () => source.next() ?? '');
}

describe('row 59: on a terminal without Unicode', () => {
  test('output is ASCII, and no line is wider than the terminal', () => {
    const ascii = [...ALL, ...simulate(200)].filter((text) => /^[ -~]*$/.test(text) && !/\\u/.test(text));
    expect(ascii.length).toBeGreaterThan(200);
    for (const columns of [20, 40, 80, 120, 160]) {
      const [header, events] = showAll(ascii, { columns, signs: ASCII_SIGNS });
      expect(header + events.join('')).toMatch(/^[\n -~]*$/);
      for (const line of `${header}${events.join('')}`.split('\n'))
        expect(line.length).toBeLessThanOrEqual(columns);
    }
  });
});

describe('O2: layout', () => {
  test.each([40, 80, 120, 160])('at %i columns', (columns) => {
    const [header, events] = showAll(ALL, { columns });
    expect(`\n${header}${events.join('')}`).toMatchSnapshot();
  });

  test.each([40, 120])('in color at %i columns', (columns) => {
    expect(show(SIMULATED, { columns, style: color }).join('').replaceAll('\x1b', '␛')).toMatchSnapshot();
  });

  test('without a terminal each event is one line, and nothing is cut', () => {
    const [header, lines] = showAll(ALL.slice(0, -2));
    expect(header).toBe('');
    expect(`\n${lines.join('')}`).toMatchSnapshot();
    for (const line of lines) {
      expect(line).toMatch(/^[^\n]+\n$/);
      expect(line).not.toContain('…');
    }
  });

  test('with --wide, an event is a card with every field once', () => {
    const [header, cards] = showAll(ALL.slice(0, -2), { columns: 80, isWide: true });
    expect(header).toBe('');
    expect(`\n${cards.join('')}`).toMatchSnapshot();
  });

  test('colors do not change the text', () => {
    for (const columns of [40, 80, 120, undefined]) {
      const options = columns === undefined ? {} : { columns };
      expect(stripColor(show(ALL, { ...options, style: color, hasLinks: true }).join(''))).toBe(
        show(ALL, options).join(''),
      );
    }
  });

  test('nothing is shown in bright black, and bold is never combined with a color', () => {
    const shown = show(simulate(50), { columns: 160, style: color }).join('');
    expect(shown).not.toMatch(/\x1b\[(?:90|1;30)m/);
    expect(shown).not.toMatch(/\x1b\[1m\x1b\[3/);
    // Arrows have the color of text.
    expect(shown).toMatch(/ → /);
    expect(shown).not.toMatch(/m[→←]/);
  });
});

describe('the grid', () => {
  const events = simulate(2_000);

  test.each([
    [40, 3, 3],
    [60, 3, 3],
    [80, 2, 2],
    [100, 2, 2],
    [119, 2, 2],
    [120, 1, 1],
    [160, 1, 1],
    [200, 1, 1],
  ])('at %i columns: %i to %i lines, every hash, and dollars end in one column', (columns, least, most) => {
    const ends = new Set<number>();
    for (const [i, shown] of show(events, { columns, time: 'local' }).entries()) {
      const lines = shown.split('\n').slice(0, -1);
      expect(lines.length >= least && lines.length <= most).toBe(true);
      const { tx_hash: hash } = JSON.parse(events[i] ?? '') as { tx_hash: string };
      const short = `${hash.slice(0, hash.startsWith('0x') ? 6 : 4)}…${hash.slice(-4)}`;
      if (!shown.includes(short)) expect(shown).toContain(short);
      const dollars = /\$[\d,.]+…?/.exec(lines.find((line) => line.includes('$')) ?? '');
      ends.add((dollars?.index ?? 0) + (dollars?.[0].length ?? 0));
    }
    expect(ends.size).toBe(1);
  });

  test('the header is above the columns, and is printed again after the window was resized', () => {
    let columns = 120;
    const renderer = createPrettyRenderer({
      style: PLAIN_STYLE,
      time: 'none',
      isWide: false,
      columns: () => columns,
    });
    const paint = (): string =>
      renderer.renderEvents(makeBatch(SIMULATED.slice(0, 1)), 1, POSITION).toString();
    expect(paint()).toMatch(/^TYPE +CHAIN +USD +AMOUNT +FROM +→ TO +TX\nlarge_transfer /);
    expect(paint()).toMatch(/^large_transfer /);
    columns = 80;
    expect(paint()).toMatch(/^TYPE .*AMOUNT\nFROM +→ TO +TX\nlarge_transfer /);
    expect(paint()).toMatch(/^large_transfer /);
  });

  test('an event does not move the columns of another one', () => {
    const long = `{"type":"${'t'.repeat(50)}","chain":"${'c'.repeat(50)}","amount":1e9,"amount_usd":${'9'.repeat(40)}}`;
    for (const columns of [40, 80, 120, 160]) {
      const [alone] = show(SIMULATED.slice(0, 1), { columns });
      expect(show([long, SIMULATED[0] ?? ''], { columns, time: 'utc' })[1]?.replace('00.207', '00.000')).toBe(
        alone,
      );
    }
  });
});

describe('--time', () => {
  const first = (time: PrettyOptions['time'], columns?: number): string =>
    show(SIMULATED, { time, ...(columns !== undefined && { columns }) })[0] ?? '';

  test('utc ends in Z, local has no zone, none has no column', () => {
    expect(first('utc', 120)).toMatch(/^12:00:00Z {2}large/);
    expect(first('local', 120)).toMatch(/^\d\d:00:00 {2}large/);
    expect(first('none', 120)).toMatch(/^large/);
  });

  test.each([
    ['Asia/Kolkata', '17:30:00', '+05:30'],
    ['America/St_Johns', '08:30:00', '-03:30'],
    ['Europe/Berlin', '13:00:00', '+01:00'],
    ['Africa/Abidjan', '12:00:00', '+00:00'],
  ])('in the zone %s it is %s', (name, time, offset) => {
    const zone = findZone(name);
    if (zone === undefined) throw new Error(name);
    expect(first({ zone }, 120)).toMatch(new RegExp(`^${time}  large`));
    expect(first({ zone })).toContain(`2026-01-01T${time}.000${offset}`);
  });

  test('the offset of a zone follows its summer time', () => {
    const offset = createZoneOffset('Europe/Berlin');
    const change = Date.UTC(2026, 2, 29, 1);
    expect([change - 1, change, Date.UTC(2026, 9, 25, 1) - 1, Date.UTC(2026, 9, 25, 1)].map(offset)).toEqual([
      60, 120, 120, 60,
    ]);
    expect(['Mars/Olympus', '+01:00', '', '../etc'].map(findZone)).toEqual(new Array(4).fill(undefined));
  });

  test('includes date and zone without a terminal and on a card', () => {
    expect(first('utc')).toMatch(/^2026-01-01T12:00:00\.000Z {2}large/);
    expect(first('local')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000[+-]\d\d:\d\d {2}large/);
    expect(show(SIMULATED, { isWide: true, columns: 80 })[0]).toMatch(/^2026-01-01T12:00:00\.000Z {2}large/);
  });

  test.each([
    [0, '    +0.000s  t'],
    [12_345, '   +12.345s  t'],
    [86_399_999, '+86399.999s  t'],
    [1e9, '  +1000000s  t'],
    [-500, '    -0.500s  t'],
  ])('relative: %i ms after the first event is %j, even if the clock was set back', (ms, shown) => {
    const renderer = createPrettyRenderer({
      style: PLAIN_STYLE,
      time: 'relative',
      isWide: false,
      columns: () => 80,
    });
    const [, second] = [0, ms].map((afterMs) =>
      renderer.renderEvents(makeBatch(['{"type":"t"}'], RECEIVED_AT_MS + afterMs), 1, POSITION).toString(),
    );
    expect(second).toBe(`${shown}\n`);
  });

  test('prints a line with the date when the day changes, and before a first event of another day', () => {
    const at = (startMs: number, time: PrettyOptions['time']): string[] => {
      const renderer = createPrettyRenderer({
        style: PLAIN_STYLE,
        time,
        isWide: false,
        startMs,
        columns: () => 80,
      });
      return [0, 12, 13].map((hours) =>
        renderer
          .renderEvents(makeBatch(['{"type":"t"}'], RECEIVED_AT_MS + hours * 3_600_000), 1, POSITION)
          .toString()
          .replace(/^.*\bTYPE\b[\s\S]*?TX\n/, ''),
      );
    };
    expect(at(RECEIVED_AT_MS, 'utc')).toEqual([
      '12:00:00Z  t\n',
      '2026-01-02 UTC\n00:00:00Z  t\n',
      '01:00:00Z  t\n',
    ]);
    expect(at(0, 'utc')[0]).toBe('2026-01-01 UTC\n12:00:00Z  t\n');
    expect(at(0, 'local')[0]).toMatch(/^2026-01-01 [+-]\d\d:\d\d\n\d\d:\d\d:\d\d {2}t\n$/);
    for (const time of ['relative', 'none'] as const) expect(at(0, time).join('')).not.toContain('2026');
  });
});

describe('the shown values', () => {
  test('the fast path and the slow path give the same output', () => {
    // The accent takes the slow path.
    const plain = ALL.filter((text) => /^\{.+\}$/.test(text) && !/[^ -~]|\\/.test(text));
    expect(plain.length).toBeGreaterThan(5);
    for (const text of plain) {
      const [shown = ''] = show([text.replace(/\}$/, ',"zz":"e"}')]);
      expect(show([text.replace(/\}$/, ',"zz":"é"}')])[0]).toBe(shown.replace('zz e', 'zz é'));
    }
  });

  test.each([
    ['9007199254740993', 'n 9007199254740993'],
    ['1.0', 'n 1.0'],
    ['-0', 'n -0'],
    ['1e400', 'n 1e400'],
    ['0.1000000000000000055511151231257827', 'n 0.1000000000000000055511151231257827'],
  ])('numbers are shown as sent: %s', (sent, shown) => {
    expect(show([`{"n":${sent}}`])[0]).toContain(shown);
  });

  test('an amount that is not a number is one of the other fields', () => {
    const shown = squeeze(show(['{"amount":"a lot","token":"T","type":"t"}'], { columns: 120 })[0]);
    expect(shown).toMatch(/ T amount a lot$/);
  });

  test('addresses and hashes are shortened in the middle, but not amounts, ids, words and dates', () => {
    const address = '0x301b0000000000000000000000000000000a6d29';
    const amount = '123456789012345678901234567890';
    const word = 'Donaudampfschifffahrtsgesellschaft';
    const event = JSON.stringify({ address, other: address, note: amount, word, more: 'b'.repeat(40) });
    const shown = squeeze(show([event], { columns: 300 })[0]);
    expect(shown).toContain('0x301b…6d29');
    expect(shown).toContain('other 0x301b…6d29');
    for (const whole of [amount, word, 'b'.repeat(40)]) expect(shown).toContain(whole);
  });

  test('a label is shown after its address, after the end of the address, or only counted, as the width allows', () => {
    const event =
      '{"type":"t","from":{"address":"0x301b0000000000000000000000000000000a6d29","label":"treasury"}}';
    expect(show([event], { columns: 160 })[0]).toContain(' 0x301b…6d29 treasury ');
    expect(show([event], { columns: 120 })[0]).toContain(' …6d29 treas… ');
    expect(squeeze(show([event], { columns: 40 })[0])).toBe('12:00:00Z t 0x301b…6d29 → +1');
  });

  test('the direction of an event at an address is an arrow', () => {
    const at = (direction: string): string =>
      squeeze(
        show([`{"type":"t","address":"a","counterparty":"b","direction":"${direction}"}`], {
          columns: 120,
        })[0],
      );
    expect(at('in')).toBe('12:00:00Z t a ← b');
    expect(at('out')).toBe('12:00:00Z t a → b');
    expect(at('both')).toBe('12:00:00Z t a ↔ b direction both');
  });

  test('sender and recipient are in the columns, and a third party is one of the other fields', () => {
    const event = '{"type":"t","from":"a","to":"b","address":"c","counterparty":"d"}';
    expect(squeeze(show([event], { columns: 160 })[0])).toBe('12:00:00Z t a → b address c counterparty d');
  });

  test('a text that is too long is cut, and the fields after it are counted', () => {
    const event = `{"type":"notice","text":"${'word '.repeat(60).trim()}","level":"high","count":3}`;
    expect(show([event], { columns: 120 })[0]).toMatch(
      /^12:00:00Z {2}notice {2}text word [^\n]+ wo?r?d?… {2}\+2\n$/,
    );
    const [shown = ''] = show([event], { columns: 80 });
    expect(shown.split('\n')).toHaveLength(3);
  });

  test('ids, times and heights are shown only if there is nothing else', () => {
    const minor = '"id":"evt_1","timestamp":"2026-01-01T00:00:00Z","block_number":7';
    expect(squeeze(show([`{"type":"t",${minor}}`], { columns: 120 })[0])).toBe(
      '12:00:00Z t id evt_1 timestamp 2026-01-01T00:00:00Z block_number 7',
    );
    expect(squeeze(show([`{"type":"t","chain":"tron",${minor}}`], { columns: 120 })[0])).toBe(
      '12:00:00Z t tron',
    );
  });

  test('all other fields that do not fit are counted', () => {
    const odd = '"risk":7,"memo":"rent","flags":["a","b"],"gas":{"used":21000,"price":12},"is_final":true';
    const text = SIMULATED[0]?.replace(/\}$/, `,${odd}}`) ?? '';
    expect(show([text], { columns: 120 })[0]).toMatch(/ \+6\n$/);
    expect(squeeze(show([text], { columns: 300 })[0])).toMatch(
      /587b…55da risk 7 memo rent flags \[a, b\] gas\.used 21000 gas\.price 12 is_final true$/,
    );
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
    for (const columns of [40, 80, 120]) {
      const [, name, raw] = /(amount_raw|value_wei)":"?([^",]+)/.exec(fields) ?? [];
      const shown = squeeze(show([`{"type":"t",${fields},"id":"x"}`], { columns })[0]);
      expect([columns, shown.includes(`${name} ${raw}`)]).toEqual([columns, isShown]);
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

  test('a null label of a party is hidden, other null labels are shown', () => {
    const text =
      '{"type":"t","from":{"address":"a","label":null},"to":"b","fee":{"label":null},"label":null}';
    expect(squeeze(show([text])[0])).toMatch(/ a → b fee\.label null label null$/);
  });

  test('of duplicate names the last one counts, and both are shown', () => {
    const shown = squeeze(show(['{"type":"a","type":"b","chain":"x","chain":"y"}'])[0]);
    expect(shown).toMatch(/Z b y type a chain x$/);
  });

  test('O8: the type is found as filters find it', () => {
    expect(squeeze(show(['{"event":"c","event_type":"b","type":"a"}'])[0])).toMatch(
      / a event c event_type b/,
    );
    expect(squeeze(show(['{"type":1,"event":"c"}'])[0])).toMatch(/ c type 1/);
  });

  test('names of JavaScript properties are ordinary names', () => {
    const shown = squeeze(show(['{"__proto__":{"type":"x"},"constructor":1,"toString":null,"next":2}'])[0]);
    expect(shown).toMatch(/__proto__\.type x constructor 1 next 2 toString null/);
  });

  test('of a hundred fields, a terminal counts those that do not fit, and a card shows all', () => {
    const fields = JSON.stringify(
      Object.fromEntries(Array.from({ length: 150 }, (_unused, i) => [`f${i}`, i])),
    );
    expect(show([fields], { columns: 80 })[0]).toMatch(/ f0 0 {2}f1 1 [\s\S]+ \+\d\d\n$/);
    expect(show([fields], { columns: 80, isWide: true })[0]).toContain('\n  f149  149\n');
  });

  test('with --wide, a text is wrapped between words, and a word that is wider than the terminal stays whole', () => {
    const hash = `0x${'0123456789abcdef'.repeat(8)}`;
    const event = `{"type":"x","tx_hash":"${hash}","text":"${'word '.repeat(30).trim()}"}`;
    const lines = (show([event], { columns: 60, isWide: true })[0] ?? '').split('\n');
    expect(lines).toContain(`  tx_hash  ${hash}`);
    for (const line of lines) expect(line.replace(hash, '').length).toBeLessThanOrEqual(60);
    expect(lines.at(-2)).toMatch(/^ {11}word/);
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

  test.each(huge)('%s: rendered fast, at any width', (_name, text) => {
    // CPU time, since the machine may be busy.
    const before = process.cpuUsage();
    for (const columns of [undefined, 40, 120]) {
      const options = columns === undefined ? {} : { columns };
      const shown = show([text], options).join('');
      if (columns !== undefined) expect(shown.length).toBeLessThan(3_000);
      expect(shown.length).toBeGreaterThan(10);
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
    const kept = measureKept(() => {
      for (let i = 5_000; i < 25_000; i++) render(i);
    });
    expect(kept).toBeLessThan(4 * 2 ** 20);
  });
});
