// Clocks that only a test moves: one stops until it is advanced, one jumps to the next timer.
import type { Clock } from '../../src/clock.ts';

export interface FakeClock extends Clock {
  /** Moves both clocks and calls every timer that falls due on the way, in order, at its time. */
  advance(ms: number): void;
  /** As `advance`, but lets promises settle after every timer. */
  advanceAsync(ms: number): Promise<void>;
  /** Moves both clocks without calling a timer: the process was stopped, or its loop blocked. */
  block(ms: number): void;
  /** Sets the time of day forward or back; the monotonic clock does not notice. */
  jumpWall(ms: number): void;
  /** Timers that are set and neither called nor canceled. */
  readonly pendingTimers: number;
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Starts at 2026-01-01T00:00:00Z and 1000 monotonic ms by default. */
export function createFakeClock(wallMs = Date.UTC(2026, 0, 1), monotonicMs = 1_000): FakeClock {
  let wall = wallMs;
  let monotonic = monotonicMs;
  const timers = new Set<Timer>();

  const move = (toMs: number): void => {
    wall += Math.max(0, toMs - monotonic);
    monotonic = Math.max(monotonic, toMs);
  };
  /** The earliest timer that is due by then, taken out; timers of the same moment in the order of setting. */
  const takeDue = (byMs: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.atMs <= byMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    }
    if (first !== undefined) timers.delete(first);
    return first;
  };

  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    setTimer(callback, ms) {
      const timer = { atMs: monotonic + Math.max(0, ms), callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const untilMs = monotonic + ms;
      for (let due = takeDue(untilMs); due !== undefined; due = takeDue(untilMs)) {
        move(due.atMs);
        due.callback();
      }
      move(untilMs);
    },
    async advanceAsync(ms) {
      const untilMs = monotonic + ms;
      await settlePromises();
      for (let due = takeDue(untilMs); due !== undefined; due = takeDue(untilMs)) {
        move(due.atMs);
        due.callback();
        await settlePromises();
      }
      move(untilMs);
    },
    block(ms) {
      move(monotonic + ms);
    },
    jumpWall(ms) {
      wall += ms;
    },
    get pendingTimers() {
      return timers.size;
    },
  };
}

/** Resolves once the callbacks of every settled promise have run. */
export function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface LeapingClock extends Clock {
  /** Moves the time forward, as work without a timer does. */
  spend(ms: number): void;
}

/** A clock that never waits: a timer fires in the next microtask, and the time jumps to it. */
export function createLeapingClock(): LeapingClock {
  let now = 0;
  return {
    wallMs: () => now,
    monotonicMs: () => now,
    setTimer(callback, ms) {
      const atMs = now + Math.max(0, ms);
      let isCanceled = false;
      queueMicrotask(() => {
        if (isCanceled) return;
        now = Math.max(now, atMs);
        callback();
      });
      return () => {
        isCanceled = true;
      };
    },
    spend(ms) {
      now += ms;
    },
  };
}
