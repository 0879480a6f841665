// Which pong answers which ping: round trips, also of pings that overlap.
import { expect, test } from '@jest/globals';
import { Heartbeat } from '../../../src/connection/read/heartbeat.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';

function start(pingIntervalMs: number) {
  const clock = createFakeClock();
  let pings = 0;
  const heart = new Heartbeat({ pingIntervalMs, pongTimeoutMs: 60_000 }, clock, {
    isPaused: () => false,
    sendPing: () => {
      pings += 1;
    },
    onDead: () => {
      throw new Error('dead');
    },
    onAway: () => undefined,
  });
  return { clock, heart, countPings: () => pings };
}

test('K1: a pong answers the earliest open ping: slow ones are told as slow, whatever the interval', async () => {
  const { clock, heart, countPings } = start(150);
  heart.start();
  const asked = heart.ping();
  clock.advance(400);
  expect(countPings()).toBe(3);
  heart.notePong();
  expect([await asked, heart.roundTripMs]).toEqual([400, 400]);
  heart.stop();
});

test('K1: a pong that nobody asked for is nothing', () => {
  const { clock, heart } = start(0);
  heart.notePong();
  expect(heart.roundTripMs).toBeUndefined();
  void heart.ping();
  clock.advance(20);
  heart.notePong();
  clock.advance(1_000);
  heart.notePong();
  expect(heart.roundTripMs).toBe(20);
});
