import { describe, expect, test } from '@jest/globals';
import { textsOf } from '../../src/events/batch.ts';
import { type Played, playRecording } from '../../src/recording/play.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const line = (atMs: number, n: number, connection = 1): Buffer =>
  Buffer.from(
    `{"received_at":"${new Date(START_MS + atMs).toISOString()}","seq":${n},"connection":${connection},"event":{"n":${n}}}`,
  );

/** Plays lines that were read together: `[ms since the start, content]` for each item. */
async function playAll(lines: readonly Buffer[], speed: number): Promise<[number, string][]> {
  const clock = createFakeClock();
  const startedAtMs = clock.monotonicMs();
  const source = (async function* () {
    yield { lines };
  })();
  const seen: [number, string][] = [];
  const { signal } = new AbortController();
  let isOver = false;
  const playing = (async () => {
    for await (const item of playRecording(source, { speed, clock, signal })) {
      seen.push([clock.monotonicMs() - startedAtMs, describeItem(item)]);
    }
    isOver = true;
  })();
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
  ])('keeps the spacing at %dx', async (speed, times) => {
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
});
