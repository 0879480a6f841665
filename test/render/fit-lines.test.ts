// Fits lines to the terminal: wrapped between words, or cut around a caret.
import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { estimateWidth, fitCaret, wrapWords } from '../../src/render/fit-lines.ts';
import { ASCII_SIGNS, spellEllipses } from '../../src/render/signs.ts';

describe('wrapWords', () => {
  const SENTENCE = 'atlantis: api.atlantis.example refused the connection; retrying in 2.3 s (attempt 3)';

  test.each<[string, string, number, string[]]>([
    ['fits', 'a line', 80, ['a line']],
    ['fits exactly', 'x'.repeat(19).concat(' y'), 21, [`${'x'.repeat(19)} y`]],
    [
      'at 40 columns',
      SENTENCE,
      40,
      ['atlantis: api.atlantis.example refused', '  the connection; retrying in 2.3 s', '  (attempt 3)'],
    ],
    [
      'keeps its indent',
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
    ['too narrow to wrap', SENTENCE, 12, [SENTENCE]],
  ])('%s', (_, text, columns, lines) => {
    expect(wrapWords(text, columns)).toEqual(lines);
  });

  test('wide characters take two columns, combining marks none', () => {
    for (const text of ['plain', '漢字', 'カタカナ', '한글', '🎈🚀', 'e\u0301', '（全角）', '…←→', 'Ωß'])
      expect([text, estimateWidth(text)]).toEqual([text, stringWidth(text)]);
    const text = '漢字 の 取引所 が 接続 を 拒否 しました 再試行 します 🎈🎈🎈 e\u0301e\u0301e\u0301';
    for (let columns = 20; columns < 60; columns++) {
      const lines = wrapWords(text, columns);
      expect(lines.map((line) => line.trimStart()).join(' ')).toBe(text);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }
    expect(wrapWords(text, stringWidth(text))).toEqual([text]);
    expect(wrapWords(text, stringWidth(text) - 1).length).toBe(2);
  });

  test('at any width no word is broken or lost, and no line is too long', () => {
    const text = `${SENTENCE}; ${SENTENCE}`;
    for (let columns = 20; columns <= 200; columns++) {
      const lines = wrapWords(text, columns);
      expect(lines.map((line) => line.trimStart()).join(' ')).toBe(text);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 22 + 2));
    }
  });
});

describe('a line with a caret under it', () => {
  const text = 'data.items[0].漢字漢字.address => 漢字漢字漢字漢字漢字漢字漢字漢字';
  const mark = '=> 漢';
  const indent = text.indexOf(mark);
  const column = stringWidth(text.slice(0, indent));
  const asIs = (line: string): string => line;

  test('is cut on both sides, and the caret stays under its character', () => {
    for (let columns = 18; columns <= 80; columns++) {
      const [shown = '', pointer = '', ...others] = fitCaret(
        [text, `${' '.repeat(indent)}^ advice`, 'more'],
        columns,
        asIs,
      );
      expect(stringWidth(shown)).toBeLessThanOrEqual(columns);
      const at = pointer.indexOf('^');
      expect([columns, stringWidth(shown.slice(0, shown.indexOf('=>')))]).toEqual([columns, at]);
      expect([pointer.slice(at), others]).toEqual(['^ advice', ['more']]);
      if (columns >= stringWidth(text)) expect([shown, at]).toEqual([text, column]);
    }
  });

  test('row 59: without Unicode an ellipsis is longer, and the caret moves with it', () => {
    const cut = `…${text}…`;
    const toAscii = (line: string): string => spellEllipses(line, ASCII_SIGNS);
    for (let columns = 18; columns <= 90; columns++) {
      const lines = [cut, `${' '.repeat(indent + 1)}^ advice`];
      const [shown = '', pointer = ''] = fitCaret(lines, columns, toAscii, ASCII_SIGNS);
      expect(stringWidth(shown)).toBeLessThanOrEqual(columns);
      const at = pointer.indexOf('^');
      expect([columns, stringWidth(shown.slice(0, shown.indexOf('=>')))]).toEqual([columns, at]);
      expect(shown).not.toContain('…');
      if (columns >= stringWidth(text) + 6) expect(shown).toBe(`...${text}...`);
    }
    expect(fitCaret(['accepted: nats://…'], 80, toAscii, ASCII_SIGNS)).toEqual(['accepted: nats://...']);
  });

  test('keeps a caret that is after the end of its text', () => {
    const [shown = '', pointer = ''] = fitCaret(['x'.repeat(50), `${' '.repeat(50)}^ advice`], 20, asIs);
    expect([shown, pointer]).toEqual([`…${'x'.repeat(12)}`, `${' '.repeat(13)}^ advice`]);
  });

  test('is the only kind of line that is cut', () => {
    const lines = ['x'.repeat(100), '  no caret ^', '^'];
    expect(fitCaret(lines, 20, asIs)).toEqual(lines);
    expect(fitCaret(['one'], 20, asIs)).toEqual(['one']);
  });
});
