import { describe, expect, test } from '@jest/globals';
import { startPace } from '../../src/simulator/perform.ts';

describe('pacing', () => {
  test('the first event is due at once, the next one period later', () => {
    const pace = startPace(5, 1_000);
    expect(pace.countDue(1_000)).toBe(1);
    pace.advance(1);
    expect(pace.countDue(1_199)).toBe(0);
    expect(pace.getWaitMs(1_000)).toBe(200);
    expect(pace.countDue(1_200)).toBe(1);
  });

  test('at a high rate, a tick has many events, and a second has exactly as many as the rate', () => {
    const pace = startPace(50_000, 0);
    let sent = 0;
    for (let now = 0; now < 1_000; now += 4) {
      const due = pace.countDue(now);
      pace.advance(due);
      sent += due;
    }
    expect(Math.abs(sent - 50_000 * 0.996)).toBeLessThan(5);
  });

  test('after a pause, the events of at most a quarter of a second are sent late', () => {
    const pace = startPace(1_000, 0);
    pace.advance(pace.countDue(0));
    const due = pace.countDue(60_000);
    expect(due).toBe(251);
    pace.advance(due);
    expect(pace.countDue(60_000)).toBe(0);
  });

  test('rate 0 sends nothing, and an infinite rate has no limit', () => {
    expect(startPace(0, 0).countDue(1e9)).toBe(0);
    const pace = startPace(Number.POSITIVE_INFINITY, 0);
    pace.advance(1_000);
    expect(pace.countDue(0)).toBe(Number.POSITIVE_INFINITY);
  });

  test('R1: no wait overflows a timer', () => {
    expect(startPace(0, 0).getWaitMs(0)).toBeLessThan(2 ** 31);
    const pace = startPace(1e-9, 0);
    pace.advance(1);
    expect(pace.getWaitMs(0)).toBeLessThan(2 ** 31);
  });
});
