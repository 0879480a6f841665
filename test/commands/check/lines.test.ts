// The text report, on terminals of any width and without a terminal.
import { describe, expect, test } from '@jest/globals';
import { formatStep, formatVerdict } from '../../../src/commands/check/report.ts';
import { PLAIN_LOG_STYLE } from '../../../src/render/paint.ts';
import { ASCII_SIGNS } from '../../../src/render/signs.ts';
import { createColorLogStyle } from '../../../src/render/style.ts';
import { makeFailedReport } from './reports.ts';

const FAILED = {
  name: 'upgrade',
  status: 'failed',
  durationMs: 12,
  summary: 'the service refused the key ak_live_0123… for good',
  details: {},
  failure: { cause: 'unauthorized', message: 'x', hint: 'Make a new one in the console.', exitCode: 3 },
} as const;

describe('the text report', () => {
  test.each([20, 40, 60, 80, 160])('at %i columns no line is longer, and no word is broken', (columns) => {
    const text = formatStep(FAILED, PLAIN_LOG_STYLE, columns) + formatVerdict(makeFailedReport('x'), columns);
    const lines = text.split('\n').slice(0, -1);
    // The status and the name of a step stay on one line, which needs 23 columns.
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(columns, 23));
    expect(lines.join(' ').replace(/\s+/g, ' ')).toBe(
      (formatStep(FAILED, PLAIN_LOG_STYLE) + formatVerdict(makeFailedReport('x')))
        .replace(/\s+/g, ' ')
        .trim(),
    );
  });

  test('the time of a step is not broken', () => {
    for (let columns = 50; columns < 100; columns += 1)
      expect(formatStep(FAILED, PLAIN_LOG_STYLE, columns)).toContain('(12 ms)');
  });

  test('without a terminal, a step and its hint are one line each', () => {
    expect(formatStep(FAILED, PLAIN_LOG_STYLE)).toBe(
      'failed  upgrade    the service refused the key ak_live_0123… for good (12 ms)\n' +
        `${' '.repeat(19)}Make a new one in the console.\n`,
    );
    expect(formatVerdict(makeFailedReport('x')).split('\n')).toHaveLength(2);
  });

  test('row 59: without Unicode an ellipsis is three dots, and lines still fit', () => {
    const shown = formatStep(FAILED, PLAIN_LOG_STYLE, 60, ASCII_SIGNS);
    expect(shown).toContain('ak_live_0123...');
    for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  });

  test('only the status is colored', () => {
    expect(formatStep(FAILED, createColorLogStyle(), 80)).toMatch(/^\x1b\[31mfailed \x1b\[39m upgrade /);
  });
});
