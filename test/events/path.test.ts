import { describe, expect, test } from '@jest/globals';
import { ExpressionFault, type PathStep, parsePath } from '../../src/events/path.ts';
import { createSourceReader } from '../../src/events/seek-path.ts';

const member = (name: string): PathStep => ({ kind: 'member', name });
const item = (index: number): PathStep => ({ kind: 'item', index });
const every: PathStep = { kind: 'every' };

describe('parsePath', () => {
  test.each<[string, PathStep[]]>([
    ['a', [member('a')]],
    ['a.b.c', [member('a'), member('b'), member('c')]],
    ['items[0].x', [member('items'), item(0), member('x')]],
    ['items[*].x', [member('items'), every, member('x')]],
    ['items[*][2]', [member('items'), every, item(2)]],
    ['[0]', [item(0)]],
    ['[*].a', [every, member('a')]],
    ['["odd key"].x', [member('odd key'), member('x')]],
    ['a["b.c"]["[0]"]', [member('a'), member('b.c'), member('[0]')]],
    ['a.["b"].[1]', [member('a'), member('b'), item(1)]],
    ['[""]', [member('')]],
    ['["say \\"hi\\""]', [member('say "hi"')]],
    ['["\\u0061\\ud83c\\udf88"]', [member('a🎈')]],
    ['["a\\\\"]', [member('a\\')]],
    ["['say \"it\\'s\"']", [member('say "it\'s"')]],
    ['0', [member('0')]],
    ['-1', [member('-1')]],
    ['__proto__.constructor', [member('__proto__'), member('constructor')]],
    ['ключ.漢字.🎈', [member('ключ'), member('漢字'), member('🎈')]],
    ['a*', [member('a*')]],
    ['a-b/c$d@e', [member('a-b/c$d@e')]],
  ])('O8: %s is a path', (text, steps) => {
    expect(parsePath(text)).toEqual({ steps, end: text.length });
  });

  test.each([
    ['a.b = 1', 0, 3],
    ['  a>1', 2, 3],
    ['items[0]x', 0, 8],
    ['a!=1', 0, 1],
    ['a~b', 0, 1],
  ])('in %j, the path that starts at %d ends at %d', (text, start, end) => {
    expect(parsePath(text, start).end).toBe(end);
  });

  test.each([
    ['', 0, 'expected a field name'],
    ['.a', 0, 'a path begins with a name, not with a dot'],
    ['a.', 2, 'expected a field name'],
    ['a..b', 2, 'expected a field name'],
    ['a. b', 2, 'expected a field name'],
    ['= 1', 0, 'expected a field name'],
    ['"a" = 1', 0, 'expected a field name'],
    ['a[', 1, 'expected [number], [*] or ["name"]'],
    ['a[]', 1, 'expected [number], [*] or ["name"]'],
    ['a[-1]', 1, 'expected [number], [*] or ["name"]'],
    ['a[1.5]', 1, 'expected [number], [*] or ["name"]'],
    ['a[9999999999]', 1, 'expected [number], [*] or ["name"]'],
    ['a["b"', 1, 'expected [number], [*] or ["name"]'],
    ['a["b]', 2, 'this quote is not closed'],
    ['漢字["\\x"]', 3, 'not a valid JSON string; write a backslash as \\\\'],
    [`a${'.b'.repeat(100)}`, 200, 'the path has more than 100 steps'],
  ])('O8: %j has a mistake at %d', (text, at, message) => {
    expect(() => parsePath(text)).toThrow(new ExpressionFault(message, at));
    expect(findFault(text)?.at).toBe(at);
  });
});

function findFault(text: string): ExpressionFault | undefined {
  try {
    parsePath(text);
  } catch (error) {
    if (error instanceof ExpressionFault) return error;
  }
  return undefined;
}

describe('the first value at a path', () => {
  const find = (text: string, path: string): string | undefined =>
    createSourceReader(parsePath(path).steps)(Buffer.from(text));

  test.each([
    ['{"a":1,"a":2}', 'a', '2'],
    ['{"a":{"b":1},"a":{"c":2}}', 'a.b', undefined],
    ['{"a":[1,[2,3]]}', 'a[1][0]', '2'],
    ['{"a":[{"x":[]},{"y":2},{"x":3},4]}', 'a[*].x', '3'],
    ['[[[]],[3],[4]]', '[*][*]', '3'],
    ['[1]', '[1]', undefined],
    ['{"0":1}', '[0]', undefined],
    ['[1]', '["0"]', undefined],
    ['"text"', 'length', undefined],
    ['{"a":null}', 'a.b', undefined],
    ['{"a":null}', 'a', 'null'],
    ['{"a":{}}', 'a', undefined],
    ['{"a":"\\u0062"}', 'a', '"\\u0062"'],
    ['{"toString":1}', 'toString', '1'],
    ['{}', 'toString', undefined],
  ])('in %s, %s leads to %j', (text, path, source) => {
    expect(find(text, path)).toBe(source);
  });

  test('row 72: a value after a million arrays is found without recursion', () => {
    expect(find(`[${'[],'.repeat(1_000_000)}1]`, '[*]')).toBe('1');
  });
});
