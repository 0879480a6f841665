// Classes of characters in the built engine of `~`, which reads them off Node's own, as RE2JS has them.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { ROOT } from '../helpers/run-cli.ts';

type Compile = (source: string) => ((text: string) => boolean) | { message: string };
const { compilePattern } = createRequire(import.meta.url)(join(ROOT, 'dist/protocol.pattern.cjs')) as {
  compilePattern: Compile;
};

/** Known to every version of Unicode that is about, and neither a surrogate nor for private use. */
const CHARACTERS = Array.from({ length: 0x3100 }, (_, code) => String.fromCodePoint(code)).filter(
  (character) => /[^\p{Cn}]/u.test(character),
);

describe('O8: a class of characters', () => {
  test.each([
    ...['\\p{L}', '\\pN', '\\p{Lu}', '\\P{Ll}', '\\p{Sc}', '\\p{Zs}', '\\p{Cc}', '\\p{Mn}', '\\p{LC}'],
    ...['\\p{Greek}', '\\p{Han}', '\\p{Latin}', '\\p{Cyrillic}', '\\P{Hiragana}', '\\p{Common}', '\\p{Any}'],
    ...[
      '\\p{Alphabetic}',
      '\\p{White_Space}',
      '\\p{Uppercase}',
      '(?i)\\p{Lu}',
      '(?i)[\\p{Greek}a]',
      '[^\\p{L}\\d]',
    ],
    ...['[[:alpha:]]', '\\w', '\\S', '(?i)k'],
  ])('%s', (source) => {
    const isMatch = compilePattern(`^${source}$`);
    if (typeof isMatch !== 'function') throw new Error(isMatch.message);
    const pattern = RE2JS.compile(`^${source}$`);
    const differ = CHARACTERS.filter((character) => isMatch(character) !== pattern.test(character));
    expect(differ).toEqual([]);
  });

  test('one that nobody knows is refused', () => {
    expect(compilePattern('\\p{Klingon}')).toMatchObject({ message: expect.stringContaining('RE2 syntax') });
  });
});
