// Contract § 4 on a fake clock: ticks as the connection makes them, against a peer that a test describes.
import { describe, expect, test } from '@jest/globals';
import {
  computeTickMs,
  type KeepaliveConfig,
  type KeepaliveVerdict,
  startKeepalive,
  tickKeepalive,
} from '../../../src/connection/read/heartbeat.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';

const SETTINGS: KeepaliveConfig = { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 };

/** What happens between one tick and the next; all of it is "no" unless said. */
interface Between {
  readonly hasRead?: boolean;
  readonly wasPaused?: boolean;
  /** The tick comes so much late: the process was stopped, or its loop blocked. */
  readonly lateMs?: number;
  /** The time of day jumps. */
  readonly wallJumpMs?: number;
}

interface Seen {
  /** Ms since the start. */
  readonly atMs: number;
  readonly verdict: KeepaliveVerdict;
}

/** Ticks for `forMs`, or until dead; returns every verdict but `wait`. */
function run(
  forMs: number,
  describeTick: (sinceMs: number, sincePingMs: number | undefined) => Between,
  settings = SETTINGS,
): Seen[] {
  const clock = createFakeClock();
  const startMs = clock.monotonicMs();
  let state = startKeepalive(settings, startMs, clock.wallMs());
  let pingedAtMs: number | undefined;
  const seen: Seen[] = [];
  while (clock.monotonicMs() - startMs < forMs) {
    const beforeMs = clock.monotonicMs();
    clock.advance(computeTickMs(settings));
    const sincePingMs = pingedAtMs === undefined ? undefined : clock.monotonicMs() - pingedAtMs;
    const between = describeTick(beforeMs - startMs, sincePingMs);
    clock.block(between.lateMs ?? 0);
    clock.jumpWall(between.wallJumpMs ?? 0);
    const { hasRead = false, wasPaused = false } = between;
    const sample = { nowMs: clock.monotonicMs(), wallMs: clock.wallMs(), hasRead, wasPaused };
    const ticked = tickKeepalive(settings, state, sample);
    state = ticked.state;
    if (ticked.verdict === 'ping') pingedAtMs = sample.nowMs;
    if (ticked.verdict !== 'wait') seen.push({ atMs: sample.nowMs - startMs, verdict: ticked.verdict });
    if (ticked.verdict === 'dead') break;
  }
  return seen;
}

const silence = (): Between => ({});
const deathOf = (seen: readonly Seen[]): number | undefined =>
  seen.find(({ verdict }) => verdict === 'dead')?.atMs;
const pingsOf = (seen: readonly Seen[]): number[] =>
  seen.filter(({ verdict }) => verdict === 'ping').map(({ atMs }) => atMs);

/** A peer that answers each ping within a tick. */
const healthy = (_sinceMs: number, sincePingMs: number | undefined): Between => ({
  hasRead: sincePingMs !== undefined && sincePingMs <= 1_000,
});

describe('K1: pings', () => {
  test('one every interval, on a connection that answers', () => {
    const seen = run(100_000, healthy);
    expect(pingsOf(seen)).toEqual([20_000, 40_000, 60_000, 80_000, 100_000]);
    expect(deathOf(seen)).toBeUndefined();
  });

  test('events do not hold them back', () => {
    expect(pingsOf(run(60_000, () => ({ hasRead: true })))).toEqual([20_000, 40_000, 60_000]);
  });
});

describe('K2: dead is a ping outstanding and no byte for the pong timeout', () => {
  test('silence from the start: dead one pong timeout after the first ping', () => {
    expect(run(300_000, silence)).toEqual([
      { atMs: 20_000, verdict: 'ping' },
      { atMs: 30_000, verdict: 'dead' },
    ]);
  });

  test('silence alone is not death: without a ping outstanding nothing is judged', () => {
    expect(run(19_000, silence)).toEqual([]);
    const settings = { pingIntervalMs: 60_000, pongTimeoutMs: 1_000 };
    expect(deathOf(run(59_000, silence, settings))).toBeUndefined();
    expect(deathOf(run(90_000, silence, settings))).toBe(61_000);
  });

  test('any byte is life, it need not be the pong', () => {
    const dripping = (sinceMs: number): Between => ({ hasRead: sinceMs % 9_000 === 0 });
    expect(deathOf(run(600_000, dripping))).toBeUndefined();
  });

  test('a byte before the ping does not answer it', () => {
    expect(deathOf(run(300_000, (sinceMs) => ({ hasRead: sinceMs < 19_000 })))).toBe(30_000);
  });

  test('the last byte answers the ping before it; the next ping finds the silence', () => {
    const seen = run(300_000, (sinceMs) => ({ hasRead: sinceMs === 22_000 }));
    expect(pingsOf(seen)).toEqual([20_000, 40_000]);
    expect(deathOf(seen)).toBe(50_000);
  });

  test('pings more frequent than the timeout do not push the verdict away', () => {
    const settings = { pingIntervalMs: 1_000, pongTimeoutMs: 5_000 };
    const seen = run(60_000, silence, settings);
    expect(pingsOf(seen)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
    expect(deathOf(seen)).toBe(6_000);
  });

  test.each([
    { pingIntervalMs: 100, pongTimeoutMs: 100 },
    { pingIntervalMs: 200, pongTimeoutMs: 300 },
    { pingIntervalMs: 1, pongTimeoutMs: 1 },
    { pingIntervalMs: 3_600_000, pongTimeoutMs: 3_600_000 },
  ])('with $pingIntervalMs / $pongTimeoutMs ms the verdict is late by two ticks at most', (settings) => {
    const tickMs = computeTickMs(settings);
    const dueMs = settings.pingIntervalMs + settings.pongTimeoutMs;
    const diedMs = deathOf(run(3 * dueMs + 100, silence, settings));
    expect(diedMs).toBeGreaterThanOrEqual(dueMs);
    expect(diedMs).toBeLessThanOrEqual(dueMs + 2 * tickMs);
    expect(tickMs).toBeLessThanOrEqual(1_000);
  });
});

describe('K3: while reading is paused, the clock of reading time stands still', () => {
  test('paused for an hour with a ping outstanding: alive, and pings go on', () => {
    const seen = run(3_600_000, (sinceMs) => ({ wasPaused: sinceMs >= 20_000 }));
    expect(deathOf(seen)).toBeUndefined();
    expect(pingsOf(seen)).toHaveLength(180);
  });

  test('after the pause only the rest of the timeout is left', () => {
    const pausedFrom25To125 = (sinceMs: number): Between => ({
      wasPaused: sinceMs >= 25_000 && sinceMs < 125_000,
    });
    expect(deathOf(run(600_000, pausedFrom25To125))).toBe(130_000);
  });

  test('a trickling reader, the pong behind megabytes of backlog: never dead', () => {
    // Every 30 s the reader takes a little: bytes are read for a moment, then it is paused again.
    const trickling = (sinceMs: number): Between => ({
      hasRead: sinceMs % 30_000 === 0,
      wasPaused: true,
    });
    expect(deathOf(run(3_600_000, trickling))).toBeUndefined();
  });

  test('a reader that stalls for 9 of every 10 s on a healthy connection: never dead', () => {
    const stalling = (sinceMs: number): Between => {
      const isReading = sinceMs % 10_000 === 0;
      return { hasRead: isReading, wasPaused: !isReading };
    };
    expect(deathOf(run(3_600_000, stalling))).toBeUndefined();
  });

  test('a dead peer is found by the reading time between the pauses', () => {
    const halfPaused = (sinceMs: number): Between => ({ wasPaused: (sinceMs / 1_000) % 2 === 1 });
    const diedMs = deathOf(run(600_000, halfPaused));
    expect(diedMs).toBeGreaterThanOrEqual(39_000);
    expect(diedMs).toBeLessThanOrEqual(41_000);
  });
});

describe('K4: no verdict on old timers', () => {
  test('row 12: stopped for a minute: a ping first, then one whole timeout', () => {
    const seen = run(300_000, (sinceMs) => ({ lateMs: sinceMs === 25_000 ? 60_000 : 0 }));
    expect(seen).toEqual([
      { atMs: 20_000, verdict: 'ping' },
      { atMs: 86_000, verdict: 'ping' },
      { atMs: 96_000, verdict: 'dead' },
    ]);
  });

  test('row 12: stopped while the connection stays healthy: no disconnect', () => {
    const stopped = (sinceMs: number, sincePingMs: number | undefined): Between => ({
      ...healthy(sinceMs, sincePingMs),
      lateMs: sinceMs === 20_000 ? 3_600_000 : 0,
    });
    expect(deathOf(run(4_000_000, stopped))).toBeUndefined();
  });

  test('row 14: the loop blocked for 5 s, again and again, a ping outstanding: no verdict at its end', () => {
    const settings = { pingIntervalMs: 1_000, pongTimeoutMs: 4_000 };
    const blocked = (sinceMs: number, sincePingMs: number | undefined): Between => ({
      hasRead: sincePingMs !== undefined && sincePingMs <= 1_000,
      lateMs: Math.floor(sinceMs / 500) % 20 === 19 ? 5_000 : 0,
    });
    expect(deathOf(run(600_000, blocked, settings))).toBeUndefined();
  });

  test('row 14: blocked for longer than a short timeout but not long enough to notice: read first', () => {
    const settings = { pingIntervalMs: 1_000, pongTimeoutMs: 200 };
    // The pong waits to be read when the tick comes, 400 ms late; it is read before the next one.
    let wasLate = false;
    const blocked = (_sinceMs: number, sincePingMs: number | undefined): Between => {
      const isLate = !wasLate && sincePingMs !== undefined && sincePingMs < 100;
      const between = { hasRead: wasLate, lateMs: isLate ? 400 : 0 };
      wasLate = isLate;
      return between;
    };
    expect(deathOf(run(60_000, blocked, settings))).toBeUndefined();
  });

  test('a loop that is always late still finds a dead peer', () => {
    const settings = { pingIntervalMs: 1_000, pongTimeoutMs: 200 };
    const diedMs = deathOf(run(60_000, () => ({ lateMs: 60 }), settings));
    expect(diedMs).toBeLessThanOrEqual(1_000 + 200 + 3 * 85);
  });

  test('a laptop that slept: the time of day went on, the monotonic clock did not', () => {
    const slept = (sinceMs: number, sincePingMs: number | undefined): Between => ({
      ...healthy(sinceMs, sincePingMs),
      wallJumpMs: sinceMs === 29_000 ? 8 * 3_600_000 : 0,
    });
    const seen = run(100_000, slept);
    expect(pingsOf(seen)).toContain(30_000);
    expect(deathOf(seen)).toBeUndefined();
  });

  test('a laptop that slept while its connection died: a ping first, then one whole timeout', () => {
    const seen = run(300_000, (sinceMs) => ({ wallJumpMs: sinceMs === 28_000 ? 8 * 3_600_000 : 0 }));
    expect(seen).toEqual([
      { atMs: 20_000, verdict: 'ping' },
      { atMs: 29_000, verdict: 'ping' },
      { atMs: 39_000, verdict: 'dead' },
    ]);
  });

  test.each([
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ])(
    'row 13: the wall clock jumps a day %s: no disconnect, and the next ping is an interval away',
    (_, jumpMs) => {
      const jumping = (sinceMs: number, sincePingMs: number | undefined): Between => ({
        ...healthy(sinceMs, sincePingMs),
        wallJumpMs: sinceMs === 25_000 ? jumpMs : 0,
      });
      const seen = run(100_000, jumping);
      expect(deathOf(seen)).toBeUndefined();
      expect(pingsOf(seen)).toEqual([20_000, 26_000, 46_000, 66_000, 86_000]);
    },
  );

  test('row 13: a clock that is slewed by less than 5 s is not even noticed', () => {
    const seen = run(100_000, (sinceMs, sincePingMs) => ({
      ...healthy(sinceMs, sincePingMs),
      wallJumpMs: sinceMs === 25_000 ? 4_900 : 0,
    }));
    expect(pingsOf(seen)).toEqual([20_000, 40_000, 60_000, 80_000, 100_000]);
  });
});
