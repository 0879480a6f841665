// `stream tail --from` a real nats-server: the same output as from the service, from any start position.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { startFaultProxy } from '../helpers/fault-proxy.ts';
import { connectTo, describeWithNats, type NatsServer, startNatsServer } from '../helpers/nats-server.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type Tail, type TailExit, type TailOptions } from '../helpers/tail.ts';

const AMOUNT = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
const makeEvent = (n: number): string =>
  `{"type":"${n % 2 === 0 ? 'even' : 'odd'}","n":${n},"amount":${AMOUNT},"text":"\\u0041\u00e9"}`;
const makeEvents = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_unused, index) => makeEvent(from + index));

let nats: NatsServer;
let streams = 0;

interface Filled {
  readonly name: string;
  readonly url: string;
  readonly connection: NatsConnection;
  publish(texts: readonly (string | Uint8Array)[], subject?: string): Promise<void>;
}

/** Creates a stream with these messages. */
async function fill(
  texts: readonly (string | Uint8Array)[],
  config: object = {},
  server = nats,
): Promise<Filled> {
  streams += 1;
  const name = `F${streams}`;
  const connection = await connectTo(server.url);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [`${name}.>`], ...config });
  const publish = async (more: readonly (string | Uint8Array)[], subject = 'event'): Promise<void> => {
    for (const text of more) await manager.jetstream().publish(`${name}.${subject}`, text);
  };
  await publish(texts);
  return { name, url: `${server.url}/${name}`, connection, publish };
}

const start = (url: string, args: readonly string[], options: TailOptions = {}): Tail =>
  startTail('', ['--from', url, ...args], { log: 'json', ...options });
const read = (url: string, args: readonly string[]): Promise<TailExit> => start(url, args).finish();

/** Waits for the next millisecond, so that --since 1ms cannot include the last message. */
async function untilMessagesAreOlder(): Promise<string> {
  const storedAtMs = Date.now();
  while (Date.now() <= storedAtMs + 1) await nextTurn();
  return '1ms';
}

describeWithNats('stream tail --from JetStream', () => {
  beforeAll(async () => {
    nats = await startNatsServer({ lifetime: 'file' });
  });

  test('B9: prints the messages of the stream byte for byte, then new ones', async () => {
    const { url, publish } = await fill(makeEvents(0, 3));
    const { child, finish } = start(url, ['--since', '1', '--limit', '5']);
    await child.waitForLines(3);
    await publish(makeEvents(3, 5));
    const exit = await finish();
    expect(exit.code).toBe(0);
    expect(exit.lines).toEqual(makeEvents(0, 5));
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ events: 5, reconnects: 0 });
  });

  test('row 123: messages that together exceed max_pending of the server are all printed', async () => {
    const server = await startNatsServer({ extra: 'max_pending: 4MB' });
    const texts = Array.from({ length: 100 }, (_unused, n) =>
      JSON.stringify({ n, text: 'x'.repeat(300 * 1024) }),
    );
    const { url } = await fill(texts, {}, server);
    const exit = await read(url, ['--since', '1', '--limit', '100', '--retry-max', '250ms']);
    expect(exit.code).toBe(0);
    expect(exit.stdout === `${texts.join('\n')}\n`).toBe(true);
    // The server drops the connection until a pull, which is halved each time, is small enough.
    expect(pickRecords(exit, 'summary')[0]?.['reconnects']).toBeLessThanOrEqual(3);
  });

  test('needs no key, no URL and no profile', async () => {
    const { url } = await fill(makeEvents(0, 1));
    const exit = await runCli(['stream', 'tail', '--from', url, '--since', '1', '--limit', '1']);
    expect([exit.code, exit.stdout]).toEqual([0, `${makeEvent(0)}\n`]);
  });

  test.each<[string, (filled: Filled) => Promise<string> | string, number]>([
    ['the number of a message', () => '3', 2],
    ['a duration', () => '1h', 0],
    ['a duration that is too short', untilMessagesAreOlder, -1],
    ['a time', () => '2020-01-31T12:00:00Z', 0],
    ['a day', () => '2020-01-31', 0],
  ])('--since takes %s', async (_what, makeSince, first) => {
    const filled = await fill(makeEvents(0, 4));
    const since = await makeSince(filled);
    const expected = first < 0 ? [] : makeEvents(first, 4);
    const { child, finish } = start(filled.url, ['--since', since, '--limit', String(expected.length + 1)]);
    await child.waitForStderr('"connected"');
    await filled.publish([makeEvent(99)]);
    expect((await finish()).lines).toEqual([...expected, makeEvent(99)]);
  });

  test('without --since prints only new messages', async () => {
    const { url, publish } = await fill(makeEvents(0, 4));
    const { child, finish } = start(url, ['--limit', '2']);
    await child.waitForStderr('"connected"');
    await publish(makeEvents(4, 6));
    expect((await finish()).lines).toEqual(makeEvents(4, 6));
  });

  test('filters, fields and envelopes work as for every tail', async () => {
    const { url } = await fill(makeEvents(0, 6));
    const from = ['--since', '1'];
    const filtered = await read(url, [...from, '--type', 'odd', '--where', 'n > 1', '--limit', '2']);
    expect(filtered.lines).toEqual([makeEvent(3), makeEvent(5)]);
    const fields = await read(url, [...from, '--fields', 'n,amount', '--limit', '1']);
    expect(fields.lines).toEqual([`0\t${AMOUNT}`]);
    const enveloped = await read(url, [...from, '--envelope', '--limit', '1']);
    const [connected, event, end] = enveloped.lines.map((line) => JSON.parse(line));
    expect([connected.lifecycle, event.seq, event.event.n, end.lifecycle]).toEqual([
      'connected',
      1,
      0,
      'end',
    ]);
    // The receive time is the time at which the stream stored the message.
    expect(Date.parse(event.received_at)).toBeLessThanOrEqual(Date.parse(connected.at));
  });

  test('messages that are not events are counted, lifecycle records are not printed', async () => {
    const { url, name, connection, publish } = await fill([
      makeEvent(0),
      'not JSON',
      new Uint8Array([0xff, 0xfe]),
    ]);
    const noted = headers();
    noted.set('Atlantis-Kind', 'lifecycle');
    await connection.request(`${name}.state`, '{"lifecycle":"connected"}', {
      headers: noted,
      timeout: 5_000,
    });
    await publish([makeEvent(1)]);
    const exit = await read(url, ['--since', '1', '--limit', '2']);
    expect(exit.lines).toEqual(makeEvents(0, 2));
    expect(pickRecords(exit, 'summary')[0]?.['discarded']).toEqual({ 'not JSON': 2 });
  });

  test('B9: a durable consumer resumes where it stopped, with any limit and filter, without duplicates', async () => {
    const { url, publish } = await fill(makeEvents(0, 40));
    const args = ['--durable', 'desk'];
    const first = await read(url, [...args, '--since', '1', '--limit', '5']);
    const second = await read(url, [...args, '--type', 'odd', '--limit', '3']);
    const third = await read(url, [...args, '--limit', '10']);
    expect(first.lines).toEqual(makeEvents(0, 5));
    expect(second.lines).toEqual([5, 7, 9].map(makeEvent));
    expect(third.lines).toEqual(makeEvents(10, 20));
    await publish(makeEvents(40, 41));
    const rest = await read(url, [...args, '--since', '1', '--limit', '21']);
    expect(rest.lines).toEqual(makeEvents(20, 41));
    expect(pickRecords(rest, 'warning')[0]?.message).toContain('--since applies only to a new one');
  });

  test('two readers share a durable consumer: each message goes to one of them', async () => {
    const { url, publish } = await fill([]);
    const both = [1, 2].map(() => start(url, ['--durable', 'shared']));
    for (const { child } of both) await child.waitForStderr('"connected"');
    await publish(makeEvents(0, 60));
    const seen = (): string[] => both.flatMap(({ child }) => child.stdoutText.split('\n').filter(Boolean));
    for (const { child } of both) await child.waitForStdout(() => seen().length >= 60).catch(() => undefined);
    for (const { child } of both) child.kill('SIGTERM');
    for (const { finish } of both) await finish();
    expect(seen().sort()).toEqual(makeEvents(0, 60).sort());
  });

  test.each(['', 'kept'])(
    'after a restart of the broker nothing is missing or duplicated (durable "%s")',
    async (durable) => {
      const server = await startNatsServer();
      const filled = await fill(makeEvents(0, 10), {}, server);
      const args = [
        '--since',
        '1',
        '--limit',
        '20',
        '--retry-min',
        '250ms',
        '--retry-max',
        '250ms',
        '--fail-on-gap',
      ];
      await using proxy = await startFaultProxy(server.port);
      const url = `nats://127.0.0.1:${proxy.port}/${filled.name}`;
      const { child, finish } = start(url, durable === '' ? args : [...args, '--durable', durable]);
      await child.waitForLines(10);
      // A broker that has just started may lose a pull, which would be a second loss, so the proxy refuses connections.
      proxy.refuse();
      await server.restart();
      const again = await connectTo(server.url);
      const js = (await jetstreamManager(again)).jetstream();
      for (const text of makeEvents(10, 20)) await js.publish(`${filled.name}.event`, text);
      proxy.refuse(false);
      const exit = await finish();
      expect(exit.code).toBe(0);
      expect(exit.lines).toEqual(makeEvents(0, 20));
      expect(pickRecords(exit, 'lost')).toHaveLength(1);
      expect(pickRecords(exit, 'gap')).toHaveLength(0);
    },
  );

  test('messages that the stream dropped before they were read are reported as a gap', async () => {
    const server = await startNatsServer();
    const filled = await fill(makeEvents(0, 3), { max_msgs: 3 }, server);
    const args = ['--since', '1', '--fail-on-gap', '--retry-min', '2s', '--retry-max', '2s'];
    const { child, finish } = start(filled.url, args);
    await child.waitForLines(3);
    await server.restart();
    await child.waitForStderr('"retrying"');
    // Before the next attempt, more messages arrive than the stream keeps.
    const js = (await jetstreamManager(await connectTo(server.url))).jetstream();
    for (const text of makeEvents(3, 10)) await js.publish(`${filled.name}.event`, text);
    const exit = await finish();
    expect(exit.code).toBe(12);
    expect(pickRecords(exit, 'gap')[0]).toMatchObject({ cause: 'nats-trimmed' });
    expect(exit.lines.slice(0, 3)).toEqual(makeEvents(0, 3));
  });

  test('a reader that pauses gets every message after it resumes', async () => {
    const { url, publish } = await fill(makeEvents(0, 500));
    const { child, finish } = start(url, ['--since', '1', '--durable', 'slow', '--limit', '3000'], {
      limitMs: 60_000,
    });
    child.pauseStdout();
    await publish(makeEvents(500, 3_000));
    child.resumeStdout();
    expect((await finish()).lines).toEqual(makeEvents(0, 3_000));
  });

  test('limits and signals end it like every tail', async () => {
    const { url } = await fill(makeEvents(0, 1));
    const [duration, timeout, silence] = await Promise.all([
      read(url, ['--duration', '300ms']),
      read(url, ['--since', '1', '--limit', '2', '--timeout', '300ms']),
      read(url, ['--max-silence', '300ms']),
    ]);
    expect([duration.code, timeout.code, silence.code]).toEqual([0, 124, 13]);
    const { child, finish } = start(url, ['--since', '1']);
    await child.waitForLines(1);
    child.kill('SIGINT');
    expect((await finish()).signal).toBe('SIGINT');
  });

  test('a missing stream is exit 5, no server exit 7, and another protocol exit 8', async () => {
    const gone = await startNatsServer();
    await gone.kill();
    const other = await startScriptedServer(async (peer) => peer.sendRaw('220 mail ready\r\n'));
    const quick = ['--no-reconnect'];
    const exits = await Promise.all([
      read(`${nats.url}/NOT_THERE`, quick),
      read(`${gone.url}/X`, quick),
      read(`nats://127.0.0.1:${other.port}/X`, quick),
    ]);
    expect(exits.map(({ code }) => code)).toEqual([5, 7, 8]);
    expect(pickRecords(exits[0] as TailExit, 'error')[0]?.message).toContain(
      'no such JetStream stream (NOT_THERE)',
    );
  });

  test.each([
    [['--since', '1']],
    [['--durable', 'x']],
    [['--from', 'nats://127.0.0.1/']],
    [['--from', 'nats://user:secret-word@127.0.0.1/X']],
    [['--from', 'nats://127.0.0.1/X', '--simulate']],
    [['--from', 'nats://127.0.0.1/X', '--url', 'https://api.atlantis.example']],
    [['--from', 'nats://127.0.0.1/X', '--since', 'yesterday']],
    [['--from', 'nats://127.0.0.1/X', '--since', '0']],
    [['--from', 'nats://127.0.0.1/X', '--durable', 'a.b']],
    [['--from', 'http://127.0.0.1/X']],
    [['--from', 'nats://127.0.0.1:99999/X']],
    [['--from', 'nats://127.0.0.1/X', '--nats-creds', '/not/there']],
  ])('invalid flags are exit 2: %j', async (args) => {
    const exit = await runCli(['stream', 'tail', ...args]);
    expect([exit.code, exit.stdout, exit.stderr.includes('secret-word')]).toEqual([2, '', false]);
  });
});
