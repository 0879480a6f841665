// `stream tail --from` a stream whose sequence numbers restart, because it was recreated or restored or lost its disk.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { AckPolicy, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { connectTo, describeWithNats, type NatsServer, startNatsServer } from '../helpers/nats-server.ts';
import { pickRecords, startTail, type Tail, type TailExit } from '../helpers/tail.ts';
import { untilTrue } from '../helpers/watch.ts';

const makeEvents = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_unused, index) => `{"of":"${name}","n":${from + index}}`);

const SOON = ['--retry-min', '250ms', '--retry-max', '250ms'];
const LATER = ['--retry-min', '1500ms', '--retry-max', '1500ms'];

let nats: NatsServer;
let streams = 0;
const nameStream = (): string => {
  streams += 1;
  return `S${streams}`;
};

/** Creates a client for one test. */
const manage = async (server: NatsServer): Promise<JetStreamManager> =>
  jetstreamManager(await connectTo(server.url));

async function publish(manager: JetStreamManager, name: string, texts: readonly string[]): Promise<void> {
  const publishOne = (text: string) => manager.jetstream().publish(`${name}.event`, text);
  // Publishes a hundred at a time, which keeps their order.
  for (let at = 0; at < texts.length; at += 100) await Promise.all(texts.slice(at, at + 100).map(publishOne));
}

async function create(
  manager: JetStreamManager,
  name: string,
  texts: readonly string[],
  config: object = {},
): Promise<void> {
  await manager.streams.add({ name, subjects: [`${name}.>`], ...config });
  await publish(manager, name, texts);
}

const start = (server: NatsServer, name: string, durable: string, args: readonly string[]): Tail =>
  startTail(
    '',
    [
      '--from',
      `${server.url}/${name}`,
      ...(args.includes('--since') ? [] : ['--since', '1']),
      ...(durable === '' ? [] : ['--durable', durable]),
      ...args,
    ],
    { log: 'json', random: 0.99 },
  );

const expectGap = (exit: TailExit, cause: string): void => {
  expect(pickRecords(exit, 'gap').map((gap) => gap.cause)).toEqual([cause]);
  expect(pickRecords(exit, 'summary')[0]).toMatchObject({ gaps: 1 });
};

describeWithNats('row 65: stream tail --from a stream whose sequence numbers restart', () => {
  beforeAll(async () => {
    nats = await startNatsServer({ lifetime: 'file' });
  });

  test.each(['', 'desk'])(
    'recreated while it is read: every message of the new stream is printed (durable "%s")',
    async (durable) => {
      const name = nameStream();
      const manager = await manage(nats);
      await create(manager, name, makeEvents('old', 0, 20));
      const { child, finish } = start(nats, name, durable, ['--limit', '35', ...LATER]);
      await child.waitForLines(20);
      await manager.streams.delete(name);
      await create(manager, name, makeEvents('new', 0, 15));
      const exit = await finish();
      expect(exit.code).toBe(0);
      expect(exit.lines).toEqual([...makeEvents('old', 0, 20), ...makeEvents('new', 0, 15)]);
      expectGap(exit, 'nats-recreated');
      expect(pickRecords(exit, 'gap')[0]?.message).toContain('was recreated or restored');
    },
  );

  test.each(['', 'desk'])(
    'recreated while it is read, with --fail-on-gap: exit 12 (durable "%s")',
    async (durable) => {
      const name = nameStream();
      const manager = await manage(nats);
      await create(manager, name, makeEvents('old', 0, 20));
      const { child, finish } = start(nats, name, durable, ['--fail-on-gap', '--envelope', ...LATER]);
      await child.waitForLines(21);
      await manager.streams.delete(name);
      await create(manager, name, makeEvents('new', 0, 15));
      const exit = await finish();
      expect(exit.code).toBe(12);
      const lifecycles = exit.lines.map((line) => JSON.parse(line)).filter((one) => 'lifecycle' in one);
      expect(lifecycles.map(({ lifecycle, cause }) => [lifecycle, cause])).toEqual([
        ['connected', undefined],
        ['connected', undefined],
        ['gap', 'nats-recreated'],
        ['end', undefined],
      ]);
    },
  );

  test.each(['', 'desk'])(
    'the broker loses its disk, and the stream is recreated later: every new message is printed (durable "%s")',
    async (durable) => {
      const store = join(makeTempFolder(), 'store');
      const server = await startNatsServer({ store });
      await create(await manage(server), 'E', makeEvents('old', 0, 20));
      const { child, finish } = start(server, 'E', durable, ['--limit', '35', ...SOON]);
      await child.waitForLines(20);
      await server.kill();
      rmSync(store, { recursive: true });
      await server.start();
      await child.waitForStderr('no such JetStream stream');
      await create(await manage(server), 'E', makeEvents('new', 0, 15));
      const exit = await finish();
      expect(exit.lines).toEqual([...makeEvents('old', 0, 20), ...makeEvents('new', 0, 15)]);
      expectGap(exit, 'nats-recreated');
    },
  );

  test.each([
    ['', 5],
    ['', 40],
    ['desk', 5],
    ['desk', 40],
  ])(
    'the broker restarts with an older disk: every new message is printed (durable "%s", %i new messages)',
    async (durable, more) => {
      const store = join(makeTempFolder(), 'store');
      const backup = join(makeTempFolder(), 'backup');
      const server = await startNatsServer({ store });
      await create(await manage(server), 'E', makeEvents('kept', 0, 10));
      await server.kill('SIGTERM');
      cpSync(store, backup, { recursive: true });
      await server.start();
      await publish(await manage(server), 'E', makeEvents('lost', 0, 20));
      const { child, finish } = start(server, 'E', durable, LATER);
      await child.waitForLines(30);
      await server.kill('SIGTERM');
      rmSync(store, { recursive: true });
      cpSync(backup, store, { recursive: true });
      await server.start();
      await publish(await manage(server), 'E', makeEvents('new', 0, more));
      await child.waitForStdout(`"of":"new","n":${more - 1}`);
      child.kill('SIGTERM');
      const exit = await finish();
      const fresh = exit.lines.filter((line) => line.includes('new'));
      expect(fresh).toEqual(makeEvents('new', 0, more));
      expectGap(exit, 'nats-recreated');
    },
  );

  test('a durable consumer that is ahead of its stream starts from the beginning, even in the next run', async () => {
    const store = join(makeTempFolder(), 'store');
    const backup = join(makeTempFolder(), 'backup');
    const server = await startNatsServer({ store });
    await create(await manage(server), 'E', makeEvents('kept', 0, 10));
    await server.kill('SIGTERM');
    const messages = 'jetstream/$G/streams/E/msgs';
    cpSync(join(store, messages), backup, { recursive: true });
    await server.start();
    await publish(await manage(server), 'E', makeEvents('lost', 0, 20));
    const first = await start(server, 'E', 'desk', ['--limit', '30']).finish();
    expect(first.lines).toHaveLength(30);
    await server.kill('SIGTERM');
    rmSync(join(store, messages), { recursive: true });
    cpSync(backup, join(store, messages), { recursive: true });
    await server.start();
    await publish(await manage(server), 'E', makeEvents('new', 0, 5));
    const exit = await start(server, 'E', 'desk', ['--limit', '15']).finish();
    expect(exit.lines).toEqual([...makeEvents('kept', 0, 10), ...makeEvents('new', 0, 5)]);
    expectGap(exit, 'nats-recreated');
  });

  test('a deleted durable consumer is recreated at its position: nothing is missing or duplicated', async () => {
    const name = nameStream();
    const manager = await manage(nats);
    await create(manager, name, makeEvents('one', 0, 20));
    const { child, finish } = start(nats, name, 'desk', ['--limit', '40', ...LATER]);
    await child.waitForLines(20);
    await manager.consumers.delete(name, 'desk');
    await publish(manager, name, makeEvents('one', 20, 40));
    const exit = await finish();
    expect(exit.lines).toEqual(makeEvents('one', 0, 40));
    expect(pickRecords(exit, 'gap')).toEqual([]);
    expect(pickRecords(exit, 'warning')[0]?.message).toContain('desk was deleted: recreated it');
  });

  test('a deleted durable consumer that was created without --since resumes at its position', async () => {
    const name = nameStream();
    const manager = await manage(nats);
    await create(manager, name, makeEvents('one', 0, 20));
    const { child, finish } = startTail(
      '',
      ['--from', `${nats.url}/${name}`, '--durable', 'desk', '--limit', '5', ...LATER],
      { log: 'json', random: 0.99 },
    );
    await child.waitForStderr('"connected"');
    await manager.consumers.delete(name, 'desk');
    await publish(manager, name, makeEvents('one', 20, 25));
    expect((await finish()).lines).toEqual(makeEvents('one', 20, 25));
  });

  test('stream and durable consumer are recreated while stdout is blocked: every new message is printed', async () => {
    const name = nameStream();
    const manager = await manage(nats);
    const old = makeEvents(`old${'x'.repeat(2_000)}`, 0, 2_000);
    await create(manager, name, old);
    const { child, finish } = start(nats, name, 'desk', SOON);
    child.pauseStdout();
    await child.waitForStderr('"connected"');
    // Waits until the read-ahead is full and nothing is pulled from the server.
    await untilTrue(async () => {
      const { num_ack_pending: read, num_waiting: asked } = await manager.consumers.info(name, 'desk');
      return read >= 256 && asked === 0;
    }, 'a stopped reader');
    await manager.streams.delete(name);
    await create(manager, name, makeEvents('new', 0, 15));
    await manager.consumers.add(name, {
      durable_name: 'desk',
      ack_policy: AckPolicy.Explicit,
      ack_wait: 2e9,
      max_ack_pending: 1_024,
    });
    child.resumeStdout();
    await child.waitForStdout('"of":"new","n":14', 30_000);
    child.kill('SIGTERM');
    const exit = await finish();
    const fresh = exit.lines.filter((line) => line.includes('"new"'));
    expect(new Set(fresh)).toEqual(new Set(makeEvents('new', 0, 15)));
    expect(pickRecords(exit, 'gap').map(({ cause }) => cause)).toEqual(['nats-recreated']);
  });

  test.each(['the stream is created again', 'the consumer is deleted'])(
    'without a durable consumer, %s while stdout is blocked: every new message is printed',
    async (what) => {
      const name = nameStream();
      const manager = await manage(nats);
      const old = makeEvents(`old${'x'.repeat(2_000)}`, 0, 2_000);
      await create(manager, name, old);
      const { child, finish } = start(nats, name, '', SOON);
      child.pauseStdout();
      await child.waitForStderr('"connected"');
      const look = async () => (await manager.consumers.list(name).next())[0];
      // Between two pulls there is also no request: only ten checks in a row show that reading has paused.
      let calm = 0;
      await untilTrue(async () => {
        const found = await look();
        const isCalm = (found?.delivered.stream_seq ?? 0) >= 256 && found?.num_waiting === 0;
        calm = isCalm ? calm + 1 : 0;
        return calm >= 10;
      }, 'a reader that asks for nothing');
      const isRecreated = what === 'the stream is created again';
      if (isRecreated) {
        await manager.streams.delete(name);
        await create(manager, name, makeEvents('new', 0, 15));
      } else {
        await manager.consumers.delete(name, (await look())?.name ?? '');
        await publish(manager, name, makeEvents('new', 0, 15));
      }
      child.resumeStdout();
      await child.waitForStdout('"of":"new","n":14', 30_000);
      child.kill('SIGTERM');
      const exit = await finish();
      expect(exit.lines.filter((line) => line.includes('"new"'))).toEqual(makeEvents('new', 0, 15));
      if (!isRecreated) expect(exit.lines.slice(0, 2_000)).toEqual(old);
      const causes = pickRecords(exit, 'gap').map(({ cause }) => cause);
      expect(causes).toEqual(isRecreated ? ['nats-recreated'] : []);
    },
  );

  test.each(['at the start', 'while it is read'])(
    'messages that the stream drops before a durable consumer gets them are reported as a gap, %s',
    async (when) => {
      const name = nameStream();
      const manager = await manage(nats);
      await create(manager, name, makeEvents('old', 0, 5), { max_msgs: 600 });
      if (when === 'at the start') {
        await start(nats, name, 'desk', ['--limit', '5']).finish();
        await publish(manager, name, makeEvents('new', 0, 700));
        const exit = await start(nats, name, 'desk', ['--limit', '600']).finish();
        expect(exit.lines).toEqual(makeEvents('new', 100, 700));
        expectGap(exit, 'nats-trimmed');
        const again = await start(nats, name, 'desk', ['--duration', '500ms']).finish();
        expect(pickRecords(again, 'gap')).toEqual([]);
      } else {
        const { child, finish } = start(nats, name, 'desk', []);
        await child.waitForLines(5);
        child.pauseStdout();
        await publish(manager, name, makeEvents('new'.padEnd(5_000, 'w'), 0, 3_000));
        await publish(manager, name, makeEvents('last', 0, 1));
        child.resumeStdout();
        await child.waitForStdout('"last"', 30_000);
        child.kill('SIGTERM');
        const exit = await finish();
        expect(pickRecords(exit, 'gap').map(({ cause }) => cause)).toContain('nats-trimmed');
      }
    },
  );
});
