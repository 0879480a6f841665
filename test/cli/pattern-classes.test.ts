// Character classes of `~` in the built command, compared with Node's regular expressions.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../helpers/run-cli.ts';

type Compile = (source: string) => ((text: string) => boolean) | { message: string };
const { compilePattern } = createRequire(import.meta.url)(join(ROOT, 'dist/filter.pattern.cjs')) as {
  compilePattern: Compile;
};

/** Characters that are assigned in every Unicode version in use, without surrogates and private use. */
const CHARACTERS = Array.from({ length: 0x3100 }, (_, code) => String.fromCodePoint(code)).filter(
  (character) => /[^\p{Cn}]/u.test(character),
);

describe('O8: a character class', () => {
  // The pattern, and the equivalent one for Node if it is written differently.
  test.each<[string, RegExp?]>([
    ...[
      ['\\p{L}'],
      ['\\p{Lu}'],
      ['\\P{Ll}'],
      ['\\p{Sc}'],
      ['\\p{Zs}'],
      ['\\p{Cc}'],
      ['\\p{Mn}'],
      ['\\p{LC}'],
    ],
    ...[['\\p{Any}'], ['\\p{Alphabetic}'], ['\\p{White_Space}'], ['\\p{Uppercase}'], ['[^\\p{L}\\d]']],
    ['\\pN', /\p{N}/u],
    ['\\p{Greek}', /\p{Script=Greek}/u],
    ['\\p{Han}', /\p{Script=Han}/u],
    ['\\p{Latin}', /\p{Script=Latin}/u],
    ['\\p{Cyrillic}', /\p{Script=Cyrillic}/u],
    ['\\P{Hiragana}', /\P{Script=Hiragana}/u],
    ['\\p{Common}', /\p{Script=Common}/u],
    ['[[:alpha:]]', /[a-zA-Z]/],
    ['\\w'],
    ['\\S', /[^\t\n\f\r ]/],
    ['(?i)k', /k/iu],
  ] as [string, RegExp?][])(
    'matches the same characters as in Node: %s',
    (source, expected = new RegExp(source, 'u')) => {
      const isMatch = compilePattern(`^${source}$`);
      if (typeof isMatch !== 'function') throw new Error(isMatch.message);
      expect(CHARACTERS.filter((character) => isMatch(character) !== expected.test(character))).toEqual([]);
    },
  );

  test('an unknown class is refused', () => {
    expect(compilePattern('\\p{Klingon}')).toMatchObject({
      message: expect.stringContaining('character class'),
    });
  });
});
