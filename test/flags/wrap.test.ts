// Wrapping of text, commands and tables of terms at any width.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { alignTerms, foldCommand, wrapText } from '../../src/flags/wrap.ts';

const TEXT =
  'use code 124 if --limit is not reached by then, which a-very-long-word-of-forty-characters says';

describe('wrapText', () => {
  test.each([10, 20, 40, 79, 200])('no line is wider than %d, no word is broken or lost', (width) => {
    const lines = wrapText(TEXT, width);
    expect(lines.join(' ')).toBe(TEXT);
    for (const line of lines) expect(line.length <= width || !line.includes(' ')).toBe(true);
  });

  test('an empty text is an empty line', () => expect(wrapText('', 10)).toEqual(['']));
});

describe('foldCommand', () => {
  const command = `printf '%s|' --where 'amount_usd >= 1000000 and more' --type 'large_*' "a b" --limit 5`;

  test.each([20, 30, 40, 60, 200])('at %d columns a shell still runs the same command', (width) => {
    const folded = foldCommand(command, width);
    expect(spawnSync('sh', ['-c', folded.join('\n')], { encoding: 'utf8' }).stdout).toBe(
      spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stdout,
    );
    for (const line of folded) {
      expect(
        line.length <= width ||
          line
            .trim()
            .replace(/ \\$/, '')
            .match(/^'|^"|^\S+$/),
      ).toBeTruthy();
    }
  });

  test('a command that fits stays on one line', () => expect(foldCommand('a b c', 5)).toEqual(['a b c']));
});

describe('alignTerms', () => {
  const rows = [
    ['--limit <n>', 'stop as soon as those n events are written'],
    ['--a-term-that-is-too-long <for-its-column>', 'stands alone'],
    ['--json', ''],
  ] as const;

  test('puts terms and meanings side by side if there is room', () => {
    expect(alignTerms(rows, 52, 12)).toEqual([
      '  --limit <n>   stop as soon as those n events are',
      '                written',
      '  --a-term-that-is-too-long <for-its-column>',
      '                stands alone',
      '  --json',
    ]);
  });

  test('puts each meaning below its term if there is not enough room', () => {
    expect(alignTerms(rows, 40, 12).slice(0, 3)).toEqual([
      '  --limit <n>',
      '      stop as soon as those n events are',
      '      written',
    ]);
  });
});
