import { describe, expect, test } from '@jest/globals';
import { describePosition, findJsonFault } from '../../src/profiles/json-fault.ts';

describe('F4: where a text stops being valid JSON', () => {
  test.each([
    ['', 0],
    [' ', 1],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1 2]', 3],
    ['{}x', 2],
    ['"a\nb"', 2],
    ['"\\x"', 1],
    ['"\\u12g4"', 1],
    ['{"key":"ak_live_00', 18],
    ['[01]', 2],
    ['[1.]', 2],
    ['[-]', 1],
    ['nul', 0],
    ['\ufeff{}', 0],
    ['{"a":1}\0', 7],
    ['[}', 1],
    [']', 0],
  ])('%j stops at %i', (text, index) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(findJsonFault(text)).toBe(index);
  });

  test.each(['{}', ' [] ', '{"a":[1,-2.5e+3,"\\u00e9\\n",null,true,false,{"":{}}]}', '"x"', '0', '1E5'])(
    '%s is valid',
    (text) => {
      JSON.parse(text);
      expect(findJsonFault(text)).toBeUndefined();
    },
  );

  test('JSON.parse agrees on thousands of damaged stores', () => {
    const whole =
      '{"version": 1, "current": "a", "profiles": {"a": {"url": "https://a\\u0020", "n": [-1.5e3, null]}}}';
    const chars = '{}[]",:\\u0-1.e+ \n\0tnz';
    let seed = 7;
    const next = (bound: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * bound);
    };
    for (let round = 0; round < 5_000; round++) {
      const at = next(whole.length);
      const text = whole.slice(0, at) + (chars[next(chars.length)] ?? '') + whole.slice(at + next(3));
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      expect([text, findJsonFault(text) === undefined]).toEqual([text, isJson]);
    }
  });

  test('deep nesting and long texts do not overflow the stack', () => {
    expect(findJsonFault('['.repeat(1_000_000))).toBe(1_000_000);
    expect(findJsonFault(`"${'a\\n'.repeat(300_000)}`)).toBe(900_001);
  });

  test('a position is line and column from 1', () => {
    expect(describePosition('ab\ncd', 4)).toBe('line 2, column 2');
    expect(describePosition('', 0)).toBe('line 1, column 1');
  });
});
