// --max-silence on a fake clock: the silence of a live connection, while reading is on.
import { describe, expect, test } from '@jest/globals';
import { createSilenceWatch, type SilenceWatch } from '../../src/session/stop-triggers.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';

interface Setup {
  readonly clock: FakeClock;
  readonly watch: SilenceWatch;
  /** The state of the writer. */
  readonly writer: { blockedSinceMs: number | undefined };
  /** Monotonic ms of each callback. */
  readonly called: number[];
}

function setUp(maxSilenceMs: number | undefined = 10_000): Setup {
  const clock = createFakeClock(0, 0);
  const writer: Setup['writer'] = { blockedSinceMs: undefined };
  const called: number[] = [];
  const watch = createSilenceWatch(maxSilenceMs, clock, writer, () => called.push(clock.monotonicMs()));
  return { clock, watch, writer, called };
}

describe('--max-silence', () => {
  test('calls back once if a live connection delivers nothing for the given time', () => {
    const { clock, watch, called } = setUp();
    clock.advance(60_000);
    watch.begin();
    clock.advance(9_999);
    expect(called).toEqual([]);
    clock.advance(1);
    expect(called).toEqual([70_000]);
    clock.advance(3_600_000);
    expect(called).toEqual([70_000]);
  });

  test('starts again after every event, without a timer for each event', () => {
    const { clock, watch, called } = setUp();
    watch.begin();
    for (let n = 0; n < 100; n += 1) {
      clock.advance(9_000);
      watch.noteEvent();
      expect(clock.pendingTimers).toBe(1);
    }
    expect(called).toEqual([]);
    clock.advance(10_000);
    expect(called).toEqual([910_000]);
  });

  test('does not count without a connection', () => {
    const { clock, watch, called } = setUp();
    watch.begin();
    clock.advance(9_000);
    watch.end();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(3_600_000);
    expect(called).toEqual([]);
    watch.begin();
    clock.advance(9_999);
    expect(called).toEqual([]);
    clock.advance(1);
    expect(called).toHaveLength(1);
  });

  test('O4: while stdout is blocked and nothing is read, silence does not count', () => {
    const { clock, watch, writer, called } = setUp();
    watch.begin();
    clock.advance(5_000);
    writer.blockedSinceMs = clock.monotonicMs();
    clock.advance(3_600_000);
    expect(called).toEqual([]);
    writer.blockedSinceMs = undefined;
    watch.noteEvent();
    clock.advance(9_999);
    expect(called).toEqual([]);
    clock.advance(1);
    expect(called).toHaveLength(1);
  });

  test('does nothing without the flag', () => {
    const clock = createFakeClock();
    const watch = createSilenceWatch(undefined, clock, { blockedSinceMs: undefined }, () => {
      throw new Error('unexpected call');
    });
    watch.begin();
    watch.noteEvent();
    clock.advance(3_600_000);
    watch.end();
    expect(clock.pendingTimers).toBe(0);
  });
});
