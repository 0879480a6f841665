import { describe, expect, test } from '@jest/globals';
import { textsOf } from '../../src/events/batch.ts';
import { type Played, type PlayPace, playRecording } from '../../src/recording/play.ts';
import { Lines } from '../../src/recording/read-lines.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const LINE_FEED = Buffer.from('\n');
const START_MS = Date.parse('2026-01-01T00:00:00Z');
const line = (atMs: number, n: number, connection = 1): Buffer =>
  Buffer.from(
    `{"received_at":"${new Date(START_MS + atMs).toISOString()}","seq":${n},"connection":${connection},"event":{"n":${n}}}`,
  );

/** Plays lines that were read together: `[ms since the start, content]` for each item. */
async function playAll(lines: readonly Buffer[], pace: number | PlayPace): Promise<[number, string][]> {
  const clock = createFakeClock();
  const startedAtMs = clock.monotonicMs();
  const source = (async function* () {
    yield { lines: new Lines(Buffer.concat(lines.flatMap((one) => [one, LINE_FEED]))) };
  })();
  const seen: [number, string][] = [];
  const { signal } = new AbortController();
  let isOver = false;
  const playing = (async () => {
    for await (const item of playRecording(source, {
      path: 'day.ndjson',
      ...(typeof pace === 'number' ? { speed: pace } : pace),
      clock,
      signal,
    })) {
      seen.push([clock.monotonicMs() - startedAtMs, describeItem(item)]);
    }
  })().finally(() => {
    isOver = true;
  });
  // Awaited at the end.
  playing.catch(() => undefined);
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(50);
  }
  await playing;
  return seen;
}

function describeItem(item: Played): string {
  if (item.kind === 'events')
    return textsOf(item.batch)
      .map((text) => JSON.parse(text.toString()).n)
      .join(' ');
  return item.kind === 'damaged' ? `line ${item.line}: ${item.why}` : item.kind;
}

describe('play', () => {
  const LINES = [line(0, 1), line(0, 2), line(500, 3), line(2_000, 4)];

  test.each([
    [1, [0, 500, 2_000]],
    [10, [0, 50, 200]],
    [Number.POSITIVE_INFINITY, [0, 0, 0]],
  ])('keeps the intervals between events at %dx', async (speed, times) => {
    const seen = await playAll(LINES, speed);
    expect(seen.map(([, what]) => what)).toEqual(['1 2', '3', '4']);
    for (const [index, expected] of times.entries()) {
      expect(seen[index]?.[0]).toBeGreaterThanOrEqual(expected);
      expect(seen[index]?.[0]).toBeLessThanOrEqual(expected + 100);
    }
  });

  test('a clock that was set back while recording causes no wait and keeps the order', async () => {
    const seen = await playAll([line(0, 1), line(-3_600_000, 2), line(-3_599_900, 3)], 1);
    expect(seen.map(([, what]) => what)).toEqual(['1', '2', '3']);
    expect(seen[2]?.[0]).toBeLessThanOrEqual(250);
  });

  test('reports damaged lines in order, and skips headers and empty lines', async () => {
    const seen = await playAll(
      [
        Buffer.from('{"recording":1}'),
        line(0, 1),
        Buffer.from('x'),
        Buffer.from(''),
        line(0, 2, 2),
        line(0, 3, 3),
      ],
      1,
    );
    expect(seen.map(([, what]) => what)).toEqual(['1', 'line 3: it is not JSON', '2', '3']);
  });

  test('row 108: --max-pause shortens a pause of hours, but not shorter ones', async () => {
    const seen = await playAll([line(0, 1), line(400, 2), line(7_200_400, 3)], {
      speed: 1,
      maxPauseMs: 1_000,
    });
    expect(seen.map(([, what]) => what)).toEqual(['1', '2', '3']);
    expect(seen[1]?.[0]).toBeGreaterThanOrEqual(400);
    expect(seen[2]?.[0]).toBeGreaterThanOrEqual(1_400);
    expect(seen[2]?.[0]).toBeLessThanOrEqual(1_600);
  });

  test('row 108: --since and --until select by receive time, without waiting for skipped events', async () => {
    const gap = (atMs: number): Buffer =>
      Buffer.from(`{"lifecycle":"gap","from":"${new Date(START_MS + atMs).toISOString()}","to":null}`);
    const lines = [
      line(0, 1),
      gap(1),
      line(3_600_000, 2),
      gap(3_600_001),
      line(3_600_100, 3),
      line(7_200_000, 4),
    ];
    const range = { sinceMs: START_MS + 3_600_000, untilMs: START_MS + 3_600_100 };
    const seen = await playAll(lines, { speed: 1, ...range });
    expect(seen.map(([, what]) => what)).toEqual(['2', 'lifecycle', '3']);
    expect(seen.at(-1)?.[0]).toBeLessThanOrEqual(300);
  });

  test('row 107: in plain NDJSON every line is an event, also one that looks like a line of a recording', async () => {
    const plain = ['{"n":1}', '{"n":2}', '{"recording":1,"n":3}', 'x'].map((text) => Buffer.from(text));
    const seen = await playAll([...plain, line(0, 4)], 1);
    expect(seen.map(([, what]) => what)).toEqual(['1 2 3', 'line 4: it is not JSON', '']);
    expect(seen.at(-1)?.[0]).toBeLessThanOrEqual(100);
  });

  test('row 107: --rate paces events with and without times', async () => {
    const plain = [1, 2, 3].map((n) => Buffer.from(`{"n":${n}}`));
    for (const lines of [plain, [line(0, 1), line(0, 2), line(3_600_000, 3)]]) {
      const seen = await playAll(lines, { speed: 1, ratePerSecond: 2 });
      expect(seen.map(([, what]) => what)).toEqual(['1', '2', '3']);
      expect(seen[1]?.[0]).toBeGreaterThanOrEqual(500);
      expect(seen[2]?.[0]).toBeGreaterThanOrEqual(1_000);
      expect(seen[2]?.[0]).toBeLessThanOrEqual(1_200);
    }
  });

  test.each([
    ['no line is JSON', ['x', 'y']],
    ['the first ten lines are not JSON', [...new Array<string>(10).fill('x'), '{"n":1}']],
  ])('row 107: is refused if %s', async (_what, texts) => {
    await expect(
      playAll(
        texts.map((text) => Buffer.from(text)),
        1,
      ),
    ).rejects.toThrow('not a recording');
  });

  test('row 107: --since is refused for plain NDJSON, which has no receive times', async () => {
    await expect(playAll([Buffer.from('{"n":1}')], { speed: 1, sinceMs: 0 })).rejects.toThrow(
      /require receive times/,
    );
  });
});
