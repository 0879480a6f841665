// Tables on stdout: in columns, or in blocks where a terminal is too narrow.
import { describe, expect, test } from '@jest/globals';
import { formatTable } from '../../src/io/print.ts';

const HEADER = ['  NAME', 'URL', 'SOURCE'];
const ROWS = [
  ['* main', 'https://a.example', 'stored'],
  ['  vault', 'https://b.example:8443', 'command'],
];
const COLUMNS = [
  '  NAME   URL                     SOURCE',
  '* main   https://a.example       stored',
  '  vault  https://b.example:8443  command',
];
const WIDTH = Math.max(...COLUMNS.map((line) => line.length));
const BLOCKS = [
  '* main',
  '    url     https://a.example',
  '    source  stored',
  '  vault',
  '    url     https://b.example:8443',
  '    source  command',
];

describe('a table', () => {
  test.each([
    ['a file, which has no width', undefined, COLUMNS],
    ['a terminal that is just wide enough', WIDTH, COLUMNS],
    ['a terminal that is one column too narrow', WIDTH - 1, BLOCKS],
    ['a terminal of one column', 1, BLOCKS],
  ])('is formatted for %s', (_what, columns, lines) => {
    expect(formatTable(HEADER, ROWS, columns)).toBe(`${lines.join('\n')}\n`);
  });

  test.each([undefined, 1])('has control characters in foreign text escaped, at a width of %p', (columns) => {
    expect(formatTable(HEADER, [['  a', '\x1b[2J\n', '']], columns)).not.toMatch(/\x1b|\n\n/);
  });
});
