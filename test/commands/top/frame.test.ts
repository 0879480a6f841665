// The frame of `top`, for any stream at any width: no character is split, and no control sequence has an effect.
import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { ConnectionState } from '../../../src/commands/top/connection-state.ts';
import { createFactReader } from '../../../src/commands/top/event-facts.ts';
import { renderFrame, type TopData } from '../../../src/commands/top/frame.ts';
import { Ranking } from '../../../src/commands/top/ranking.ts';
import { Timeline } from '../../../src/commands/top/timeline.ts';
import { parsePath } from '../../../src/events/path.ts';
import { SORTS } from '../../../src/flags/table-flags.ts';
import { escapeCommands } from '../../../src/render/ci-commands.ts';
import { NO_PAINT, PLAIN_LOG_STYLE } from '../../../src/render/paint.ts';
import { ASCII_SIGNS, SIGNS, type Signs } from '../../../src/render/signs.ts';
import { createColorLogStyle, createColorStyle } from '../../../src/render/style.ts';
import { parseLagPaths } from '../../../src/settings/table-paths.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';
import { COLORS, makeHostile } from '../../helpers/hostile.ts';
import { SIMULATED } from '../../render/events.ts';

const PLAIN = { ...PLAIN_LOG_STYLE, header: NO_PAINT };
const COLORED = { ...createColorLogStyle(), header: createColorStyle('terminal').header };
const path = (text: string) => ({ text, steps: parsePath(text).steps });

interface Fed {
  readonly data: TopData;
  readonly clock: ReturnType<typeof createFakeClock>;
}

/** Feeds the events, one every 100 ms. */
function feed(events: readonly string[], by: readonly string[], isFile = false): Fed {
  const clock = createFakeClock();
  const timeline = new Timeline(!isFile);
  const ranking = new Ranking(timeline);
  const connection = new ConnectionState(clock);
  connection.live({ roundTripMs: 1.25 });
  const read = createFactReader({
    by: by.map(path),
    dollars: [path('amount_usd').steps],
    time: parseLagPaths(undefined),
  });
  for (const event of events) {
    clock.advance(100);
    timeline.advance(isFile ? clock.wallMs() : clock.monotonicMs());
    ranking.add(read(Buffer.from(event)), clock.wallMs());
  }
  return { clock, data: { by, ranking, timeline, connection, source: 'api.example', isFile } };
}

const draw = (
  { data, clock }: Fed,
  columns: number,
  {
    signs = SIGNS,
    sort = 'events',
    isReversed = false,
    style = PLAIN,
    isFinal = false,
  }: {
    signs?: Signs;
    sort?: (typeof SORTS)[number];
    isReversed?: boolean;
    style?: typeof PLAIN;
    isFinal?: boolean;
  } = {},
): string[] =>
  renderFrame(
    data,
    { sort, isReversed, isPaused: false, isFinal, columns, maxRows: 12 },
    { clock, signs, style, widths: new Map() },
  );

describe('the table of top', () => {
  const fed = feed(SIMULATED, ['type', 'chain']);

  test.each([40, 80, 120, 160, 200])(
    'at %i columns no line is wider, and the figures are aligned',
    (columns) => {
      const lines = draw(fed, columns);
      for (const line of lines) expect([line, stringWidth(line) <= columns]).toEqual([line, true]);
      const [, , , titles = '', ...rows] = lines;
      expect(titles).toMatch(/^TYPE +CHAIN +>EVENTS +RATE\/S/);
      const end = titles.indexOf('EVENTS') + 'EVENTS'.length;
      for (const row of rows) expect(row.slice(0, end)).toMatch(/ [\d,]+$/);
    },
  );

  test.each([
    [40, ['>EVENTS', 'RATE/S']],
    [80, ['>EVENTS', 'RATE/S', 'USD/MIN', 'SHARE', 'LAST']],
    [120, ['>EVENTS', 'RATE/S', 'TREND', 'USD/MIN', 'SHARE', 'LAG 50%', 'LAG 99%', 'LARGEST USD', 'LAST']],
  ])('at %i columns it has the columns %j', (columns, titles) => {
    const found = draw(fed, columns)[3] ?? '';
    expect(titles.filter((title) => !found.includes(title))).toEqual([]);
  });

  test('rows that do not fit are added up in the row "other", so that all rows make the total', () => {
    const all = draw(
      feed(
        Array.from({ length: 40 }, (_unused, n) => `{"type":"t${n}"}`),
        ['type'],
      ),
      80,
    );
    const counts = all.slice(4).map((line) => Number(/^\S+ +(\d+)/.exec(line)?.[1]));
    expect(all.at(-1)).toMatch(/^other +28 /);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(all[1]).toMatch(/^40 events/);
  });

  test('the first line shows the connection, its round trip and its gaps', () => {
    const { data, clock } = feed(['{}'], ['type']);
    expect(draw({ data, clock }, 80)[0]).toBe('● live  api.example  0.10 s  rtt 1.3 ms  0 gaps');
    data.connection.lost(true);
    data.connection.retrying(4_000, 2);
    expect(draw({ data, clock }, 80)[0]).toBe(
      'retrying in 4 s (attempt 2)  api.example  1 gap (one still open)',
    );
    expect(draw({ data, clock }, 40)[0]).toBe('retrying in 4 s…  1 gap (one still open)');
    expect(draw({ data, clock }, 80, { isFinal: true })[0]).toBe(
      'api.example  0.10 s  disconnected  1 gap (one still open)',
    );
    data.connection.live({ roundTripMs: undefined });
    expect(draw({ data, clock }, 80)[0]).toBe('● live  api.example  0.10 s  1 gap');
    expect(draw({ data, clock }, 26)[0]).toBe('● live  api.example  1 gap');
  });

  test('for a recording the times in the recording are shown', () => {
    const lines = draw(feed(['{"type":"a"}', '{"type":"a"}'], ['type'], true), 100);
    expect(lines[0]).toMatch(
      /^api\.example {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/,
    );
    expect(lines[4]).toMatch(/ \d\d:\d\d:\d\d$/);
  });

  test('a stream without amounts and times has no empty columns', () => {
    const [, , , titles] = draw(feed(['{"type":"a"}'], ['type']), 200);
    expect(titles).not.toMatch(/USD|LAG/);
  });

  test('without Unicode, only ASCII is drawn', () => {
    for (const line of draw(fed, 200, { signs: ASCII_SIGNS })) expect(line).toMatch(/^[ -~]*$/);
  });

  test('without color there are no escape sequences, with color only color sequences', () => {
    expect(draw(fed, 120).join('')).not.toContain('\x1b');
    const colored = draw(fed, 120, { style: COLORED });
    expect(colored.join('')).toContain('\x1b[');
    expect(colored.map((line) => line.replace(COLORS, ''))).toEqual(draw(fed, 120));
  });

  test('row 146 (O2, O9): with hostile values, at widths from 20 to 200, no line is wider, and no control sequence has an effect', () => {
    const commands = ['::error::x', '##[error]x', '##vso[task.x]', '---', '+++ x'];
    for (let round = 0; round < 60; round++) {
      const value = (): string => JSON.stringify(commands[round % 9] ?? makeHostile());
      const events = Array.from(
        { length: 20 },
        () => `{"type":${value()},"chain":${value()},"amount_usd":${value()},"ts":${value()}}`,
      );
      const hostile = feed(events, ['type', 'chain']);
      const columns = 20 + 3 * round;
      const sort = SORTS[round % SORTS.length] ?? 'events';
      for (const line of draw(hostile, columns, { sort, isReversed: round % 2 === 0 })) {
        expect(line).not.toMatch(
          /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udbff](?![\udc00-\udfff])/u,
        );
        expect([line, stringWidth(line) <= columns]).toEqual([line, true]);
        expect(escapeCommands(line)).toBe(line);
      }
    }
  });
});
