// The annotation and the step summary for GitHub Actions, in which foreign text must stay text.
import { describe, expect, test } from '@jest/globals';
import {
  escapeData,
  escapeMarkdown,
  escapeProperty,
  formatAnnotation,
  formatSummary,
} from '../../../src/commands/check/ci-reports.ts';
import { makeFailedReport, NASTY } from './reports.ts';

/** Parses a workflow command as the runner does: `::name key=value,…::data`. */
function readCommand(line: string): { name: string; properties: Record<string, string>; data: string } {
  const [, name = '', list = '', data = ''] = /^::(\w+) ([^:]*)::(.*)$/s.exec(line) ?? [];
  const decode = (text: string): string =>
    text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
  const properties = list.split(',').map((pair) => {
    const [key = '', value = ''] = pair.split('=', 2);
    return [key, decode(value.replaceAll('%3A', ':').replaceAll('%2C', ','))];
  });
  return { name, properties: Object.fromEntries(properties), data: decode(data) };
}

describe('the annotation', () => {
  test('is one line from which the runner reads the original message', () => {
    const line = formatAnnotation(makeFailedReport(NASTY, 'Do: this, that')) ?? '';
    expect(line).not.toMatch(/[\r\n]/);
    expect(readCommand(line)).toEqual({
      name: 'error',
      properties: { title: 'atlantis stream check: upgrade failed' },
      data: `${NASTY}\nDo: this, that`,
    });
  });

  test('a report without a failed step has no annotation', () => {
    expect(formatAnnotation({ ...makeFailedReport('x'), steps: [] })).toBeUndefined();
  });

  test('escapes a percent sign first', () => {
    expect(escapeData('%0A\n')).toBe('%250A%0A');
    expect(escapeProperty('a:b,c%3A')).toBe('a%3Ab%2Cc%253A');
  });
});

describe('the step summary', () => {
  test('is a table with a row of four cells for each step', () => {
    const lines = formatSummary(makeFailedReport(NASTY, 'hint')).trimEnd().split('\n');
    expect(lines).toHaveLength(2 + 2 + 10);
    expect(lines[0]).toBe('### atlantis stream check: failed (exit code 5)');
    for (const line of lines.slice(2)) expect(line.match(/\|/g)).toHaveLength(5);
  });

  test('escapes all Markdown in foreign text', () => {
    const escaped = escapeMarkdown('<b>|`*_[a](b)~#@x\\ www.evil.test\nhttps://x');
    expect(escaped.replace(/&#\d+;/g, '')).not.toMatch(/[<>|`*_[\]()~#@\\:]|www\./);
    const decoded = escaped.replace(/&#(\d+);/g, (_all, code) => String.fromCharCode(Number(code)));
    expect(decoded).toBe('<b>|`*_[a](b)~#@x\\ www.evil.test https://x');
  });
});
