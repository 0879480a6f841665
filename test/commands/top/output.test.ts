// The second in which `top` counts events that waited in the queue of the connection.
import { expect, test } from '@jest/globals';
import type { TopConfig } from '../../../src/commands/top/config.ts';
import { ConnectionState } from '../../../src/commands/top/connection-state.ts';
import { createFactReader } from '../../../src/commands/top/event-facts.ts';
import { createTopOutput } from '../../../src/commands/top/output.ts';
import { Ranking } from '../../../src/commands/top/ranking.ts';
import { Timeline } from '../../../src/commands/top/timeline.ts';
import { makeLines } from '../../../src/events/batch.ts';
import { PLAIN_LOG_STYLE } from '../../../src/render/paint.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';
import { createFakeIo } from '../../helpers/fake-io.ts';

const CONFIG: TopConfig = {
  by: [],
  sort: 'events',
  rows: 10,
  dollars: [],
  time: [],
  watchedPaths: [],
  once: { withinMs: undefined, isJson: true },
  source: { kind: 'service' },
};

test.each([
  ['in the second in which it arrived', 0, [1, 0]],
  ['at most 100 ms before now, if the wall clock was set forward meanwhile', 3_600_000, [1, 0]],
  ['now, if the wall clock was set back meanwhile', -3_600_000, [0, 1]],
])('L2: an event that waited in the queue is counted %s', async (_when, jumpMs, seconds) => {
  const clock = createFakeClock();
  const io = { ...createFakeIo(), clock };
  const timeline = new Timeline(true);
  const ranking = new Ranking(timeline);
  const data = {
    by: [],
    ranking,
    timeline,
    connection: new ConnectionState(clock),
    source: 'h',
    isFile: false,
  };
  const frame = { style: { ...PLAIN_LOG_STYLE, header: PLAIN_LOG_STYLE.live } };
  const parts = { config: CONFIG, data, frame, readFacts: createFactReader(CONFIG) };
  const output = createTopOutput(parts, io, () => {})(
    () => {},
    () => {},
  );
  timeline.advance(clock.monotonicMs());
  clock.advance(990);
  const batch = { ...makeLines(Buffer.from('{}\n'), 0), discarded: [], receivedAtMs: clock.wallMs() };
  clock.advance(50);
  clock.jumpWall(jumpMs);
  await output.writeEvents(batch, 1, { connection: 1, firstSeq: 1 });
  clock.advance(1_000);
  timeline.advance(clock.monotonicMs());
  expect(ranking.total.series.readTrend(2)).toEqual(seconds);
});
