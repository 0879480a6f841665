// How far the order in a sink can differ from the order of the events, when it refuses some of them for now and takes
// those after them, as a full JetStream stream with `discard: new` does.
import { expect, test } from '@jest/globals';
import { Backlog } from '../../src/delivery/backlog.ts';
import { Worker } from '../../src/delivery/worker.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { ACCEPTED, createFakeSink, makeNumbered } from './fake-sink.ts';

/** The largest number of later records that are in the sink before the same record. */
function measureDisplacement(stored: readonly number[]): number {
  return Math.max(
    ...stored.map((number, at) => stored.slice(0, at).filter((other) => other > number).length),
  );
}

test.each([
  ['now and then', 0.03],
  ['often', 0.3],
])(
  'row 159: records that are refused %s are late by less than one window, and never lost',
  async (_what, share) => {
    const [window, count] = [16, 400];
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const stored: number[] = [];
    const sink = createFakeSink();
    sink.auto = ([number = -1]) => {
      if (random() < share) return { kind: 'failed', fault: { message: 'maximum messages exceeded' } };
      if (!stored.includes(number)) stored.push(number);
      return ACCEPTED;
    };
    const clock = createFakeClock();
    const worker = new Worker(
      sink,
      new Backlog(1_000),
      { window, policy: { retryMinMs: 250, retryMaxMs: 250 }, givesUpAtStart: 'never' },
      { clock, random: () => 0.5, report() {}, onChange() {}, deadLetter: undefined },
    );
    const run = worker.run();
    worker.append(makeNumbered(0, count));
    for (let n = 0; n < 1_000 && worker.pending > 0; n += 1) await clock.advanceAsync(300);
    worker.stop();
    await run;
    expect([...stored].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_unused, n) => n));
    expect(measureDisplacement(stored)).toBeLessThan(window);
  },
);
