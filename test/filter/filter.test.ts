import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { isAtlantisError, type UsageError } from '../../src/errors.ts';
import { type Batch, keepEvents, textsOf } from '../../src/events/batch.ts';
import { MESSAGE } from '../../src/events/message-text.ts';
import type { PathStep } from '../../src/events/path.ts';
import { classifyText } from '../../src/events/scanner.ts';
import { createFilter, type FilterConfig } from '../../src/filter/filter.ts';
import { fitCaret } from '../../src/render/fit-lines.ts';
import { makeVisible } from '../../src/render/sanitize.ts';
import { makeBatch } from '../helpers/batches.ts';
import { countCases } from '../helpers/cases.ts';
import { isContainer, type PlainValue, readPlainJson, readPlainString } from '../helpers/plain-json.ts';
import { mutate, type Random, randomJson, seededRandom } from '../helpers/random-json.ts';
import { expectSoon } from '../helpers/soon.ts';
import { respellNumber } from './decimals.ts';
import {
  escapeGlob,
  findTypeInTree,
  holdsForTree,
  type PlainCondition,
  writeCondition,
} from './filter-by-tree.ts';

const CASES = countCases(100_000);
const LEVELS = 50_000;

/** The texts that pass. */
async function select(config: Partial<FilterConfig>, texts: readonly string[]): Promise<string[]> {
  const filter = await createFilter({ types: [], where: [], ...config });
  return textsOf(filter(makeBatch(texts, 5))).map(String);
}

/** Whether each event passes; equal texts pass or fail together. */
async function decide(config: FilterConfig, batch: Batch): Promise<boolean[]> {
  const passed = new Set(textsOf((await createFilter(config))(batch)).map((text) => text.toString('latin1')));
  return textsOf(batch).map((text) => passed.has(text.toString('latin1')));
}

describe('createFilter', () => {
  test('O8: matching events keep their bytes, flags and the rest of the batch', async () => {
    const filter = await createFilter({ types: ['a'], where: ['n > 1'] });
    const texts = ['{"type":"a","n":2}', '{"type":"b","n":2}', '\ufeff{"type":"a",\n"n":1e9}', '[1]'];
    const batch = { ...makeBatch(texts, 5), discarded: ['binary' as const] };
    const copy = { ...batch, bytes: Buffer.from(batch.bytes) };
    const passed = filter(batch);
    expect(passed).toEqual({
      ...makeBatch([texts[0] ?? '', texts[2] ?? ''], 5),
      discarded: ['binary'],
    });
    expect(Array.from(passed.flags)).toEqual([0, MESSAGE.byteOrderMark | MESSAGE.lineBreak]);
    expect(batch).toEqual(copy);
  });

  test('O8: keepEvents keeps any subset of a batch', () => {
    const random = seededRandom(11);
    for (let i = 0; i < countCases(2_000); i += 1) {
      const texts = Array.from({ length: Math.floor(random() * 8) }, () => randomJson(random));
      const choice = texts.map(() => random() < 0.5);
      const batch = makeBatch(texts, i);
      let at = 0;
      const kept = keepEvents(batch, () => choice[at++] === true);
      const expected = makeBatch(
        texts.filter((_text, n) => choice[n]),
        i,
      );
      // Fast path: Jest compares bytes one by one.
      if (!isDeepStrictEqual(kept, expected)) expect(kept).toEqual(expected);
    }
  });

  test('row 71: a few kept events do not hold the memory of the whole batch', () => {
    const texts = Array.from({ length: 1_000 }, (_, n) => `{"n":${n},"filler":"${'x'.repeat(1_000)}"}`);
    let at = 0;
    const { bytes } = keepEvents(makeBatch(texts, 0), () => at++ === 500);
    expect(bytes.buffer.byteLength).toBeLessThan(20_000);
  });

  test('O8: all conditions must hold, and one of the types', async () => {
    const texts = ['a', 'b', 'c'].flatMap((type) => [1, 2, 3].map((n) => `{"type":"${type}","n":${n}}`));
    expect(await select({ types: ['a', 'c'], where: ['n >= 2', 'n != 3'] }, texts)).toEqual([
      '{"type":"a","n":2}',
      '{"type":"c","n":2}',
    ]);
    expect(await select({}, texts)).toEqual(texts);
  });

  test.each([
    ['{"type":"x"}', true],
    ['{"event_type":"x"}', true],
    ['{"event":"x"}', true],
    ['{"event":"y","event_type":"x","type":"y"}', false],
    ['{"event":"y","event_type":"x"}', true],
    ['{"event":"x","event_type":"y"}', false],
    ['{"type":1,"event":"x"}', true],
    ['{"type":null,"event_type":{},"event":"x"}', true],
    ['{"type":"y","type":"x"}', true],
    ['{"type":"x","type":"y"}', false],
    ['{"type":"x","type":7}', false],
    ['{"t\\u0079pe":"\\u0078"}', true],
    ['{"type":"\\u0079"}', false],
    ['{"type":{"type":"x"}}', false],
    ['{"data":{"type":"x"}}', false],
    ['[{"type":"x"}]', false],
    ['"x"', false],
    ['{}', false],
  ])('O8: --type x looks at type, then event_type, then event: %s', async (text, passes) => {
    expect(await select({ types: ['x'] }, [text])).toEqual(passes ? [text] : []);
  });

  test('O8: an endless number of types is filtered correctly in bounded memory', async () => {
    const filter = await createFilter({ types: ['*7'], where: [] });
    for (let round = 0; round < 2; round++) {
      const texts = Array.from({ length: 10_000 }, (_unused, i) => `{"type":"t${i}"}`);
      const passed = textsOf(filter(makeBatch(texts, 5)));
      expect(passed.length).toBe(1_000);
      expect(passed.every((text) => text.toString().endsWith('7"}'))).toBe(true);
    }
    const long = `{"type":"${'x'.repeat(1_000_000)}7"}`;
    expect(textsOf(filter(makeBatch([long, long.replace('7', '8')], 5))).map(String)).toEqual([long]);
  });

  test('O8: deep nesting is skipped without recursion', async () => {
    const deep = `${'[{"a":'.repeat(LEVELS)}1${'}]'.repeat(LEVELS)}`;
    const texts = [`{"x":${deep},"a":1}`, `{"a":${deep}}`, `[${deep},{"a":1}]`];
    expect(await select({ where: ['a = 1'] }, texts)).toEqual(texts.slice(0, 1));
    expect(await select({ where: ['[1].a = 1'] }, texts)).toEqual(texts.slice(2));
    expect(await select({ where: [`a${'[0].a'.repeat(10)} != 1`] }, texts)).toEqual(texts);
  });
});

describe('an event with many keys', () => {
  test.each([62, 63, 64, 65, 66, 200])('O8: all of its %d keys are checked', async (count) => {
    const keys = Array.from({ length: count - 2 }, (_unused, i) => `"k${i}":{"last":2}`).join(',');
    const texts = [`{"last":1,${keys},"last":2}`, `{"last":2,${keys},"last":1}`];
    expect(await select({ where: ['last = 1'] }, texts)).toEqual(texts.slice(1));
  });

  test('O8: keys of every length are found', async () => {
    for (const name of [
      '',
      'a',
      'ab',
      'abc',
      'abcd',
      'abcdefghij',
      'é',
      'aé',
      '漢',
      '🎈',
      'a🎈',
      '漢字漢字',
      '"',
      'a\\',
    ]) {
      const others = ['', 'a', 'ab', 'b', 'é', '漢', '🎉', `${name}x`, `x${name}`].filter(
        (other) => other !== name,
      );
      const members = others.map((other) => `${JSON.stringify(other)}:1`).join(',');
      const texts = [`{${members},${JSON.stringify(name)}:2}`, `{${JSON.stringify(name)}:2,${members}}`];
      expect(await select({ where: [`[${JSON.stringify(name)}] = 2`] }, texts)).toEqual(texts);
      expect(
        await select({ where: [`[${JSON.stringify(name)}] = 2`] }, [`{${members}}`, '{}', '[]', '0']),
      ).toEqual([]);
    }
  });
});

describe('a bad expression', () => {
  const GRAMMAR =
    'see docs/filters.md: PATH OP VALUE, OP one of = != > >= < <= ~ !~ in, joined by and, or, not, ( )';
  test.each([
    ['usd_value => 5', '           ^'],
    ['=', '^'],
    ['a = "x" y', '       ^'],
    // A wide character takes two columns, a combining mark none.
    ['漢字 => 5', '      ^'],
    ['🎈.x => 5', '      ^'],
    ['e\u0301 => 5', '   ^'],
    ['👩‍🚀 => 5', '      ^'],
    // Control characters are escaped, and the caret is still under the mistake.
    ['a\tb => 5', '  ^', 'a b => 5'],
    ['a\nb => 5', '  ^', 'a b => 5'],
    ['a\x1b[31m\u202e ! 5', '       ^', 'a\\u001b[31m\\u202e ! 5'],
    ['\u{e0041}a => 5', '               ^', '\\udb40\\udc41a => 5'],
    [`${'x.'.repeat(50)}x => 5`, `${' '.repeat(103)}^`],
  ])('O8: %j has a caret under the mistake', async (expression, caret, shown = expression) => {
    const error: unknown = await createFilter({ types: [], where: [expression] }).catch(
      (fault: unknown) => fault,
    );
    expect(isAtlantisError(error)).toBe(true);
    const { exitCode, message, hint = '' } = error as UsageError;
    expect([exitCode, message]).toEqual([2, expect.stringMatching(/^invalid --where: \S/)]);
    const lines = fitCaret(hint.split('\n'), Number.POSITIVE_INFINITY, makeVisible);
    expect(lines).toEqual([shown, `${caret} ${GRAMMAR}`]);
  });

  test('O8: random expressions and globs are read, or refused with exit 2 and a caret; none takes long', async () => {
    const random = seededRandom(577_215);
    const pieces = [
      ...[
        'a',
        'a.b',
        '[0]',
        '[*]',
        '["x"]',
        '.',
        '..',
        '[',
        ']',
        '["',
        '"',
        '\\',
        '=',
        '!=',
        '!',
        '>',
        '>=',
        '<',
        '~',
        '!~',
      ],
      ...[
        ' ',
        '\t',
        '\n',
        '5',
        '-',
        '1e999',
        '1e9999999999999999',
        '007',
        'true',
        'null',
        '(',
        ')',
        '(a+)+$',
        '{9999}',
        '(?<=x)',
        'and',
        'or ',
        ' not ',
        ' in (',
        "'",
        '5k',
      ],
      ...[
        '\\1',
        '[a-',
        '[!',
        '{a,',
        '{',
        '}',
        '*',
        '?',
        ',',
        '漢',
        '👩‍🚀',
        '\u202e',
        '\0',
        '\ud800',
        'x'.repeat(300),
        '9'.repeat(400),
      ],
    ];
    const before = process.cpuUsage();
    const expressions = countCases(20_000);
    let refused = 0;
    for (let i = 0; i < expressions; i++) {
      let text = '';
      for (let left = 1 + Math.floor(random() * 9); left > 0; left--) text += pick(random, pieces);
      const words = i % 4 === 0 ? { types: [text], where: [] } : { types: [], where: [text] };
      const fault: unknown = await createFilter(words).then(
        (filter) => void filter(makeBatch(['{"a":{"b":"x"},"type":"漢"}'], 0)),
        (error: unknown) => error,
      );
      if (fault === undefined) continue;
      refused++;
      const { exitCode, hint = '' } = fault as { exitCode?: number; hint?: string };
      const isRight =
        isAtlantisError(fault) && exitCode === 2 && (text.trim() === '' || /^ *\^ see /m.test(hint));
      if (!isRight) expect([text, String(fault), hint]).toEqual('a usage error with a caret');
    }
    expect(refused).toBeGreaterThan(expressions / 4);
    expectSoon(process.cpuUsage(before).user / 1_000, 30_000);
  }, 90_000);

  test('O8: a bad glob has a caret too', async () => {
    await expect(createFilter({ types: ['ok', '漢{b'], where: [] })).rejects.toMatchObject({
      exitCode: 2,
      message: 'invalid --type: this brace is not closed',
      hint: '漢{b\n ^ see docs/filters.md: * ? [abc] [!abc] {one,other}',
    });
  });
});

describe('the search in the bytes', () => {
  test('O8: finds what a search in the tree finds', async () => {
    const random = seededRandom(577_215);
    const results = [0, 0];
    for (let cases = 0; cases < CASES; ) {
      // Each condition is made for one of the events and tried on all of them.
      const texts = Array.from({ length: 4 }, () => makeText(random)).filter(
        (text) => classifyText(text) >= 0,
      );
      const roots = texts.map((text) => readPlainJson(text.toString()));
      const batch = makeBatch(texts, 5);
      for (const root of roots) {
        for (let i = 0; i < 4; i++, cases += texts.length) {
          const condition = makeCondition(random, root);
          const where = [writeCondition(condition)];
          const passes = await decide({ types: [], where }, batch);
          for (const [at, one] of roots.entries()) {
            results[Number(passes[at])] = (results[Number(passes[at])] ?? 0) + 1;
            if (passes[at] !== holdsForTree(condition, one)) {
              expect(`${where} for ${texts[at]}`).toBe(`is not ${passes[at]}`);
            }
          }
        }
      }
    }
    expect(Math.min(...results)).toBeGreaterThan(CASES / 10);
  }, 120_000);

  test('O8: finds the type that a search in the tree finds, and several members at once', async () => {
    const random = seededRandom(261_497);
    const events = countCases(8_000);
    let typed = 0;
    for (let i = 0; i < events; i++) {
      const text = makeText(random);
      if (classifyText(text) < 0) continue;
      const root = readPlainJson(text.toString());
      const type = findTypeInTree(root);
      if (type !== undefined) typed++;
      const conditions = [makeCondition(random, root), makeCondition(random, root)];
      const isOther = random() < 0.1;
      const types = [`${escapeGlob(type ?? '')}${isOther ? '?' : ''}`];
      const expected =
        type !== undefined && !isOther && conditions.every((condition) => holdsForTree(condition, root));
      const words = { types, where: conditions.map(writeCondition) };
      if ((await decide(words, makeBatch([text], 5)))[0] !== expected) {
        expect(`${types} and ${conditions.map(writeCondition)} for ${text}`).toBe(`is ${expected}`);
      }
    }
    expect(typed).toBeGreaterThan(events / 8);
  }, 60_000);
});

/** An event: random JSON, mostly an object, its keys spelled in other ways; one in eight broken and still JSON. */
function makeText(random: Random): Buffer {
  let text = randomJson(random);
  if (random() < 0.8) {
    const members: string[] = [];
    for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
      const name = pick(random, [
        'type',
        'event_type',
        'event',
        'a',
        'value',
        '',
        'ключ',
        '🎈',
        '__proto__',
        '\ud800"\\',
      ]);
      members.push(
        `${JSON.stringify(name)}:${random() < 0.3 ? '"large_transfer"' : randomJson(random).replace('\ufeff', '')}`,
      );
    }
    text = `${random() < 0.1 ? '\ufeff' : ''} {${members.join(' , ')}}`;
  }
  const respelled = text.replace(/"((?:[^"\\]|\\.)*)"(?=\s*:)/gs, (key, inside: string) =>
    random() < 0.7 ? key : `"${inside.replace(/\\.|[^\\]/gs, (piece) => respellUnit(piece, random))}"`,
  );
  return random() < 0.125 ? mutate(Buffer.from(respelled), random) : Buffer.from(respelled);
}

function respellUnit(piece: string, random: Random): string {
  if (piece.length > 1 || random() < 0.5) return piece;
  const hex = piece.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`;
}

/** A condition, usually on a path that the event has. */
function makeCondition(random: Random, root: PlainValue): PlainCondition {
  const steps: PathStep[] = [];
  let node: PlainValue | undefined = root;
  do {
    let next: PlainValue | undefined;
    if (node?.token === '{' && random() < 0.95) {
      const entry: PlainValue['entries'][number] | undefined =
        node.entries[Math.floor(random() * node.entries.length)];
      steps.push({ kind: 'member', name: entry?.[0] ?? 'type' });
      next = entry?.[1];
    } else if (node?.token === '[' && random() < 0.95) {
      const index = Math.floor(random() * (node.entries.length + 0.2));
      steps.push(random() < 0.3 ? { kind: 'every' } : { kind: 'item', index });
      next = node.entries[index]?.[1];
    } else {
      steps.push(
        pick<PathStep>(random, [
          { kind: 'member', name: 'type' },
          { kind: 'item', index: 0 },
          { kind: 'every' },
        ]),
      );
    }
    node = next;
  } while (steps.length < 100 && node !== undefined && isContainer(node) && random() < 0.97);
  const operator = pick(random, ['=', '=', '=', '!=', '>', '>=', '<', '<='] as const);
  const value = makeValue(random, node);
  if (value.kind === 'literal' && operator !== '=' && operator !== '!=')
    return { steps, operator: '=', value };
  return { steps, operator, value };
}

/** Usually the value at the path, spelled differently; otherwise an arbitrary value. */
function makeValue(random: Random, node: PlainValue | undefined): PlainCondition['value'] {
  const chance = random();
  const { token } = node ?? { token: '{' };
  if (/^[-\d]/.test(token) && chance < 0.8) return { kind: 'number', raw: respellNumber(token, random) };
  if (token.startsWith('"') && chance < 0.8) return { kind: 'text', text: readPlainString(token) };
  if (/^[tfn]/.test(token) && chance < 0.8) return { kind: 'literal', raw: token };
  if (chance < 0.9) return { kind: 'text', text: pick(random, ['large_transfer', '', 'x', '10', '\ufffd']) };
  return pick(random, [
    { kind: 'number', raw: pick(random, ['0', '-1', '10.0', '9007199254740993']) },
    { kind: 'literal', raw: pick(random, ['true', 'false', 'null']) },
  ] as const);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
