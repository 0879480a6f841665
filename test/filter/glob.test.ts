import { describe, expect, test } from '@jest/globals';
import { ExpressionFault } from '../../src/events/path.ts';
import { parseGlob } from '../../src/filter/glob.ts';
import { type Random, seededRandom } from '../helpers/random-json.ts';

describe('parseGlob', () => {
  test.each([
    ['large_transfer', ['large_transfer'], ['large_transfers', 'a large_transfer', 'Large_transfer', '']],
    ['large_*', ['large_transfer', 'large_'], ['large', 'a_large_transfer']],
    ['*_transfer', ['large_transfer', '_transfer'], ['large_transfer2', 'transfer']],
    ['*', ['', 'a', 'a.b/c', '.hidden', '漢🎈'], []],
    ['a?c', ['abc', 'a漢c', 'a🎈c', 'a\ud800c'], ['ac', 'abbc']],
    ['a[bx-z]', ['ab', 'ax', 'ay', 'az'], ['aw', 'a', 'abx']],
    ['a[!b]', ['ac', 'a🎈'], ['ab', 'a']],
    ['*[!🎈]', ['a', '🎈a', '漢'], ['', '🎈', 'a🎈']],
    ['a[^b]', ['ac'], ['ab']],
    ['[a\\]]', ['a', ']'], ['\\']],
    ['[a-]', ['a', '-'], ['b']],
    ['[字-漢]', ['漢', '字', '櫻'], ['a']],
    ['{large_transfer,address_*}', ['large_transfer', 'address_activity'], ['large_', 'transfer']],
    ['a{b,}c{1,2}', ['abc1', 'ac2'], ['abc', 'ab1']],
    ['a\\*b', ['a*b'], ['axb', 'a\\*b']],
    ['\\{a,b\\}', ['{a,b}'], ['a']],
    ['a,b}', ['a,b}'], ['a']],
    ['**a**', ['a', 'bab'], ['b']],
    ['(a|b)+.$', ['(a|b)+.$'], ['a']],
    ['!a', ['!a'], ['b']],
    ['', [''], ['a']],
  ])('O8: the glob "%s" matches the expected texts and no others', (glob, taken, refused) => {
    const matches = parseGlob(glob);
    expect(taken.filter((text) => !matches(text))).toEqual([]);
    expect(refused.filter(matches)).toEqual([]);
  });

  test.each([
    ['a{b', 1, 'this brace is not closed'],
    ['{a,{b,c}}', 3, 'braces cannot be nested'],
    ['a[', 1, 'this set is empty or not closed'],
    ['a[]', 1, 'this set is empty or not closed'],
    ['a[!]', 1, 'this set is empty or not closed'],
    ['[z-a]', 0, 'the range z-a is in the wrong order'],
    ['a\\', 2, 'expected a character after the backslash'],
    ['漢{a,b}'.repeat(10), 54, 'more than 1000 alternatives'],
  ])('O8: %j has a mistake at %d', (glob, at, message) => {
    expect(() => parseGlob(glob)).toThrow(new ExpressionFault(message, at));
  });

  test('O8: agrees with regular expressions on random globs', () => {
    const random = seededRandom(141_421);
    let taken = 0;
    for (let i = 0; i < 20_000; i++) {
      const glob = randomWord(random, ['a', 'b', '*', '?', '[ab]', '[!a]', '{a,bb,}', '\\*'], 7);
      const text = randomWord(random, ['a', 'b', 'c', '*', '🎈'], 8);
      const expected = toRegExp(glob).test(text);
      if (expected) taken++;
      if (parseGlob(glob)(text) !== expected) expect(`${glob} on ${text}`).toBe(`${expected}`);
    }
    expect(taken).toBeGreaterThan(1_500);
  });

  test('O8: a long type takes linear time', () => {
    const text = 'a'.repeat(1_000_000);
    expect(parseGlob('*a*a*a*a*a*a*a*b')(text)).toBe(false);
    expect(parseGlob('*a*a*a*a*a*a*a*a')(text)).toBe(true);
    expect(parseGlob('*aaaaaaaaaaaaaaab')(text)).toBe(false);
  });
});

function randomWord(random: Random, pieces: readonly string[], most: number): string {
  const length = Math.floor(random() * (most + 1));
  return Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join('');
}

/** The same glob for the platform's engine. */
function toRegExp(glob: string): RegExp {
  const source = glob.replace(/\\\*|\*|\?|\[!a\]|\{a,bb,\}/g, (piece) => {
    if (piece === '\\*') return '\\*';
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    return piece === '[!a]' ? '[^a]' : '(?:a|bb|)';
  });
  return new RegExp(`^(?:${source})$`, 'su');
}
