// Two relays into one stream, which are killed many times at random: a consumer gets each of 100,000 events exactly
// once, and the events of each relay in order.
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createRandom } from '../../src/simulator/random.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startEventHub } from '../helpers/event-hub.ts';
import { describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { startTail, type Tail } from '../helpers/tail.ts';
import { pauseFor, untilTrue } from '../helpers/watch.ts';
import { makeNumbered, numbersOf, openCounter, range, sendNumbered, startRelay } from './relay-events.ts';

const EVENTS = 100_000;
const ROUNDS = 25;
const NAMES = ['one', 'two'];

describeWithNats('two relays with one key', () => {
  test('are killed at random: each event is stored once, and the events of each relay are in order', async () => {
    const random = createRandom('two relays');
    const broker = await startNatsServer();
    const hub = await startEventHub();
    const folder = makeTempFolder();
    const start = (name: string): Tail =>
      startRelay(
        hub,
        [
          '--to',
          `${broker.url}/E`,
          '--create',
          '--name',
          name,
          '--spool',
          join(folder, name),
          '--dedupe-window',
          '10m',
        ],
        {
          log: 'text',
        },
      );
    const relays = NAMES.map(start);
    await hub.waitForLive(2);
    const count = await openCounter(broker.url, 'E');
    let kills = 0;
    for (const round of range(0, ROUNDS)) {
      const to = ((round + 1) * EVENTS) / ROUNDS;
      const sending = sendNumbered(hub, to - EVENTS / ROUNDS, to);
      const which = random.nextBelow(2);
      for (let times = 1 + random.nextBelow(2); times > 0; times -= 1) {
        await pauseFor(random.nextBelow(150));
        relays[which]?.child.kill('SIGKILL');
        await relays[which]?.child.exit;
        kills += 1;
        const welcomed = hub.welcomed;
        relays[which] = start(NAMES[which] ?? '');
        await hub.waitForWelcomed(welcomed + 1);
      }
      await sending;
      // Before the other relay may be killed, the stream must have every event that only that relay received.
      await untilTrue(async () => (await count()) >= to, `${to} events`, 60_000);
    }
    for (const relay of relays) relay.child.kill('SIGTERM');
    for (const relay of relays) expect((await relay.finish()).signal).toBe('SIGTERM');
    expect(kills).toBeGreaterThanOrEqual(ROUNDS);

    const consumer = startTail('', ['--from', `${broker.url}/E`, '--since', '1', '--limit', String(EVENTS)], {
      limitMs: 60_000,
    });
    const seen = numbersOf((await consumer.finish()).lines);
    expect(new Set(seen).size).toBe(EVENTS);
    expect(await count()).toBe(EVENTS);
    const kept = await readStream(broker.url, 'E');
    expect(kept.every(({ text }) => text === makeNumbered(JSON.parse(text).n))).toBe(true);
    for (const name of NAMES) {
      const numbers = numbersOf(kept.filter(({ relay }) => relay === name).map(({ text }) => text));
      expect(numbers.length).toBeGreaterThan(1_000);
      expect(numbers.findIndex((n, at) => n <= (numbers[at - 1] ?? -1))).toBe(-1);
    }
  }, 170_000);
});
