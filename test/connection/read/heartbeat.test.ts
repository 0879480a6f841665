// Contract § 4 on a fake clock: when pings are sent, when a connection is dead, and which pong answers which ping.
import { describe, expect, test } from '@jest/globals';
import { Arrival } from '../../../src/connection/read/arrival.ts';
import { Heartbeat, type KeepaliveConfig } from '../../../src/connection/read/heartbeat.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';

const CONFIG: KeepaliveConfig = { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 };

/** The events between two ticks; none by default. */
interface Between {
  readonly hasRead?: boolean;
  readonly wasPaused?: boolean;
  /** How late the tick is, because the process was suspended or its event loop blocked. */
  readonly lateMs?: number;
  /** A jump of the wall clock. */
  readonly wallJumpMs?: number;
}

interface Seen {
  /** Ms since the start. */
  readonly atMs: number;
  readonly what: 'ping' | 'dead';
}

/** Runs the ticks of a heartbeat for `forMs`, or until the connection is dead; returns the pings and the death. */
function run(
  forMs: number,
  describeTick: (sinceMs: number, sincePingMs: number | undefined, tickMs: number) => Between,
  config = CONFIG,
): Seen[] {
  const clock = createFakeClock();
  const startMs = clock.monotonicMs();
  const seen: Seen[] = [];
  let pingedAtMs: number | undefined;
  let next: { readonly tick: () => void; readonly ms: number } | undefined;
  const note = (what: Seen['what']): void => {
    if (what === 'ping') pingedAtMs = clock.monotonicMs();
    seen.push({ atMs: clock.monotonicMs() - startMs, what });
  };
  const ticks = {
    ...clock,
    setTimer(tick: () => void, ms: number) {
      next = { tick, ms };
      return () => {};
    },
  };
  const heartbeat = new Heartbeat(config, ticks, {
    onSuspect: () => undefined,
    isPaused: () => false,
    sendPing: () => note('ping'),
    onDead: () => note('dead'),
    onSuspended: () => {},
  });
  heartbeat.start();
  while (next !== undefined && clock.monotonicMs() - startMs < forMs) {
    const { tick, ms } = next;
    next = undefined;
    const beforeMs = clock.monotonicMs();
    clock.advance(ms);
    const sincePingMs = pingedAtMs === undefined ? undefined : clock.monotonicMs() - pingedAtMs;
    const between = describeTick(beforeMs - startMs, sincePingMs, ms);
    clock.block(between.lateMs ?? 0);
    clock.jumpWall(between.wallJumpMs ?? 0);
    if (between.hasRead === true) heartbeat.noteRead();
    if (between.wasPaused === true) heartbeat.notePaused();
    tick();
  }
  return seen;
}

const silence = (): Between => ({});
const deathOf = (seen: readonly Seen[]): number | undefined => seen.find(({ what }) => what === 'dead')?.atMs;
const pingsOf = (seen: readonly Seen[]): number[] =>
  seen.filter(({ what }) => what === 'ping').map(({ atMs }) => atMs);

/** A peer that answers each ping within a tick. */
const healthy = (_sinceMs: number, sincePingMs: number | undefined): Between => ({
  hasRead: sincePingMs !== undefined && sincePingMs <= 1_000,
});

describe('K1: pings', () => {
  test('are sent every interval on a connection that answers', () => {
    const seen = run(100_000, healthy);
    expect(pingsOf(seen)).toEqual([20_000, 40_000, 60_000, 80_000, 100_000]);
    expect(deathOf(seen)).toBeUndefined();
  });

  test('are not delayed by events', () => {
    expect(pingsOf(run(60_000, () => ({ hasRead: true })))).toEqual([20_000, 40_000, 60_000]);
  });
});

describe('K2: a connection is dead if a ping is outstanding and no byte arrives for the pong timeout', () => {
  test('silence from the start: dead one pong timeout after the first ping', () => {
    expect(run(300_000, silence)).toEqual([
      { atMs: 20_000, what: 'ping' },
      { atMs: 30_000, what: 'dead' },
    ]);
  });

  test('silence without an outstanding ping is not a dead connection', () => {
    expect(run(19_000, silence)).toEqual([]);
    const config = { pingIntervalMs: 60_000, pongTimeoutMs: 1_000 };
    expect(deathOf(run(59_000, silence, config))).toBeUndefined();
    expect(deathOf(run(90_000, silence, config))).toBe(61_000);
  });

  test('any byte proves the peer alive, not only the pong', () => {
    const dripping = (sinceMs: number): Between => ({ hasRead: sinceMs % 9_000 === 0 });
    expect(deathOf(run(600_000, dripping))).toBeUndefined();
  });

  test('a byte before the ping does not answer it', () => {
    expect(deathOf(run(300_000, (sinceMs) => ({ hasRead: sinceMs < 19_000 })))).toBe(30_000);
  });

  test('a byte after a ping answers it; only the next ping detects the silence after that byte', () => {
    const seen = run(300_000, (sinceMs) => ({ hasRead: sinceMs === 22_000 }));
    expect(pingsOf(seen)).toEqual([20_000, 40_000]);
    expect(deathOf(seen)).toBe(50_000);
  });

  test('pings that are more frequent than the timeout do not delay the verdict', () => {
    const config = { pingIntervalMs: 1_000, pongTimeoutMs: 5_000 };
    const seen = run(60_000, silence, config);
    expect(pingsOf(seen)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
    expect(deathOf(seen)).toBe(6_000);
  });

  test.each([
    { pingIntervalMs: 100, pongTimeoutMs: 100 },
    { pingIntervalMs: 200, pongTimeoutMs: 300 },
    { pingIntervalMs: 1, pongTimeoutMs: 1 },
    { pingIntervalMs: 3_600_000, pongTimeoutMs: 3_600_000 },
  ])(
    'with an interval of $pingIntervalMs ms and a timeout of $pongTimeoutMs ms the verdict is at most two ticks late',
    (config) => {
      const dueMs = config.pingIntervalMs + config.pongTimeoutMs;
      let tickMs = 0;
      const noteTick = (_sinceMs: number, _sincePingMs: number | undefined, ms: number): Between => {
        tickMs = ms;
        return {};
      };
      const diedMs = deathOf(run(3 * dueMs + 100, noteTick, config));
      expect(diedMs).toBeGreaterThanOrEqual(dueMs);
      expect(diedMs).toBeLessThanOrEqual(dueMs + 2 * tickMs);
      expect(tickMs).toBeLessThanOrEqual(1_000);
    },
  );
});

describe('K3: reading time stops while reading is paused', () => {
  test('paused for an hour with a ping outstanding: not dead, and pings continue', () => {
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

  test('a slow reader, with megabytes of backlog before the pong: never dead', () => {
    // Every 30 s the reader reads a little, then pauses again.
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

  test('a dead peer is detected by the reading time between pauses', () => {
    const halfPaused = (sinceMs: number): Between => ({ wasPaused: (sinceMs / 1_000) % 2 === 1 });
    const diedMs = deathOf(run(600_000, halfPaused));
    expect(diedMs).toBeGreaterThanOrEqual(39_000);
    expect(diedMs).toBeLessThanOrEqual(41_000);
  });
});

describe('K4: no verdict on outdated timers', () => {
  test('row 12: suspended for a minute while the peer died: pings first, then waits for a full timeout', () => {
    const seen = run(300_000, (sinceMs) => ({ lateMs: sinceMs === 25_000 ? 60_000 : 0 }));
    expect(seen).toEqual([
      { atMs: 20_000, what: 'ping' },
      { atMs: 86_000, what: 'ping' },
      { atMs: 96_000, what: 'dead' },
    ]);
  });

  test('row 12 (G1): bytes that are read before the late tick count as received before the suspension', () => {
    const clock = createFakeClock();
    const arrival = new Arrival(clock);
    const heartbeat = new Heartbeat(CONFIG, clock, {
      onSuspect: () => undefined,
      isPaused: () => false,
      sendPing: () => undefined,
      onDead: () => undefined,
      onSuspended() {
        arrival.noteStopped();
        arrival.noteResumed();
      },
    });
    const read = (): number => {
      heartbeat.noteRead();
      arrival.noteRead(100);
      return arrival.lastByteAtMs;
    };
    clock.block(60_000);
    expect(read()).toBe(clock.wallMs());
    heartbeat.start();
    const stoppedAtMs = clock.wallMs();
    clock.block(60_000);
    expect([read(), read()]).toEqual([stoppedAtMs, stoppedAtMs]);
  });

  test('row 12: suspended while the connection stays healthy: no disconnect', () => {
    const stopped = (sinceMs: number, sincePingMs: number | undefined): Between => ({
      ...healthy(sinceMs, sincePingMs),
      lateMs: sinceMs === 20_000 ? 3_600_000 : 0,
    });
    expect(deathOf(run(4_000_000, stopped))).toBeUndefined();
  });

  test('row 14: the event loop is repeatedly blocked for 5 s with a ping outstanding: no disconnect', () => {
    const config = { pingIntervalMs: 1_000, pongTimeoutMs: 4_000 };
    const blocked = (sinceMs: number, sincePingMs: number | undefined): Between => ({
      hasRead: sincePingMs !== undefined && sincePingMs <= 1_000,
      lateMs: Math.floor(sinceMs / 500) % 20 === 19 ? 5_000 : 0,
    });
    expect(deathOf(run(600_000, blocked, config))).toBeUndefined();
  });

  test('row 14: an undetected block that is longer than a short timeout: bytes are read before the verdict', () => {
    const config = { pingIntervalMs: 1_000, pongTimeoutMs: 200 };
    // The pong waits while the tick is 400 ms late, and is read before the next tick.
    let wasLate = false;
    const blocked = (_sinceMs: number, sincePingMs: number | undefined): Between => {
      const isLate = !wasLate && sincePingMs !== undefined && sincePingMs < 100;
      const between = { hasRead: wasLate, lateMs: isLate ? 400 : 0 };
      wasLate = isLate;
      return between;
    };
    expect(deathOf(run(60_000, blocked, config))).toBeUndefined();
  });

  test('an event loop that is always late still detects a dead peer', () => {
    const config = { pingIntervalMs: 1_000, pongTimeoutMs: 200 };
    const diedMs = deathOf(run(60_000, () => ({ lateMs: 60 }), config));
    expect(diedMs).toBeLessThanOrEqual(1_000 + 200 + 3 * 85);
  });

  test('a laptop that slept, so that only the wall clock advanced: pings at once, no disconnect', () => {
    const slept = (sinceMs: number, sincePingMs: number | undefined): Between => ({
      ...healthy(sinceMs, sincePingMs),
      wallJumpMs: sinceMs === 29_000 ? 8 * 3_600_000 : 0,
    });
    const seen = run(100_000, slept);
    expect(pingsOf(seen)).toContain(30_000);
    expect(deathOf(seen)).toBeUndefined();
  });

  test('a laptop that slept while its connection died: pings first, then waits for a full timeout', () => {
    const seen = run(300_000, (sinceMs) => ({ wallJumpMs: sinceMs === 28_000 ? 8 * 3_600_000 : 0 }));
    expect(seen).toEqual([
      { atMs: 20_000, what: 'ping' },
      { atMs: 29_000, what: 'ping' },
      { atMs: 39_000, what: 'dead' },
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

  test('row 13: an adjustment of the clock by less than 5 s has no effect', () => {
    const seen = run(100_000, (sinceMs, sincePingMs) => ({
      ...healthy(sinceMs, sincePingMs),
      wallJumpMs: sinceMs === 25_000 ? 4_900 : 0,
    }));
    expect(pingsOf(seen)).toEqual([20_000, 40_000, 60_000, 80_000, 100_000]);
  });
});

function start(pingIntervalMs: number) {
  const clock = createFakeClock();
  let pings = 0;
  const heartbeat = new Heartbeat({ pingIntervalMs, pongTimeoutMs: 60_000 }, clock, {
    onSuspect: () => undefined,
    isPaused: () => false,
    sendPing: () => {
      pings += 1;
    },
    onDead: () => {
      throw new Error('dead');
    },
    onSuspended: () => undefined,
  });
  return { clock, heartbeat, countPings: () => pings };
}

test('K1: a pong answers the earliest outstanding ping, so that a round trip longer than the interval is measured', async () => {
  const { clock, heartbeat, countPings } = start(150);
  heartbeat.start();
  const asked = heartbeat.ping();
  clock.advance(400);
  expect(countPings()).toBe(3);
  heartbeat.notePong();
  expect([await asked, heartbeat.roundTripMs]).toEqual([400, 400]);
  heartbeat.stop();
});

test('K1: a pong without a ping is ignored', () => {
  const { clock, heartbeat } = start(0);
  heartbeat.notePong();
  expect(heartbeat.roundTripMs).toBeUndefined();
  void heartbeat.ping();
  clock.advance(20);
  heartbeat.notePong();
  clock.advance(1_000);
  heartbeat.notePong();
  expect(heartbeat.roundTripMs).toBe(20);
});
