// What ends a run from outside of the stream: signals, bugs, durations (contract S1, S2).
import { describe, expect, test } from '@jest/globals';
import type { LineWriter } from '../../src/io/line-writer.ts';
import { createStop, type Stop } from '../../src/io/stop.ts';
import { watchStopTriggers } from '../../src/session/stop-triggers.ts';
import { createFakeIo, type FakeIo } from '../helpers/fake-io.ts';

interface Setup {
  readonly io: FakeIo;
  readonly stop: Stop;
  /** The time limits that were set for the writer. */
  readonly cuts: number[];
  unwatch(): void;
}

function setUp(bounds: { durationMs?: number; timeoutMs?: number } = {}): Setup {
  const io = createFakeIo();
  const stop = createStop();
  const cuts: number[] = [];
  const writer = { cutAfter: (ms: number) => void cuts.push(ms) } as unknown as LineWriter;
  const { durationMs, timeoutMs } = bounds;
  return { io, stop, cuts, unwatch: watchStopTriggers({ durationMs, timeoutMs }, io, stop, writer) };
}

describe('S1: signals', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'the first %s ends the run in order, draining for 2 s',
    (signal) => {
      const { io, stop, cuts } = setUp();
      io.raise(signal);
      expect(stop.reason).toEqual({ kind: 'signal', signal });
      expect(cuts).toEqual([2_000]);
      expect(io.ends).toEqual([]);
    },
  );

  test('a signal while the run ends for another reason limits the flush, and decides the outcome', () => {
    const { io, stop, cuts } = setUp();
    stop.because({ kind: 'limit' });
    io.raise('SIGINT');
    expect(stop.reason).toEqual({ kind: 'signal', signal: 'SIGINT' });
    expect(cuts).toEqual([2_000]);
  });
});

describe('S2: bugs', () => {
  test('end the run as a bug, after flushing for 2 s', () => {
    const { io, stop, cuts } = setUp();
    const error = new TypeError('a bug');
    io.failUncaught(error);
    io.failUncaught(new TypeError('a later error'));
    expect(stop.reason).toEqual({ kind: 'fault', error });
    expect(cuts).toEqual([2_000]);
  });

  test('are passed to the previous handler within 3 s, whatever hangs', () => {
    const { io } = setUp();
    const error = new TypeError('a bug');
    io.failUncaught(error);
    io.clock.advance(2_999);
    expect(io.handlers).toBe(2);
    expect(() => io.clock.advance(1)).toThrow(error);
    expect(io.handlers).toBe(1);
  });

  test('leave no timer after the run', () => {
    const { io, unwatch } = setUp();
    io.failUncaught(new TypeError('a bug'));
    unwatch();
    expect(io.clock.pendingTimers).toBe(0);
  });
});

describe('§ 1: durations', () => {
  test('--duration flushes the queue without a time limit', () => {
    const { io, stop, cuts } = setUp({ durationMs: 60_000 });
    io.clock.advance(59_999);
    expect(stop.reason).toBeUndefined();
    io.clock.advance(1);
    expect(stop.reason).toEqual({ kind: 'duration' });
    expect(cuts).toEqual([]);
  });

  test('--timeout limits the flush, whatever the reader of stdout does', () => {
    const { io, stop, cuts } = setUp({ timeoutMs: 60_000 });
    io.clock.advance(60_000);
    expect(stop.reason).toEqual({ kind: 'timeout' });
    expect(cuts).toEqual([2_000]);
  });

  test('the shorter one of --duration and --timeout ends the run', () => {
    const { io, stop } = setUp({ durationMs: 2_000, timeoutMs: 1_000 });
    io.clock.advance(10_000);
    expect(stop.reason).toEqual({ kind: 'timeout' });
  });
});

test('after unwatch no handler and no timer is left', () => {
  const { io, unwatch } = setUp({ durationMs: 60_000, timeoutMs: 60_000 });
  expect(io.handlers).toBe(2);
  unwatch();
  expect(io.handlers).toBe(0);
  expect(io.clock.pendingTimers).toBe(0);
});
