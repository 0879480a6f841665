import { describe, expect, test } from '@jest/globals';
import { ExpressionFault } from '../../src/events/path.ts';
import { seekValue, viewMemory } from '../../src/events/seek.ts';
import { hasMatch, prepareSteps } from '../../src/events/seek-path.ts';
import { parseWhere } from '../../src/filter/filter.ts';
import { expectSoon } from '../helpers/soon.ts';

/** Whether the expression holds for the event. */
async function holds(expression: string, event: string): Promise<boolean> {
  const { steps, matches, isNegated } = await parseWhere(expression);
  const bytes = Buffer.from(event);
  const view = viewMemory(bytes.buffer);
  const end = bytes.byteOffset + bytes.length;
  const root = seekValue(view, bytes.byteOffset, end);
  return hasMatch(view, root, end, prepareSteps(steps), 0, matches) !== isNegated;
}

/** An expression, events that match, events that do not. */
type Row = readonly [string, readonly string[], readonly string[]];

const NUMBERS: readonly Row[] = [
  [
    'a = 5',
    ['{"a":5}', '{"a":5.0}', '{"a":50e-1}', '{"a":"5"}', '{"a":"0.5e1"}'],
    ['{"a":5.1}', '{"a":"five"}'],
  ],
  [
    'a = 5',
    [],
    ['{"a":" 5"}', '{"a":"05"}', '{"a":"5n"}', '{"a":"+5"}', '{"a":""}', '{"a":"0x5"}', '{"a":[5]}'],
  ],
  ['a != 5', ['{"a":6}', '{"a":"x"}', '{"a":null}', '{"a":[5]}', '{}'], ['{"a":5}', '{"a":"5.00"}']],
  [
    'a > 9007199254740992',
    ['{"a":9007199254740993}', '{"a":"9007199254740993"}', '{"a":9007199254740992.0000001}', '{"a":1e400}'],
    ['{"a":9007199254740992}', '{"a":9007199254740991.9}', '{"a":-1e400}', '{"a":true}'],
  ],
  ['a <= 5', ['{"a":"5"}'], ['{"a":true}', '{"a":false}', '{"a":null}', '{"a":""}', '{"a":[]}', '{"a":{}}']],
  ['a = 0', ['{"a":"-0.0"}'], ['{"a":false}', '{"a":null}', '{"a":""}', '{"a":"-"}', '{"a":"e5"}']],
  ['a >= -0', ['{"a":0}', '{"a":-0.0}', '{"a":0e5}', '{"a":1e-999}'], ['{"a":-1e-999}']],
  ['a < 1e-7', ['{"a":0.00000009}', '{"a":-1}'], ['{"a":1e-7}', '{"a":0.0000001}', '{"a":"0.1"}']],
  ['a <= 0.1', ['{"a":0.1}', '{"a":0.10}'], ['{"a":0.10000000000000000001}']],
  [
    'a = 115792089237316195423570985008687907853269984665640564039457584007913129639935',
    ['{"a":115792089237316195423570985008687907853269984665640564039457584007913129639935}'],
    [
      '{"a":115792089237316195423570985008687907853269984665640564039457584007913129639936}',
      '{"a":1.157920892373162e77}',
    ],
  ],
  ['a>1', ['{"a":"\\u0032"}', '{"a":"1\\u002e5"}'], ['{"a":"\\u0031"}', '{"a":"\\u00b2"}', '{"a":"2\\n"}']],
];

const TEXTS: readonly Row[] = [
  ['chain = base', ['{"chain":"base"}', '{"chain":"b\\u0061se"}'], ['{"chain":"Base"}', '{"chain":"base "}']],
  ['chain=base', ['{"chain":"base"}'], ['{"chain":"bas"}', '{"chain":"basee"}', '{"chain":["base"]}']],
  ['a = two words  ', ['{"a":"two words"}'], ['{"a":"two words  "}']],
  ['a = "two words  "', ['{"a":"two words  "}'], ['{"a":"two words"}']],
  ['a = "5"', ['{"a":"5"}'], ['{"a":5}', '{"a":"5.0"}']],
  ['a = "true"', ['{"a":"true"}'], ['{"a":true}']],
  ['a = ""', ['{"a":""}'], ['{"a":null}', '{}', '{"a":" "}']],
  ['a = "say \\"hi\\""', ['{"a":"say \\"hi\\""}', '{"a":"say \\u0022hi\\u0022"}'], ['{"a":"say hi"}']],
  ['a = back\\slash', ['{"a":"back\\\\slash"}'], ['{"a":"back\\/slash"}']],
  ['a = "\\b"', ['{"a":"\\b"}', '{"a":"\\u0008"}'], ['{"a":"\\\\b"}', '{"a":"b"}']],
  ['a = \\b', ['{"a":"\\\\b"}'], ['{"a":"\\b"}']],
  ['a = 漢字🎈', ['{"a":"漢字🎈"}', '{"a":"\\u6f22\\u5b57\\ud83c\\udf88"}'], ['{"a":"漢字"}']],
  ['a = "\\ud800"', ['{"a":"\\ud800"}', '{"a":"\\uD800"}'], ['{"a":"\ufffd"}', '{"a":"\\ufffd"}']],
  ['a = \ufffd', ['{"a":"\ufffd"}', '{"a":"\\ufffd"}'], ['{"a":"\\ud800"}']],
  ['a = "\ufeffx"', ['{"a":"\ufeffx"}'], ['{"a":"x"}']],
  [
    'at >= 2026-01-01',
    ['{"at":"2026-01-01T00:00:00Z"}', '{"at":"2027"}'],
    ['{"at":"2025-12-31"}', '{"at":2027}'],
  ],
  ['a < b', ['{"a":"a"}', '{"a":"B"}', '{"a":""}', '{"a":"1"}'], ['{"a":"b"}', '{"a":"ba"}', '{"a":1}']],
  ['from = 0xab', ['{"from":"0xab"}'], ['{"from":171}']],
  ['a != x', ['{"a":"y"}', '{"a":1}', '{}', '[]', '1'], ['{"a":"x"}', '{"a":"\\u0078"}']],
];

const LITERALS: readonly Row[] = [
  ['a = true', ['{"a":true}'], ['{"a":false}', '{"a":"true"}', '{"a":1}', '{}']],
  ['a = false', ['{"a": false }'], ['{"a":true}', '{"a":0}', '{"a":null}']],
  ['a = null', ['{"a":null}'], ['{"a":"null"}', '{}', '{"a":{}}']],
  ['a != null', ['{"a":0}', '{}', '{"a":{}}'], ['{"a":null}']],
];

const PATTERNS: readonly Row[] = [
  ['a ~ ^0x[0-9a-f]{4}$', ['{"a":"0x00ff"}'], ['{"a":"0x00fg"}', '{"a":"0x00ff0"}', '{}']],
  ['a ~ es', ['{"a":"test"}', '{"a":"t\\u0065st"}'], ['{"a":"tst"}', '{"a":["es"]}', '{"a":{"es":"es"}}']],
  ['a ~ (?i)USDC|dai', ['{"a":"usdc"}', '{"a":"DAI"}'], ['{"a":"weth"}']],
  ['a ~ ^1', ['{"a":1.50}', '{"a":"1"}', '{"a":1e5}'], ['{"a":0.1}', '{"a":-1}']],
  ['a ~ \\.50$', ['{"a":1.50}'], ['{"a":1.5}']],
  ['a ~ ^(true|null)$', ['{"a":true}', '{"a":null}'], ['{"a":false}']],
  ['a ~ "^\\\\d+ x"', ['{"a":"12 x"}'], ['{"a":"x"}']],
  ['a !~ x', ['{"a":"y"}', '{}', '{"a":[]}', '{"a":1}'], ['{"a":"axb"}']],
  ['a ~ ^.$', ['{"a":"🎈"}', '{"a":"漢"}'], ['{"a":"🎈🎈"}', '{"a":"\\n"}']],
];

const PATHS: readonly Row[] = [
  [
    'a.b = 1',
    ['{"a":{"b":1}}'],
    ['{"a":1}', '{"a":[{"b":1}]}', '{"a.b":1}', '{"b":1}', '{"x":{"a":{"b":1}}}'],
  ],
  ['["a.b"] = 1', ['{"a.b":1}'], ['{"a":{"b":1}}']],
  [
    'items[1].x = 1',
    ['{"items":[{},{"x":1}]}', '{"items":[[],{"x":1},{}]}'],
    ['{"items":[{"x":1}]}', '{"items":[]}'],
  ],
  [
    'items[*].x = 1',
    ['{"items":[{"x":2},3,{"x":1}]}'],
    ['{"items":[]}', '{"items":{"x":1}}', '{"items":[[{"x":1}]]}'],
  ],
  // != means that no item matches.
  ['items[*].x != 1', ['{"items":[{"x":2}]}', '{"items":[]}', '{}'], ['{"items":[{"x":2},{"x":1}]}']],
  ['[*][0] > 1', ['[[0],[2]]', '[{},[2,0]]'], ['[[0,2]]', '[]', '{}', '5']],
  ['[0] = a', ['["a"]', '\ufeff [ "a" ]'], ['"a"', '{"0":"a"}', '[]']],
  [
    'a = 1',
    ['{"a":2,"a":1}', '{"a":2,"\\u0061":1}', '{"a":{"a":2},"b":"\\"a\\":2","a":1}'],
    ['{"a":1,"a":2}'],
  ],
  ['a.b = 1', ['{"a":0,"a":{"b":1}}'], ['{"a":{"b":1},"a":{}}', '{"a":{"b":1},"\\u0061":0}']],
  ['["q\\"\\\\"] = 1', ['{"q\\"\\\\":1}', '{"q\\u0022\\u005c":1}'], ['{"q":1}']],
  ['__proto__ = 1', ['{"__proto__":1}'], ['{}']],
  ['toString ~ .', ['{"toString":"x"}'], ['{}']],
  ['["\\ud800"] = 1', ['{"\\ud800":1}', '{"\\uD800":1}'], ['{"\ufffd":1}']],
  ['ключ.漢 = 1', ['{"ключ":{"漢":1}}', '{"\\u043a\\u043b\\u044e\\u0447":{"漢":1}}'], ['{"ключ":1}']],
  [
    'a = 1',
    [' \n{ \t"a"\r\n:\n1 } \n', '{"b":[1,{"a":2}],"a" : 1 }'],
    ['{"b":{"a":1}}', '[{"a":1}]', '"a"', 'null'],
  ],
];

describe('parseWhere', () => {
  const rows = [...NUMBERS, ...TEXTS, ...LITERALS, ...PATTERNS, ...PATHS];
  test.each(rows)('O8: %s', async (expression, taken, refused) => {
    for (const event of taken) expect([event, await holds(expression, event)]).toEqual([event, true]);
    for (const event of refused) expect([event, await holds(expression, event)]).toEqual([event, false]);
  });

  test.each([
    ['=', ['{"a":1}'], ['{}', '{"a":2}', '{"a":{}}', '{"a":"x"}']],
    ['>', ['{"a":2}'], ['{}', '{"a":1}', '{"a":{}}', '{"a":"x"}']],
    ['>=', ['{"a":2}', '{"a":1}'], ['{}', '{"a":{}}', '{"a":"x"}']],
    ['<', ['{"a":0}'], ['{}', '{"a":1}', '{"a":[]}', '{"a":"x"}']],
    ['<=', ['{"a":0}', '{"a":1}'], ['{}', '{"a":[]}', '{"a":"x"}']],
    ['~', ['{"a":1}', '{"a":"x1"}'], ['{}', '{"a":[1]}']],
    ['!=', ['{}', '{"a":2}', '{"a":{}}', '{"a":"x"}'], ['{"a":1}']],
    ['!~', ['{}', '{"a":2}', '{"a":[1]}'], ['{"a":1}']],
  ])('O8: a missing path only satisfies != and !~: a %s 1', async (operator, taken, refused) => {
    for (const event of taken) expect([event, await holds(`a ${operator} 1`, event)]).toEqual([event, true]);
    for (const event of refused)
      expect([event, await holds(`a ${operator} 1`, event)]).toEqual([event, false]);
  });

  test.each([
    ['a', 1, /^expected one of = != > >= < <= ~ !~$/],
    ['a  ', 3, /^expected one of/],
    ['a 5', 2, /^expected one of/],
    ['a ! 5', 2, /^expected one of/],
    ['a !> 5', 2, /^expected one of/],
    ['a & 5', 2, /^expected one of/],
    ['a > 1e3 and chain=base', 8, /^and\/or are not supported; repeat --where for AND/],
    ['a = x && b = 2', 6, /^and\/or are not supported/],
    ['a = x || y', 6, /^and\/or are not supported/],
    ['a = x OR b.c ~ y', 6, /^and\/or are not supported/],
    ['a =', 3, /^expected a value$/],
    ['a >=   ', 7, /^expected a value$/],
    ['a == 5', 3, /^unexpected "="; quote a string that starts with it: "=x"$/],
    ['a => 5', 3, /^unexpected ">"; /],
    ['a =~ x', 3, /^unexpected "~"; /],
    ["a = 'x'", 4, /^use double quotes, or no quotes: chain = tron$/],
    ['a = "x', 4, /^this quote is not closed$/],
    ['a = "x\\"', 4, /^this quote is not closed$/],
    ['a = "x" y', 7, /^unexpected text after the closing quote$/],
    ['a = "\\d"', 4, /^not a valid JSON string/],
    ['a > true', 4, /^true has no order; use = or !=$/],
    ['a <= null', 5, /^null has no order/],
    ['a > 1_000', 4, /^not a JSON number/],
    ['a > 1,000.50', 4, /^not a JSON number/],
    ['a = .5', 4, /^not a JSON number/],
    ['a = +5', 4, /^not a JSON number/],
    ['a = 5.', 4, /^not a JSON number/],
    ['a = 007', 4, /^not a JSON number/],
    ['a = 5e', 4, /^not a JSON number/],
    ['a = 100n', 4, /^not a JSON number/],
    ['a > 1e99999999999999999', 4, /^the exponent is out of range$/],
    ['a.b[ = 1', 3, /^expected \[number\], \[\*\] or \["name"\]$/],
    ['  .a = 1', 2, /^a path begins with a name/],
    ['a ~ x(y', 4, /^missing closing \) \(RE2 syntax\)$/],
    ['a ~ xy**', 6, /^invalid nested repetition operator \(RE2 syntax\)$/],
    ['a ~ "xy**"', 7, /^invalid nested repetition operator/],
    ['a ~ "\\n**"', 4, /^invalid nested repetition operator/],
    ['a ~ [z-a]', 5, /^invalid character class range/],
    ['a ~ (?<=x)y', 4, /^invalid named capture/],
    ['a ~ (a)\\1', 7, /^invalid escape sequence/],
    ['a ~ x\\', 6, /^trailing backslash/],
    ['a ~ (((a{100}){100}){100})', 8, /^invalid repeat count/],
  ])('O8: %s has a mistake at %d', async (expression, at, message) => {
    const fault: unknown = await parseWhere(expression).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ExpressionFault);
    expect(fault).toMatchObject({ at, message: expect.stringMatching(message) });
  });

  test.each(['1.2.3', '1-2', '0x10', '12ab', '2026-01-01', '-', '--5', '+', '1e5x', 'NaN', 'Infinity'])(
    'O8: %s is a text',
    async (value) => {
      expect(await holds(`a = ${value}`, JSON.stringify({ a: value }))).toBe(true);
    },
  );

  test.each([
    '(a+)+$',
    '(a|a)*b',
    '(.*a){20}x',
    '(?:a?){30}a{30}b',
    '((a{0,20}){0,20})+b',
    '(a|b)*a(a|b){50}$',
  ])('O8: %s on a megabyte takes linear time', async (pattern) => {
    const event = `{"a":"${'ab'.repeat(10)}${'a'.repeat(1_000_000)}!"}`;
    const startedAtMs = performance.now();
    await holds(`a ~ ${pattern}`, event);
    expectSoon(performance.now() - startedAtMs, 10_000);
  });
});
