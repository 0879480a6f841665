// Reports on stderr: levels, both formats, and safe text.
import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { PLAIN_LOG_STYLE } from '../../src/render/paint.ts';
import { createReporter, loadLogStyle, type Reporter, type ReporterOptions } from '../../src/ui/reporter.ts';
import { createFakeIo, type FakeIo } from '../helpers/fake-io.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const PLAIN: ReporterOptions = { format: 'text', isQuiet: false, isVerbose: false, useColor: false };

function createDeps(options: Partial<ReporterOptions> = {}): { io: FakeIo; reporter: Reporter } {
  const io = createFakeIo();
  return { io, reporter: createReporter(io, { ...PLAIN, ...options }) };
}

/** One record of each level, named by it. */
function reportAll(reporter: Reporter): void {
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    reporter.report({ event: 'connecting', level, message: level });
  }
}

describe('levels', () => {
  test.each<[Partial<ReporterOptions>, string[]]>([
    [{}, ['atlantis: info', 'atlantis: warning: warn', 'atlantis: error: error']],
    [
      { isVerbose: true },
      ['atlantis: debug', 'atlantis: info', 'atlantis: warning: warn', 'atlantis: error: error'],
    ],
    [{ isQuiet: true }, ['atlantis: error: error']],
  ])('%j shows only its levels', (options, lines) => {
    const { io, reporter } = createDeps(options);
    reportAll(reporter);
    expect(io.errLines).toEqual(lines);
  });

  test('G5: levels apply to JSON too', () => {
    const { io, reporter } = createDeps({ format: 'json', isQuiet: true });
    reportAll(reporter);
    expect(io.errLines).toHaveLength(1);
  });

  test('O3: nothing is written to stdout', () => {
    const { io, reporter } = createDeps({ isVerbose: true });
    reportAll(reporter);
    expect(io.outText).toBe('');
  });
});

describe('text', () => {
  test('a hint is a second line', () => {
    const { io, reporter } = createDeps();
    reporter.report({ event: 'error', level: 'error', message: 'it failed', hint: 'Do this.' });
    expect(io.errText).toBe('atlantis: error: it failed\n  Do this.\n');
  });

  test('a caret stays under its character, and secrets are removed before the line is cut', () => {
    const expression = `${'漢'.repeat(12)}.${KEY} => 5`;
    const hint = `${expression}\n${' '.repeat(12 + KEY.length + 5)}^ see there`;
    const record = { event: 'error', level: 'error', message: 'no', hint } as const;
    for (let columns = 20; columns < 90; columns++) {
      const io = createFakeIo({ isStderrTty: true, columns });
      io.redactor.addSecret(KEY);
      createReporter(io, PLAIN).report(record);
      for (let at = 16; at + 6 <= KEY.length; at++) expect(io.errText).not.toContain(KEY.slice(at, at + 6));
      const [, shown = '', pointer = ''] = io.errLines;
      expect(stringWidth(shown)).toBeLessThanOrEqual(columns);
      expect(pointer).toMatch(/^ {3,}\^/);
    }
    const io = createFakeIo({ isStderrTty: true, columns: 40 });
    createReporter(io, PLAIN).report({ ...record, hint: hint.replaceAll(KEY, 'x'.repeat(KEY.length)) });
    const [, shown = '', pointer = ''] = io.errLines;
    expect(shown).toMatch(/^ {2}…x+ => 5$/);
    expect(pointer.indexOf('^')).toBe(shown.indexOf('5'));
  });

  test('long lines are wrapped on a terminal only', () => {
    const record = {
      event: 'error',
      level: 'error',
      message: `the server at ${KEY} refused to talk\x07 to anybody today`,
      hint: 'Wait for a while, then try it again.',
    } as const;
    const narrow = createFakeIo({ isStderrTty: true, columns: 40 });
    narrow.redactor.addSecret(KEY);
    createReporter(narrow, PLAIN).report(record);
    expect(narrow.errLines.every((line) => line.length <= 40)).toBe(true);
    expect(narrow.errLines.length).toBe(4);
    expect(narrow.errText).toContain('talk\\u0007 to');
    expect(narrow.errText).not.toContain(KEY.slice(16));
    const file = createFakeIo({ columns: 40 });
    createReporter(file, PLAIN).report(record);
    expect(file.errLines.length).toBe(2);
  });

  test('a hint is not repeated, except with an error', () => {
    const { io, reporter } = createDeps();
    const retry = { event: 'retrying', level: 'warn', message: 'again', hint: 'Do this.' } as const;
    reporter.report(retry);
    reporter.report(retry);
    reporter.report({ event: 'connecting', level: 'info', message: 'once more' });
    reporter.report(retry);
    reporter.report({ ...retry, event: 'error', level: 'error' });
    expect(io.errLines.filter((line) => line === '  Do this.')).toHaveLength(2);
    expect(io.errLines.at(-1)).toBe('  Do this.');
  });

  test('colors are added to safe text', async () => {
    const io = createFakeIo();
    const reporter = createReporter(io, PLAIN, await loadLogStyle({ useColor: true }));
    reporter.report({ event: 'error', level: 'error', message: 'red \x1b[0m', hint: 'Do this.' });
    expect(io.errLines).toEqual([
      '\x1b[31matlantis: error: red \\u001b[0m\x1b[39m',
      '\x1b[31m  Do this.\x1b[39m',
    ]);
  });

  test('messages of a stream after the first begin with the time of day; hints and JSON do not', () => {
    const io = createFakeIo();
    const reporter = createReporter(io, { ...PLAIN, hasTimes: true });
    const report = (message: string): void =>
      reporter.report({ event: 'warning', level: 'warn', message, hint: 'a hint' });
    report('one');
    io.clock.advance(61_000);
    report('two');
    expect(io.errLines).toEqual([
      'atlantis: warning: one',
      '  a hint',
      expect.stringMatching(/^\d\d:\d\d:\d\d atlantis: warning: two$/),
    ]);
  });

  test('G3: the summary is a block on a terminal, else one line', () => {
    const summary = {
      event: 'summary',
      level: 'info',
      message: '3 events in 2 s, 0 reconnects',
      block: ['3 events in 2 s', 'reconnects    0'],
    } as const;
    const texts = [true, false].map((isStderrTty) => {
      const io = createFakeIo({ isStderrTty });
      createReporter(io, PLAIN).report(summary);
      return io.errText;
    });
    expect(texts).toEqual([
      'atlantis: 3 events in 2 s\n  reconnects    0\n',
      'atlantis: 3 events in 2 s, 0 reconnects\n',
    ]);
  });

  test('untrusted text stays on its line', () => {
    const { io, reporter } = createDeps();
    reporter.report({ event: 'error', level: 'error', message: 'one\r\natlantis: two\u2028three\u202efour' });
    expect(io.errLines).toEqual(['atlantis: error: one\\u000d\\u000aatlantis: two\\u2028three\\u202efour']);
  });

  test('O3: the status line is cleared before anything is written', () => {
    const io = createFakeIo();
    const seen: string[] = [];
    const statusLine = {
      clear: () => void seen.push(`cleared before ${io.errText.length} bytes`),
    };
    const reporter = createReporter(io, PLAIN, PLAIN_LOG_STYLE, statusLine);
    reporter.report({ event: 'connecting', level: 'debug', message: 'not shown' });
    reporter.report({ event: 'connecting', level: 'info', message: 'shown' });
    expect(seen).toEqual(['cleared before 0 bytes']);
  });
});

describe('G5: JSON', () => {
  test('one object per line: ts, level, event, message, hint and fields', () => {
    const { io, reporter } = createDeps({ format: 'json', useColor: true });
    reporter.report({
      event: 'retrying',
      level: 'warn',
      message: 'again',
      hint: 'Do this.',
      fields: { delay_ms: 250, attempt: 2, discarded: { binary: 1 } },
    });
    io.clock.advance(1_500);
    reporter.report({ event: 'paused', level: 'info', message: 'wait' });
    expect(io.errLines.map((line) => JSON.parse(line))).toEqual([
      {
        ts: '2026-01-01T00:00:00.000Z',
        level: 'warn',
        event: 'retrying',
        message: 'again',
        hint: 'Do this.',
        delay_ms: 250,
        attempt: 2,
        discarded: { binary: 1 },
      },
      { ts: '2026-01-01T00:00:01.500Z', level: 'info', event: 'paused', message: 'wait' },
    ]);
  });

  test.each([
    ['line breaks', 'one\r\ntwo\u2028three\u2029four'],
    ['control characters', '\x00\x07\x1b[31m\x7f\x85\x9b'],
    ['bidi and invisible characters', '\u202e\u200b\ufeff\u{e0041}'],
    ['lone surrogates', 'a\ud800b\udc00c'],
    ['quotes and backslashes', '"\\"\\\\u0041\\'],
    ['emoji with joiners', '👩‍👩‍👧'],
  ])('%s in untrusted text are one valid line of JSON with the same text', (_, foreign) => {
    const { io, reporter } = createDeps({ format: 'json' });
    reporter.report({ event: 'error', level: 'error', message: foreign, fields: { detail: foreign } });
    expect(io.errLines).toHaveLength(1);
    const [line = ''] = io.errLines;
    expect(JSON.parse(line)).toMatchObject({ message: foreign, detail: foreign });
    expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
  });

  test('every record has its hint', () => {
    const { io, reporter } = createDeps({ format: 'json' });
    for (let n = 0; n < 2; n += 1) {
      reporter.report({ event: 'retrying', level: 'warn', message: 'again', hint: 'Do this.' });
    }
    expect(io.errLines.map((line) => JSON.parse(line).hint)).toEqual(['Do this.', 'Do this.']);
  });
});

describe('P4: the redactor', () => {
  test.each(['text', 'json'] as const)('checks every line of %s', (format) => {
    const { io, reporter } = createDeps({ format });
    io.redactor.addSecret(KEY);
    io.redactor.addProxyUrl('http://user:pr0xysecret@proxy.example');
    const base64 = Buffer.from(`:${KEY}`).toString('base64');
    reporter.report({
      event: 'error',
      level: 'error',
      message: `${KEY} and ${base64} and pr0xysecret`,
      hint: `${encodeURIComponent(KEY)}`,
      fields: { nested: { key: KEY } },
    });
    expect(io.errText).not.toMatch(/8899aabb|pr0xysecret/);
    expect(io.errText).not.toContain(base64.slice(8, 40));
    expect(io.errText).toContain('ak_live_00112233…');
    if (format === 'json') expect(() => JSON.parse(io.errText)).not.toThrow();
  });
});
