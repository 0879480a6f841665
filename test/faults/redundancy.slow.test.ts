// Two connections over real sockets, of which one is killed every two seconds for a minute.
import { expect, test } from '@jest/globals';
import { startEventHub } from '../helpers/event-hub.ts';
import { startTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

const EVENTS = 60_000;

test('row 182: all of 60,000 events, sent at 1,000 per second, are printed once, without a gap', async () => {
  const hub = await startEventHub();
  const args = ['--connections', '2', '--fail-on-gap', '-n', String(EVENTS), '--timeout', '150s'];
  const tail = startTail(hub.url, [...args, '--retry-min', '250ms', '--retry-max', '250ms'], {
    log: 'json',
    spawned: true,
    limitMs: 200_000,
  });
  await hub.waitForLive(2);
  const startedAtMs = performance.now();
  let sent = 0;
  let kills = 0;
  while (sent < EVENTS) {
    const due = Math.min(EVENTS, Math.floor(performance.now() - startedAtMs));
    for (; sent < due; sent += 1) {
      // Both connections are never killed together, because events without a connection would be lost.
      expect(hub.send(`{"id":"e${sent}","n":${sent}}`)).toBeGreaterThan(0);
    }
    if (performance.now() - startedAtMs > (kills + 1) * 2_000) {
      kills += 1;
      // Kills the older connection, but only while both are live.
      if (hub.liveCount === 2) hub.peers.find(({ socket }) => !socket.closed)?.reset();
    }
    await pauseFor(1);
  }
  const exit = await tail.finish();
  expect(exit.code).toBe(0);
  const numbers = exit.lines.map((line): number => JSON.parse(line).n);
  expect(new Set(numbers).size).toBe(EVENTS);
  expect(numbers).toHaveLength(EVENTS);
  const count = (event: string) => exit.records.filter((record) => record.event === event).length;
  expect(count('gap')).toBe(0);
  expect(count('lost')).toBeGreaterThan(20);
}, 240_000);
