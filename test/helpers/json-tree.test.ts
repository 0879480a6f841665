import { describe, expect, test } from '@jest/globals';
import { decodeString } from '../../src/protocol/json-string.ts';
import { flattenJson, isParseReliable } from './flat-json.ts';
import { findMember, type JsonNode, type JsonObject, parseLossless } from './json-tree.ts';
import { mutate, randomJson, seededRandom } from './random-json.ts';

function parseObject(text: string): JsonObject {
  const node = parseLossless(text);
  if (node.kind !== 'object') throw new Error('not an object');
  return node;
}

/** What JSON.parse would have made of it. */
function toValue(node: JsonNode): unknown {
  if (node.kind === 'string') return decodeString(node.raw);
  if (node.kind === 'number') return Number(node.raw);
  if (node.kind === 'literal') return JSON.parse(node.raw);
  if (node.kind === 'array') return node.items.map(toValue);
  return Object.fromEntries(node.keys.map((key, i) => [key, toValue(node.values[i] as JsonNode)]));
}

describe('parseLossless', () => {
  test('O8: numbers keep their source text', () => {
    const numbers = ['0', '-0', '1.0', '1e400', '-1.50E-7', '9007199254740993', '9'.repeat(500)];
    expect(parseLossless(`[${numbers.join(' , ')}]`)).toEqual({
      kind: 'array',
      items: numbers.map((raw) => ({ kind: 'number', raw })),
    });
  });

  test('O8: duplicate keys and their order stay, the last one is found', () => {
    const object = parseObject('{"b":1,"a":2,"b":3,"":4,"10":5,"2":6}');
    expect(object.keys).toEqual(['b', 'a', 'b', '', '10', '2']);
    expect(object.values.map((node) => node.kind === 'number' && node.raw)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
    expect(findMember(object, 'b')).toEqual({ kind: 'number', raw: '3' });
    expect(findMember(object, 'c')).toBeUndefined();
  });

  test('keys are data: __proto__ and constructor change nothing', () => {
    const object = parseObject('{"__proto__":{"polluted":true},"constructor":1}');
    expect(object.keys).toEqual(['__proto__', 'constructor']);
    expect(findMember(object, '__proto__')).toMatchObject({ kind: 'object', keys: ['polluted'] });
    expect(findMember(object, 'toString')).toBeUndefined();
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('strings keep their source text and decode to their value, keys are decoded', () => {
    const object = parseObject('{"a\\u0062":"x","q\\"\\\\":"\\ud83c\\udf88 \\"\\\\","r":"\\ud800\u2028"}');
    expect(object.keys).toEqual(['ab', 'q"\\', 'r']);
    expect(object.values).toEqual([
      { kind: 'string', raw: '"x"' },
      { kind: 'string', raw: '"\\ud83c\\udf88 \\"\\\\"' },
      { kind: 'string', raw: '"\\ud800\u2028"' },
    ]);
    expect(decodeString('"\\ud83c\\udf88 \\"\\\\"')).toBe('🎈 "\\');
    expect(decodeString('"\\ud800\u2028"')).toBe('\ud800\u2028');
    expect(decodeString('""')).toBe('');
  });

  test.each([
    'null',
    ' true\n',
    '\ufefffalse',
    '""',
    '[]',
    '{}',
    '[{}]',
    '[[],[]]',
    '{"a":[]}',
    '{"":{}}',
    '-1',
  ])('O1: any JSON value is read: %j', (text) => {
    expect(toValue(parseLossless(text))).toEqual(JSON.parse(text.replace('\ufeff', '')));
  });

  test.each([
    '',
    ' ',
    '[',
    '{',
    '[1',
    '[1}',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1]',
    '{a:1}',
    '{"a":1,}',
    '[1,]',
  ])('text that is not JSON throws and is not quoted: %j', (text) => {
    expect(() => parseLossless(text)).toThrow(new SyntaxError('not JSON'));
  });

  test.each(['"', '"a', '"\\', '"\\"', '1 2', 'nul', 'x', ']', ',', '\ufeff', '[1 2]', '{"a" 1}', '{1:2}'])(
    'text that is not JSON throws: %j',
    (text) => {
      expect(() => parseLossless(text)).toThrow(SyntaxError);
    },
  );

  test('a million levels are read without recursion', () => {
    const pairs = 500_000;
    const tokens = flattenJson(parseLossless(`${'[{"a":'.repeat(pairs)}1${'}]'.repeat(pairs)}`));
    expect(tokens.length).toBe(5 * pairs + 1);
    expect(tokens[3 * pairs]).toBe('1');
  });

  test('a long string full of escapes is read in linear time', () => {
    const raw = `"${'\\"\\\\'.repeat(500_000)}"`;
    expect(parseLossless(raw)).toEqual({ kind: 'string', raw });
    expect(flattenJson(parseLossless(`[${'"\\n","a",'.repeat(100_000)}0]`)).length).toBe(200_003);
  });

  test('O8: random texts have the value that JSON.parse gives them', () => {
    const random = seededRandom(71);
    for (let i = 0; i < 10_000; i++) {
      const text = randomJson(random);
      if (!isParseReliable && text.includes('\\')) continue;
      const expected = JSON.stringify(JSON.parse(text.replace(/^\ufeff/, '')));
      if (JSON.stringify(toValue(parseLossless(text))) !== expected) expect(text).toBe('read alike');
    }
  });

  test('broken texts end in a tree or a SyntaxError', () => {
    const random = seededRandom(72);
    for (let i = 0; i < 10_000; i++) {
      const text = mutate(Buffer.from(randomJson(random)), random).toString();
      try {
        parseLossless(text);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
  });
});
