// The figures of a run for its summary (contract G3), and how often discarded messages are reported (G4).
import { describe, expect, test } from '@jest/globals';
import type { Cause, Lost } from '../../src/connection/lifecycle.ts';
import { Tally } from '../../src/session/tally.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const CAUSE: Cause = { kind: 'dropped', host: 'api.atlantis.example', detail: 'as the test says' };
const ignore = (): void => {};
const LOSS: Lost = { kind: 'lost', cause: CAUSE, lastByteAtMs: 0, upMs: 1 };

describe('G3: figures of a run', () => {
  test('of a run that never connected: no reconnects, no gaps, no time without a connection', () => {
    const clock = createFakeClock();
    const tally = new Tally(clock, ignore);
    clock.advance(5_000);
    expect(tally.summarize(0)).toEqual({
      events: 0,
      durationMs: 5_000,
      reconnects: 0,
      gaps: 0,
      isGapOpen: false,
      gapMs: 0,
      disconnectedMs: 0,
      pausedMs: 0,
      discarded: new Map(),
      filtered: undefined,
    });
  });

  test('include reconnects, and the time without a connection', () => {
    const clock = createFakeClock();
    const tally = new Tally(clock, ignore);
    clock.advance(1_000);
    tally.noteConnected();
    tally.events += 7;
    clock.advance(60_000);
    tally.noteLost(LOSS, true);
    clock.advance(2_000);
    tally.noteConnected();
    clock.advance(60_000);
    tally.noteLost(LOSS, true);
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

  test('include the time without a connection at the end of a run', () => {
    const clock = createFakeClock();
    const tally = new Tally(clock, ignore);
    tally.noteConnected();
    tally.noteLost(LOSS, true);
    clock.advance(9_000);
    expect(tally.summarize(0)).toMatchObject({ reconnects: 0, disconnectedMs: 9_000 });
  });

  test.each([
    ['set back by a day', -86_400_000, 1_000],
    ['ahead by a day, as after a suspension', 86_400_000, 86_401_000],
  ])(
    'row 85: with a wall clock that is %s, use the longer time of both clocks',
    (_what, jumpMs, expectedMs) => {
      const clock = createFakeClock();
      const tally = new Tally(clock, ignore);
      tally.noteConnected();
      tally.noteLost(LOSS, true);
      clock.jumpWall(jumpMs);
      clock.advance(1_000);
      expect(tally.summarize(0)).toMatchObject({ durationMs: expectedMs, disconnectedMs: expectedMs });
    },
  );

  test('G2, G3: a gap is open from the loss until the stream is live again', () => {
    const clock = createFakeClock();
    const tally = new Tally(clock, ignore);
    const loss = { ...LOSS, lastByteAtMs: clock.wallMs() - 500 };
    expect(tally.openGap).toBeUndefined();
    tally.noteConnected();
    tally.noteLost(loss, true);
    clock.advance(2_000);
    expect(tally.openGap).toEqual({ loss, durationMs: 2_500 });
    expect(tally.summarize(0)).toMatchObject({ gaps: 1, isGapOpen: true, gapMs: 2_500 });
    tally.noteConnected();
    tally.noteGap(2_600);
    expect(tally.openGap).toBeUndefined();
    expect(tally.summarize(0)).toMatchObject({ gaps: 1, isGapOpen: false, gapMs: 2_600 });
  });

  test('G3: a loss after which no events are missed is not a gap', () => {
    const tally = new Tally(createFakeClock(), ignore);
    tally.noteLost(LOSS, false);
    expect(tally.summarize(0)).toMatchObject({ gaps: 0, isGapOpen: false });
  });
});

describe('G4: discarded messages', () => {
  test('the first is reported at once, then at most one line every 5 s, and none is lost', () => {
    const clock = createFakeClock();
    const reported: { atMs: number; discarded: ReadonlyMap<string, number> }[] = [];
    const tally = new Tally(
      clock,
      (discarded) => void reported.push({ atMs: clock.monotonicMs(), discarded }),
    );
    const startedAtMs = clock.monotonicMs();
    tally.noteDiscarded(['binary']);
    for (let n = 0; n < 99; n += 1) {
      clock.advance(100);
      tally.noteDiscarded(['not JSON', 'binary']);
    }
    clock.advance(60_000);
    const both = (count: number) => new Map(['not JSON', 'binary'].map((reason) => [reason, count]));
    expect(reported.map(({ atMs, discarded }) => [atMs - startedAtMs, discarded])).toEqual([
      [0, new Map([['binary', 1]])],
      [5_000, both(49)],
      [10_000, both(50)],
    ]);
    expect(tally.summarize(0).discarded).toEqual(
      new Map([
        ['binary', 100],
        ['not JSON', 99],
      ]),
    );
    tally.noteDiscarded(['too large']);
    expect(reported.at(-1)?.discarded).toEqual(new Map([['too large', 1]]));
  });

  test('nothing is reported without discarded messages, or after the end', () => {
    const clock = createFakeClock();
    let reported = 0;
    const tally = new Tally(clock, () => {
      reported += 1;
    });
    tally.noteDiscarded([]);
    expect(reported).toBe(0);
    tally.noteDiscarded(['binary']);
    tally.noteDiscarded(['binary']);
    tally.end();
    clock.advance(60_000);
    expect(reported).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
