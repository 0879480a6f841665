// The progress of a stream on the status line: its text in each state, and how it fits.
import { describe, expect, test } from '@jest/globals';
import { PLAIN_LOG_STYLE } from '../../src/render/paint.ts';
import { ASCII_SIGNS, SIGNS } from '../../src/render/signs.ts';
import { createStatusLine, loadStreamProgress, NO_STATUS_LINE } from '../../src/ui/status-line.ts';
import { LineProgress } from '../../src/ui/stream-progress.ts';
import { makeBatch } from '../helpers/batches.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFakeIo, type FakeIoOptions } from '../helpers/fake-io.ts';

function createDeps(columns = 80) {
  const clock = createFakeClock();
  const shown: (string | undefined)[] = [];
  const line = {
    columns,
    show: (text: string) => void shown.push(text),
    clear: () => void shown.push(undefined),
  };
  return { clock, shown, line, status: new LineProgress(line, clock, { style: PLAIN_LOG_STYLE }) };
}

describe('the text of the status line', () => {
  test('shows connecting, live, and retrying with a countdown', () => {
    const { clock, shown, status } = createDeps();
    status.connecting('api.atlantis.example');
    status.live({ roundTripMs: undefined });
    status.noteEvents(1_234);
    clock.advance(1_000);
    status.live({ roundTripMs: 12.4 });
    status.lost(true);
    status.retrying(2_500, 3);
    clock.advance(1_000);
    status.connecting('api.atlantis.example');
    status.live({ roundTripMs: 12.4 });
    expect(shown.filter((text, i) => text !== shown[i - 1])).toEqual([
      'connecting to api.atlantis.example',
      'live  0 events  0/s  0 gaps',
      'live  1,234 events  0/s  0 gaps',
      'live  1,234 events  1,234/s  █  0 gaps',
      'live  1,234 events  1,234/s  █  0 gaps  rtt 12 ms',
      'live  1,234 events  1,234/s  █  1 gap, open for 0 s  rtt 12 ms',
      'disconnected  retrying in 3 s  attempt 3  1,234 events  1 gap, open for 0 s',
      'disconnected  retrying in 2 s  attempt 3  1,234 events  1 gap, open for 1 s',
      'disconnected  connecting to api.atlantis.example  1 gap, open for 1 s',
      'live  1,234 events  617/s  █▁  1 gap  rtt 12 ms',
    ]);
  });

  test('row 108: while playing, shows the position, and counts down the wait and the remaining time', () => {
    const { clock, shown, status } = createDeps();
    const receivedAtMs = Date.UTC(2026, 0, 1, 12);
    status.playing({ receivedAtMs, delayMs: 7_200_000, remainingMs: 9_000_000 });
    status.noteEvents(2);
    clock.advance(3_600_000);
    status.playing({ receivedAtMs: undefined, delayMs: 10, remainingMs: undefined });
    const texts = shown.filter((text, i) => text !== shown[i - 1]);
    expect(texts[0]).toMatch(/^at .*12:00:00.* {2}next event in 2h 0m {2}2h 30m left {2}0 events$/);
    expect(texts.at(-2)).toMatch(/next event in 1h 0m {2}1h 30m left {2}2 events$/);
    expect(texts.at(-1)).toBe('playing  2 events');
    status.end();
  });

  test('shows as lag the receive time minus the timestamp of the last event, updated at most every 0.2 s', () => {
    const { clock, shown, status } = createDeps();
    const at = Date.UTC(2026, 0, 1, 12);
    const note = (lagMs: number): void => {
      const event = JSON.stringify({ type: 't', timestamp: new Date(at - lagMs).toISOString() });
      status.noteLag(makeBatch(['{"a":1}', event], at), 2);
      status.noteEvents(1);
    };
    status.live({ roundTripMs: undefined });
    note(240);
    expect(shown.at(-1)).toMatch(/ 0 gaps {2}lag 0\.2 s$/);
    note(9_000);
    expect(shown.at(-1)).toMatch(/ lag 0\.2 s$/);
    clock.advance(200);
    note(65_000);
    expect(shown.at(-1)).toMatch(/ lag 1m 5s$/);
    clock.advance(200);
    note(-1_500);
    expect(shown.at(-1)).toMatch(/ lag -1\.5 s$/);
    clock.advance(200);
    status.noteLag(makeBatch(['{"a":1}'], at), 1);
    status.noteEvents(1);
    expect(shown.at(-1)).not.toContain('lag');
  });

  test('a pause is shown; a source without gaps counts no gap while it is disconnected', () => {
    const { shown, status } = createDeps();
    status.live({ roundTripMs: undefined });
    status.pause(true);
    expect(shown.at(-1)).toBe('paused: p resumes  live  0 events  0/s  0 gaps');
    status.pause(false);
    status.lost(false);
    status.retrying(1_000, 2);
    expect(shown.at(-1)).toBe('disconnected  retrying in 1 s  attempt 2  0 events  0 gaps');
  });

  test('ends with the key for help if key presses are read', () => {
    const { clock, line, shown } = createDeps();
    const status = new LineProgress(line, clock, { style: PLAIN_LOG_STYLE, readsKeyPresses: true });
    status.live({ roundTripMs: undefined });
    expect(shown.at(-1)).toBe('live  0 events  0/s  0 gaps  ? help');
  });

  test('with filters, shows matched and received events', () => {
    const { shown, status } = createDeps();
    status.live({ roundTripMs: undefined });
    status.noteReceived(1_200);
    expect(shown.at(-1)).toBe('live  0 of 1,200 events  0/s  0 gaps');
    status.noteReceived(1);
    status.noteEvents(1);
    expect(shown.at(-1)).toBe('live  1 of 1,201 events  0/s  0 gaps');
  });

  test('on a narrow terminal the most important parts are shown, never more than fits', () => {
    for (let columns = 27; columns < 80; columns++) {
      const { clock, shown, status } = createDeps(columns);
      status.connecting(`${'host.'.repeat(20)}example`);
      status.live({ roundTripMs: 1 });
      for (let second = 0; second < 12; second++) {
        status.noteEvents(10 * second);
        clock.advance(1_000);
      }
      for (const text of shown) expect((text ?? '').length).toBeLessThanOrEqual(columns);
      expect(shown.at(-1)).toMatch(/^live {2}660 events.* {2}0 gaps/);
    }
  });

  test.each([
    [36, 'disconnected  1 gap, open for 3 s'],
    [56, 'disconnected  retrying in 57 s  1 gap, open for 3 s'],
    [76, 'disconnected  retrying in 57 s  attempt 12  1 gap, open for 3 s'],
    [96, 'disconnected  retrying in 57 s  attempt 12  1,234,567 events  1 gap, open for 3 s'],
  ])('G2: an open gap is shown at %i columns, before less important parts', (columns, expected) => {
    const { clock, shown, status } = createDeps(columns);
    status.live({ roundTripMs: undefined });
    status.noteEvents(1_234_567);
    status.lost(true);
    status.retrying(60_000, 12);
    clock.advance(3_000);
    expect(shown.at(-1)).toBe(expected);
  });

  test.each([
    [30, 'live  0 of 123 events  0 gaps'],
    [28, 'live  0 of 123 events  0/s'],
  ])('at %i columns the events are still shown', (columns, expected) => {
    const { shown, status } = createDeps(columns);
    status.live({ roundTripMs: undefined });
    status.noteReceived(123);
    expect(shown.at(-1)).toBe(expected);
  });

  test('O3: disappears if the window becomes too narrow', () => {
    const { clock, shown, status, line } = createDeps();
    status.live({ roundTripMs: undefined });
    line.columns = 0;
    clock.advance(1_000);
    expect(shown.at(-1)).toBeUndefined();
    line.columns = 80;
    clock.advance(1_000);
    expect(shown.at(-1)).toMatch(/^live/);
  });

  test('control characters in a host are made visible', () => {
    const { shown, status } = createDeps();
    status.connecting('a\x1b[2J\u202e');
    expect(shown).toEqual(['connecting to a\\u001b[2J\\u202e']);
  });

  test('O3: is cleared at the end, and no timer is left', () => {
    const { clock, shown, status } = createDeps();
    status.live({ roundTripMs: undefined });
    status.clearForOutput();
    expect(shown.at(-1)).toBeUndefined();
    status.end();
    status.noteEvents(1);
    expect(shown.at(-1)).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test('is not computed without a status line', async () => {
    const clock = createFakeClock();
    const status = await loadStreamProgress(NO_STATUS_LINE, clock, { style: PLAIN_LOG_STYLE });
    status.live?.({ roundTripMs: 1 });
    status.retrying?.(1_000, 1);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the rate', () => {
  /** The rate and the bars after `figures` events in one second each. */
  function showRate(figures: readonly number[], passMs = 0, signs = SIGNS): string | undefined {
    const { clock, line, shown } = createDeps();
    const status = new LineProgress(line, clock, { style: PLAIN_LOG_STYLE, signs });
    status.live({ roundTripMs: undefined });
    for (const count of figures) {
      status.noteEvents(count);
      clock.advance(1_000);
    }
    clock.advance(passMs);
    return shown.at(-1)?.replace(/^live {2}\S+ events? {2}| {2}0 gaps$/g, '');
  }

  test('counts the last ten whole seconds', () => {
    const figures = Array.from({ length: 15 }, (_unused, second) => second);
    expect(showRate(figures)).toBe('9.5/s  ▄▄▅▅▆▆▇▇██');
    expect(showRate(figures, 5_000)).toBe('6.0/s  ▆▇▇██▁▁▁▁▁');
    expect(showRate(figures, 3_600_000)).toBe('0/s  ▁▁▁▁▁▁▁▁▁▁');
  });

  test.each([
    [[], '0/s'],
    [[0, 0], '0/s  ▁▁'],
    [[0, 1, 50, 100], '37.8/s  ▁▂▅█'],
    [[1_000, 2_000], '1,500/s  ▅█'],
    [[1_000_000], '1,000,000/s  █'],
  ])('%j is %s', (figures, shown) => {
    expect(showRate(figures)).toBe(shown);
  });

  test('row 59: without Unicode the bars are ASCII', () => {
    expect(showRate([0, 1, 2, 3, 4, 5, 6, 7], 0, ASCII_SIGNS)).toBe('3.5/s  _.-:=+*#');
  });

  test('row 59: a status that cannot be shown disappears, without an error', () => {
    const { clock, line, shown } = createDeps();
    const failing = {
      ...line,
      show: () => {
        throw new Error('cannot be shown');
      },
    };
    const status = new LineProgress(failing, clock, { style: PLAIN_LOG_STYLE });
    status.connecting('api.atlantis.example');
    status.live({ roundTripMs: 1 });
    status.noteEvents(1);
    clock.advance(1_000);
    expect([shown.every((text) => text === undefined), clock.pendingTimers]).toEqual([true, 0]);
  });
});

describe('where a status line is shown', () => {
  const LOG = { format: 'text', isQuiet: false, isVerbose: false, useColor: false } as const;
  const TERMINAL: FakeIoOptions = { isStdoutTty: true, isStderrTty: true, env: { TERM: 'xterm' } };
  const isShown = (io: FakeIoOptions, log = {}): boolean =>
    createStatusLine(createFakeIo({ ...TERMINAL, ...io }), { ...LOG, ...log }) !== NO_STATUS_LINE;

  test('on a terminal', () => {
    expect(isShown({})).toBe(true);
    expect(isShown({ columns: 30 })).toBe(true);
  });

  test.each(['', '0', 'false'])('row 84: with CI="%s", which does not mean CI', (CI) => {
    expect(isShown({ env: { CI, TERM: 'xterm' } })).toBe(true);
  });

  test.each<[string, FakeIoOptions, object]>([
    ['stderr is a pipe or file', { isStderrTty: false }, {}],
    ['stdout is a pipe, whose reader may write to the same terminal', { isStdoutTty: false }, {}],
    ['CI', { env: { CI: '1', TERM: 'xterm' } }, {}],
    ['TERM=dumb', { env: { TERM: 'dumb' } }, {}],
    ['row 84: no TERM', { env: {} }, {}],
    ['fewer than 30 columns', { columns: 29 }, {}],
    ['--quiet', {}, { isQuiet: true }],
    ['--log-format json', {}, { format: 'json' }],
  ])('not if: %s', (_name, io, log) => {
    expect(isShown(io, log)).toBe(false);
  });
});
