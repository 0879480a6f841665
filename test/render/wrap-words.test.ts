// Long lines are broken between words.
import { describe, expect, test } from '@jest/globals';
import { wrapWords } from '../../src/render/wrap-words.ts';

describe('wrapWords', () => {
  const SENTENCE = 'atlantis: api.atlantis.example refused the connection; trying again in 2.3 s (attempt 3)';

  test.each<[string, string, number, string[]]>([
    ['fits', 'a line', 80, ['a line']],
    ['fits exactly', 'x'.repeat(19).concat(' y'), 21, [`${'x'.repeat(19)} y`]],
    [
      'at 40 columns',
      SENTENCE,
      40,
      ['atlantis: api.atlantis.example refused', '  the connection; trying again in 2.3 s', '  (attempt 3)'],
    ],
    [
      'keeps its margin',
      `  ${'word '.repeat(7)}end`,
      20,
      ['  word word word', '  word word word', '  word end'],
    ],
    [
      'a word that is too wide stays whole',
      `see ${'u'.repeat(30)} there or`,
      20,
      ['see', `  ${'u'.repeat(30)}`, '  there or'],
    ],
    ['no width to speak of', SENTENCE, 12, [SENTENCE]],
  ])('%s', (_, text, columns, lines) => {
    expect(wrapWords(text, columns)).toEqual(lines);
  });

  test('at every width: no word is broken or lost, no line too long', () => {
    const text = `${SENTENCE}; ${SENTENCE}`;
    for (let columns = 20; columns <= 200; columns++) {
      const lines = wrapWords(text, columns);
      expect(lines.map((line) => line.trimStart()).join(' ')).toBe(text);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 22 + 2));
    }
  });
});
