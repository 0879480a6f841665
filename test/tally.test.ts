// The figures of a run for its summary (contract G3), and how often discarded messages are told (G4).
import { describe, expect, test } from '@jest/globals';
import type { Cause } from '../src/connection/causes.ts';
import { type Loss, startTally } from '../src/tally.ts';
import { createFakeClock } from './helpers/fake-clock.ts';

const CAUSE: Cause = { kind: 'dropped', host: 'api.atlantis.example', detail: 'as the test says' };
const LOSS: Loss = { kind: 'lost', cause: CAUSE, lastByteAtMs: 0, upMs: 1 };

describe('G3: figures of a run', () => {
  test('a run that never connected', () => {
    const clock = createFakeClock();
    const tally = startTally(clock);
    clock.advance(5_000);
    expect(tally.summarize(0)).toEqual({
      events: 0,
      durationMs: 5_000,
      reconnects: 0,
      disconnectedMs: 0,
      pausedMs: 0,
      discarded: new Map(),
    });
  });

  test('reconnects, and the time without a connection between them', () => {
    const clock = createFakeClock();
    const tally = startTally(clock);
    clock.advance(1_000);
    tally.noteConnected();
    tally.events += 7;
    clock.advance(60_000);
    tally.noteLost(LOSS);
    clock.advance(2_000);
    tally.noteConnected();
    clock.advance(60_000);
    tally.noteLost(LOSS);
    clock.advance(3_000);
    tally.noteConnected();
    tally.events += 1;
    expect(tally.summarize(1_500)).toMatchObject({
      events: 8,
      durationMs: 126_000,
      reconnects: 2,
      disconnectedMs: 5_000,
      pausedMs: 1_500,
    });
  });

  test('a run that ends without a connection counts that time too', () => {
    const clock = createFakeClock();
    const tally = startTally(clock);
    tally.noteConnected();
    tally.noteLost(LOSS);
    clock.advance(9_000);
    expect(tally.summarize(0)).toMatchObject({ reconnects: 0, disconnectedMs: 9_000 });
  });

  test('a clock of the wall that jumps changes no figure', () => {
    const clock = createFakeClock();
    const tally = startTally(clock);
    clock.jumpWall(-86_400_000);
    clock.advance(1_000);
    expect(tally.summarize(0).durationMs).toBe(1_000);
  });

  test('G2: a gap is open from the loss until the stream is live again', () => {
    const tally = startTally(createFakeClock());
    expect(tally.openGap).toBeUndefined();
    tally.noteConnected();
    tally.noteLost(LOSS);
    expect(tally.openGap).toBe(LOSS);
    tally.noteConnected();
    expect(tally.openGap).toBeUndefined();
  });
});

describe('G4: discarded messages', () => {
  test('the first is told at once, then at most one line every 5 s, and none is forgotten', () => {
    const clock = createFakeClock();
    const tally = startTally(clock);
    expect(tally.noteDiscarded(['binary'])).toEqual(new Map([['binary', 1]]));
    const told: number[] = [];
    for (let n = 0; n < 100; n += 1) {
      clock.advance(100);
      const now = tally.noteDiscarded(['not JSON', 'binary']);
      if (now !== undefined) told.push((now.get('binary') ?? 0) + (now.get('not JSON') ?? 0));
    }
    expect(told).toEqual([100, 100]);
    expect(tally.summarize(0).discarded).toEqual(
      new Map([
        ['binary', 101],
        ['not JSON', 100],
      ]),
    );
  });

  test('nothing is told where nothing was discarded', () => {
    expect(startTally(createFakeClock()).noteDiscarded([])).toBeUndefined();
  });
});
