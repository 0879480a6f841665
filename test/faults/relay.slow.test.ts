// Faults of the broker, the disk and the relay: every received event is in the stream exactly once.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startEventHub } from '../helpers/event-hub.ts';
import { startNatsCluster, untilReplicated } from '../helpers/nats-cluster.ts';
import { connectTo, describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { pickRecords, startTail } from '../helpers/tail.ts';
import { untilTrue } from '../helpers/watch.ts';
import {
  countWaiting,
  makeNumbered,
  numbersOf,
  openCounter,
  range,
  sendNumbered,
  startRelay,
  stopProcess,
} from './relay-events.ts';

const LIMIT_MS = 90_000;

/** True if a tmpfs can be mounted in a mount namespace. */
const canMount =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], { stdio: 'ignore' })
    .status === 0;
const testWithMount = canMount ? test : test.skip;

const texts = async (url: string): Promise<string[]> => (await readStream(url, 'E')).map(({ text }) => text);

describeWithNats('faults of the relay', () => {
  test.each(['without a spool', 'with a spool'])(
    'the broker is killed repeatedly while events arrive: every event is stored once (%s)',
    async (isSpooled) => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const spool = isSpooled === 'without a spool' ? [] : ['--spool', join(makeTempFolder(), 'spool')];
      const relay = startRelay(hub, ['--to', `${broker.url}/E`, '--create', '--limit', '6000', ...spool]);
      await hub.waitForLive(1);
      for (const round of range(0, 3)) {
        await sendNumbered(hub, round * 2_000, round * 2_000 + 1_000);
        await broker.kill();
        await sendNumbered(hub, round * 2_000 + 1_000, round * 2_000 + 2_000);
        await broker.start();
      }
      const exit = await relay.finish();
      expect(exit.code).toBe(0);
      expect(pickRecords(exit, 'summary').map(({ acknowledged, events }) => acknowledged ?? events)).toEqual([
        6_000, 6_000,
      ]);
      expect(await texts(broker.url)).toEqual(range(0, 6_000).map(makeNumbered));
    },
    LIMIT_MS,
  );

  test(
    'the relay is killed with events in its spool: the next run delivers them first',
    async () => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const spool = join(makeTempFolder(), 'spool');
      const args = ['--to', `${broker.url}/E`, '--create', '--spool', spool];
      let relay = startRelay(hub, args);
      await hub.waitForLive(1);
      await sendNumbered(hub, 0, 500);
      const count = await openCounter(broker.url, 'E');
      await untilTrue(async () => (await count()) === 500, 'the first events');
      // The cursor is written with a delay; from here on, the spool contains only newly sent events.
      await untilTrue(() => countWaiting(spool) === 0, 'the first acknowledgements');
      await stopProcess(broker.child);
      for (const round of range(1, 4)) {
        await sendNumbered(hub, round * 1_000 - 500, round * 1_000 + 500);
        // Waits until the relay has received every event.
        await untilTrue(() => countWaiting(spool) >= round * 1_000, 'the spool');
        relay.child.kill('SIGKILL');
        await relay.child.exit;
        relay = startRelay(hub, args);
        await hub.waitForWelcomed(round + 1);
      }
      broker.child.kill('SIGCONT');
      await sendNumbered(hub, 3_500, 4_000);
      await untilTrue(async () => (await count()) >= 4_000, 'all events');
      relay.child.kill('SIGTERM');
      expect((await relay.finish()).signal).toBe('SIGTERM');
      expect(await texts(broker.url)).toEqual(range(0, 4_000).map(makeNumbered));
    },
    LIMIT_MS,
  );

  test(
    'the broker is stopped for longer than --send-timeout: every event is stored once',
    async () => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const args = ['--to', `${broker.url}/E`, '--create', '--send-timeout', '1s', '--connect-timeout', '1s'];
      const relay = startRelay(hub, [...args, '--limit', '2000', '--spool', join(makeTempFolder(), 'spool')]);
      await hub.waitForLive(1);
      await sendNumbered(hub, 0, 1_000);
      await stopProcess(broker.child);
      await sendNumbered(hub, 1_000, 2_000);
      await relay.child.waitForStderr('no acknowledgement within 1000 ms', 30_000);
      await relay.child.waitForStderr('"spooling"');
      broker.child.kill('SIGCONT');
      const exit = await relay.finish();
      expect(exit.code).toBe(0);
      expect(await texts(broker.url)).toEqual(range(0, 2_000).map(makeNumbered));
    },
    LIMIT_MS,
  );

  test(
    'B3: window and spool fill up, then reading pauses: each step is reported, pings continue, and nothing is lost',
    async () => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const spool = ['--spool', join(makeTempFolder(), 'spool'), '--spool-max', '200KB'];
      const relay = startRelay(hub, ['--to', `${broker.url}/E`, '--create', '--limit', '30000', ...spool], {
        limitMs: 80_000,
      });
      await hub.waitForLive(1);
      await sendNumbered(hub, 0, 100);
      await stopProcess(broker.child);
      await sendNumbered(hub, 100, 30_000);
      await relay.child.waitForStderr('"event":"paused"', 30_000);
      const pings = hub.pings;
      await untilTrue(() => hub.pings >= pings + 3, 'three more pings');
      broker.child.kill('SIGCONT');
      const exit = await relay.finish();
      expect(exit.code).toBe(0);
      const steps = exit.records
        .map(({ event }) => event)
        .filter((event) => ['spooling', 'paused', 'resumed', 'caught-up', 'lost'].includes(event));
      expect(steps.slice(0, 2)).toEqual(['spooling', 'paused']);
      // The relay may report that the sink has caught up before or after it reports that reading resumed.
      expect(steps.slice(2)).toContain('resumed');
      expect(steps).not.toContain('lost');
      expect(pickRecords(exit, 'paused')[0]?.message).toContain('the window and the spool are full');
      expect(await texts(broker.url)).toEqual(range(0, 30_000).map(makeNumbered));
    },
    LIMIT_MS,
  );

  test(
    'without a spool the window fills up, then reading pauses, and nothing is lost',
    async () => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const relay = startRelay(hub, [
        '--to',
        `${broker.url}/E`,
        '--create',
        '--limit',
        '3000',
        '--window',
        '16',
      ]);
      await hub.waitForLive(1);
      await stopProcess(broker.child);
      await sendNumbered(hub, 0, 3_000);
      await relay.child.waitForStderr('the window is full', 30_000);
      broker.child.kill('SIGCONT');
      const exit = await relay.finish();
      expect(exit.code).toBe(0);
      expect(pickRecords(exit, 'resumed')).toHaveLength(1);
      expect(await texts(broker.url)).toEqual(range(0, 3_000).map(makeNumbered));
    },
    LIMIT_MS,
  );

  testWithMount(
    'a full disk: reading is paused, and resumes when the spool can be written',
    async () => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const folder = join(makeTempFolder(), 'small');
      mkdirSync(folder);
      const script = 'mount -t tmpfs -o size=256k tmpfs "$1" && shift && exec "$@"';
      const prefix = ['unshare', '-rm', 'sh', '-c', script, 'sh', folder];
      const relay = startRelay(
        hub,
        ['--to', `${broker.url}/E`, '--create', '--limit', '10000', '--spool', join(folder, 'spool')],
        { prefix },
      );
      await hub.waitForLive(1);
      await sendNumbered(hub, 0, 100);
      await stopProcess(broker.child);
      await sendNumbered(hub, 100, 10_000);
      await relay.child.waitForStderr('the disk is full (ENOSPC): paused reading from the server', 30_000);
      broker.child.kill('SIGCONT');
      const exit = await relay.finish();
      expect(exit.code).toBe(0);
      expect(await texts(broker.url)).toEqual(range(0, 10_000).map(makeNumbered));
    },
    LIMIT_MS,
  );

  test(
    'the leader of the stream is killed in a cluster of three: every event is stored once',
    async () => {
      const cluster = await startNatsCluster();
      const [first] = cluster;
      const url = `nats://${cluster.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
      const hub = await startEventHub();
      const relay = startRelay(hub, [
        '--to',
        `${url}/E`,
        '--create',
        '--stream-replicas',
        '3',
        '--send-timeout',
        '2s',
        '--limit',
        '9000',
        '--spool',
        join(makeTempFolder(), 'spool'),
      ]);
      await hub.waitForLive(1);
      await sendNumbered(hub, 0, 3_000);
      const manager = await jetstreamManager(await connectTo(first?.url ?? ''), { checkAPI: false });
      await untilTrue(async () => {
        const info = await manager.streams.info('E').catch(() => undefined);
        return (info?.state.messages ?? 0) > 1_000;
      }, 'a third of the events');
      const { cluster: state } = await manager.streams.info('E');
      const leader = cluster[Number(state?.leader?.replace('node', ''))];
      const sending = sendNumbered(hub, 3_000, 9_000, 10);
      await leader?.kill();
      await sending;
      const exit = await relay.finish();
      expect(exit.code).toBe(0);
      expect(pickRecords(exit, 'summary')[0]).toMatchObject({ acknowledged: 9_000 });
      // A consumer may be placed on a server that is down or has not caught up, so this waits for all servers.
      await leader?.start();
      await untilReplicated(leader?.url ?? '', 'E');
      const numbers = numbersOf(await texts(leader?.url ?? ''));
      // Each event is stored exactly once, in order except for events of a window that were refused during an election.
      expect([...numbers].sort((a, b) => a - b)).toEqual(range(0, 9_000));
      const farthest = Math.max(...numbers.map((n, at) => Math.abs(n - at)));
      expect(farthest).toBeLessThanOrEqual(256);
    },
    LIMIT_MS,
  );

  test(
    'tail --from --durable: the reader is killed and the broker restarted, and no event is missing',
    async () => {
      const broker = await startNatsServer();
      const hub = await startEventHub();
      const relay = startRelay(hub, ['--to', `${broker.url}/E`, '--create', '--limit', '5000']);
      await hub.waitForLive(1);
      const read = () =>
        startTail(
          '',
          [
            '--from',
            `${broker.url}/E`,
            '--durable',
            'desk',
            '--since',
            '1',
            '--retry-max',
            '250ms',
            '--retry-min',
            '250ms',
          ],
          { log: 'json', limitMs: 80_000 },
        );
      await sendNumbered(hub, 0, 1_000);
      const count = await openCounter(broker.url, 'E');
      await untilTrue(async () => (await count()) === 1_000, 'the first events');
      const killed = read();
      await killed.child.waitForLines(200, 30_000);
      killed.child.kill('SIGKILL');
      const first = await killed.child.exit;
      await sendNumbered(hub, 1_000, 5_000);
      await relay.finish();
      const second = read();
      await second.child.waitForStdout(makeNumbered(3_000), 60_000);
      await broker.restart();
      await second.child.waitForStdout(makeNumbered(4_999), 60_000);
      second.child.kill('SIGTERM');
      const { lines } = await second.finish();
      const whole = first.stdout
        .slice(0, first.stdout.lastIndexOf('\n') + 1)
        .split('\n')
        .filter(Boolean);
      const [before, after] = [numbersOf(whole), numbersOf(lines)];
      // Only events that were printed and not acknowledged are delivered again.
      expect(after).toEqual(range(after[0] ?? -1, 5_000));
      expect(before).toEqual(range(0, before.length));
      expect(after[0]).toBeLessThanOrEqual(before.length);
      expect(before.length - (after[0] ?? 0)).toBeLessThanOrEqual(256);
    },
    LIMIT_MS,
  );
});
