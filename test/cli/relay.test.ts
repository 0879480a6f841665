// `stream relay` into a real nats-server: messages, subjects, ids, and errors.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { makeTempFolder } from '../helpers/cleanup.ts';
import {
  connectTo,
  describeWithNats,
  type NatsServer,
  readStream,
  startNatsServer,
} from '../helpers/nats-server.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, startTail, type TailExit } from '../helpers/tail.ts';

const AMOUNT = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
const EVENTS = [
  `{"type":"large_transfer","id":"evt_1","amount":${AMOUNT}}`,
  '{ "type" : "address_activity",\r\n\t"id": 12345678901234567890123 }',
  '{"type":"with space.and dot>*","id":"evt_\\u0041","text":"\u2028\u202e\u0085"}',
  '{"no":"id"}',
  '[1,2,3]',
  '"just a string"',
  '{"event_type":"other","id":"","id":"last wins"}',
];

let nats: NatsServer;
let streams = 0;

/** Returns a new stream name. */
const nameStream = (): string => {
  streams += 1;
  return `T${streams}`;
};

const serve = (events: readonly string[] = EVENTS): Promise<ScriptedServer> =>
  startScriptedServer(streamHandler({ events }));

function relay(
  server: ScriptedServer,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<TailExit> {
  return runTail(server.url, args, { command: 'relay', log: 'json', env });
}

describeWithNats('stream relay into JetStream', () => {
  beforeAll(async () => {
    nats = await startNatsServer({ lifetime: 'file' });
  });

  test('B2: stores every event byte for byte, in order, with its type and its id', async () => {
    const server = await serve();
    const stream = nameStream();
    const exit = await relay(server, [
      '--to',
      `${nats.url}/${stream}`,
      '--create',
      '--limit',
      '7',
      '--name',
      'one',
      '--subject',
      `${stream}.{type}`,
    ]);
    expect(exit.code).toBe(0);
    const kept = await readStream(nats.url, stream);
    const events = kept.filter(({ kind }) => kind === '');
    expect(events.map(({ text }) => text)).toEqual(EVENTS);
    expect(events.map(({ subject }) => subject.slice(stream.length + 1))).toEqual([
      'large_transfer',
      'address_activity',
      'with_space_and_dot__',
      '_',
      '_',
      '_',
      'other',
    ]);
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(events.map(({ id }) => id)).toEqual([
      'evt_1',
      '12345678901234567890123',
      'evt_\\u0041',
      sha256,
      sha256,
      sha256,
      // The id has a space, which a header cannot contain, so it is hashed.
      sha256,
    ]);
    expect(new Set(kept.map((one) => one.relay))).toEqual(new Set(['one']));
    expect(pickRecords(exit, 'summary')).toEqual([
      expect.objectContaining({
        sink: `127.0.0.1:${nats.port}/${stream}`,
        acknowledged: 7,
        duplicates: 0,
        spooled: 0,
      }),
      expect.objectContaining({ events: 7 }),
    ]);
    expect(exit.stdout).toBe('');
  });

  test('lifecycle records have their own subject, or can be turned off', async () => {
    const server = await serve();
    const [first, second, third] = [nameStream(), nameStream(), nameStream()];
    const to = (name: string): string[] => [
      '--to',
      `${nats.url}/${name}`,
      '--create',
      '--limit',
      '1',
      '--subject',
      `${name}.{type}`,
    ];
    await relay(server, to(first));
    await relay(server, [...to(second), '--lifecycle-subject', 'state.of.it']);
    await relay(server, [...to(third), '--no-lifecycle']);
    const [one, two, three] = await Promise.all(
      [first, second, third].map((name) => readStream(nats.url, name)),
    );
    expect(one?.map(({ subject, kind }) => [subject, kind])).toEqual([
      [`${first}._lifecycle`, 'lifecycle'],
      [`${first}.large_transfer`, ''],
      [`${first}._lifecycle`, 'lifecycle'],
    ]);
    expect(one?.map(({ text }) => JSON.parse(text).lifecycle)).toEqual(['connected', undefined, 'end']);
    expect(two?.map(({ subject }) => subject)).toEqual([
      'state.of.it',
      `${second}.large_transfer`,
      'state.of.it',
    ]);
    expect(three).toHaveLength(1);
  });

  test('B6: with two relays the stream keeps one copy of each event', async () => {
    const server = await serve();
    const stream = nameStream();
    const args = [
      '--to',
      `${nats.url}/${stream}`,
      '--create',
      '--limit',
      '7',
      '--no-lifecycle',
      '--subject',
      `${stream}.{type}`,
    ];
    await relay(server, [...args, '--name', 'one']);
    const exit = await relay(server, [...args, '--name', 'two']);
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ acknowledged: 7, duplicates: 7 });
    const kept = await readStream(nats.url, stream);
    expect(kept.map((one) => one.relay)).toEqual(new Array(7).fill('one'));
  });

  test('the message id is the field given by --id, a hash with --no-id, and the id of the event by default', async () => {
    const server = await serve(['{"id":"same","meta":{"key":"a"}}', '{"id":"same","meta":{"key":"b"}}']);
    const [byPath, byHash, byDefault] = [nameStream(), nameStream(), nameStream()];
    const to = (name: string): string[] => [
      '--to',
      `${nats.url}/${name}`,
      '--create',
      '--limit',
      '2',
      '--no-lifecycle',
      '--subject',
      `${name}.{type}`,
    ];
    await relay(server, [...to(byPath), '--id', 'meta.key']);
    await relay(server, [...to(byHash), '--no-id']);
    await relay(server, to(byDefault));
    expect((await readStream(nats.url, byPath)).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await readStream(nats.url, byHash)).toHaveLength(2);
    expect(await readStream(nats.url, byDefault)).toHaveLength(1);
  });

  test('--type filters as in tail', async () => {
    const server = await serve();
    const stream = nameStream();
    await relay(server, [
      '--to',
      `${nats.url}/${stream}`,
      '--create',
      '--type',
      'large_*,other',
      '--limit',
      '2',
      '--no-lifecycle',
      '--subject',
      `${stream}.{type}`,
    ]);
    expect((await readStream(nats.url, stream)).map(({ text }) => text)).toEqual([EVENTS[0], EVENTS[6]]);
  });

  test('a missing stream is an error with the hint to create it', async () => {
    const server = await serve();
    const exit = await relay(server, ['--to', nats.url, '--stream', 'NOT_THERE']);
    expect(exit.code).toBe(5);
    expect(pickRecords(exit, 'error')).toEqual([
      expect.objectContaining({
        message: expect.stringContaining('NOT_THERE'),
        hint: expect.stringContaining('--create'),
      }),
    ]);
    // The relay does not connect to the service before it can deliver.
    expect(server.attempts).toHaveLength(0);
  });

  test('a stream for other subjects is refused, with its subjects in the message', async () => {
    const server = await serve();
    const stream = nameStream();
    const manager = await jetstreamManager(await connectTo(nats.url));
    await manager.streams.add({ name: stream, subjects: ['elsewhere.>'] });
    const exit = await relay(server, ['--to', `${nats.url}/${stream}`, '--subject', `${stream}.{type}`]);
    expect([exit.code, pickRecords(exit, 'error')[0]?.message]).toEqual([
      5,
      `the stream on 127.0.0.1:${nats.port} does not match the subjects (${stream} accepts elsewhere.>, but not ${stream}.*, ${stream}._lifecycle)`,
    ]);
  });

  test('--create creates the stream as configured, and reports its limits', async () => {
    const server = await serve();
    const stream = nameStream();
    const exit = await relay(server, [
      ...[
        '--to',
        `${nats.url}/${stream}`,
        '--create',
        '--stream-max-age',
        '2h',
        '--stream-max-bytes',
        '10MB',
      ],
      ...['--dedupe-window', '5m', '--limit', '1', '--subject', `${stream}.{type}`],
    ]);
    expect(pickRecords(exit, 'sink')[0]).toMatchObject({
      is_new: true,
      max_age_ms: 7_200_000,
      max_bytes: 10_000_000,
      replicas: 1,
      dedupe_window_ms: 300_000,
    });
    const manager = await jetstreamManager(await connectTo(nats.url));
    const { config } = await manager.streams.info(stream);
    expect(config).toMatchObject({
      max_age: 7_200e9,
      max_bytes: 10_000_000,
      duplicate_window: 300e9,
      storage: 'file',
    });
  });

  test('gives up on an unreachable server before it connects to the service', async () => {
    const server = await serve();
    const gone = await startNatsServer();
    await gone.kill();
    const exit = await relay(server, [
      '--to',
      `${gone.url}/X`,
      '--retry-min',
      '250ms',
      '--retry-max',
      '250ms',
    ]);
    expect(exit.code).toBe(7);
    expect(pickRecords(exit, 'sink').map(({ state }) => state)).toEqual([
      'failed',
      'failed',
      'failed',
      'failed',
    ]);
    expect(server.attempts).toHaveLength(0);
  });

  test('a server with another protocol is reported as one that does not speak NATS', async () => {
    const server = await serve();
    const other = await startScriptedServer(async (peer) => {
      await peer.sendRaw('SSH-2.0-OpenSSH_9.2\r\n');
    });
    const exit = await relay(server, ['--to', `nats://127.0.0.1:${other.port}/X`]);
    expect([exit.code, pickRecords(exit, 'error')[0]?.message]).toEqual([
      8,
      expect.stringContaining('does not speak NATS'),
    ]);
  });

  test('accepts user and password, or a token, and never shows them', async () => {
    const server = await serve();
    const [user, password, token] = ['relay-user', 'pass-word-0123456789', 'token-0123456789abcdef'];
    const byPassword = await startNatsServer({
      extra: `authorization { user: ${user}, password: "${password}" }`,
    });
    const byToken = await startNatsServer({ extra: `authorization { token: "${token}" }` });
    const args = (url: string): string[] => ['--to', `${url}/X`, '--create', '--limit', '1'];
    const good = await relay(server, args(byPassword.url), { NATS_USER: user, NATS_PASSWORD: password });
    const alsoGood = await relay(server, args(byToken.url), { NATS_TOKEN: token });
    const bad = await relay(server, args(byPassword.url), { NATS_USER: user, NATS_PASSWORD: `${password}x` });
    const none = await relay(server, args(byToken.url));
    expect([good, alsoGood, bad, none].map(({ code }) => code)).toEqual([0, 0, 3, 3]);
    expect(pickRecords(bad, 'error')[0]?.message).toContain('does not accept the NATS credentials');
    for (const { stderr } of [good, alsoGood, bad, none]) {
      expect(stderr).not.toContain(password);
      expect(stderr).not.toContain(token);
    }
  });

  test('B8: a secret in the URL is refused, and not repeated', async () => {
    const server = await serve();
    for (const secret of ['user:s3cret-pass@', 's3cret-token@']) {
      const exit = await relay(server, ['--to', `nats://${secret}127.0.0.1/X`]);
      expect([exit.code, exit.stderr.includes('s3cret')]).toEqual([2, false]);
    }
  });

  test('a missing permission to publish is reported', async () => {
    const server = await serve();
    const strict = await startNatsServer({
      extra: `authorization { users: [
        { user: writer, password: "writer-pass", permissions: { publish: { deny: "locked.>" } } }
      ] }`,
    });
    const env = { NATS_USER: 'writer', NATS_PASSWORD: 'writer-pass' };
    const args = [
      '--to',
      `${strict.url}/X`,
      '--create',
      '--subject',
      'locked.{type}',
      '--retry-min',
      '250ms',
    ];
    const { child, finish } = startTail(server.url, args, { command: 'relay', log: 'json', env });
    await child.waitForStderr('denies this user');
    child.kill('SIGTERM');
    expect((await finish()).signal).toBe('SIGTERM');
  });

  test('B8: tls:// is never downgraded: a server without TLS is an error', async () => {
    const server = await serve();
    const exit = await relay(server, [
      '--to',
      `tls://127.0.0.1:${nats.port}/X`,
      '--retry-min',
      '250ms',
      '--retry-max',
      '250ms',
    ]);
    expect(exit.code).not.toBe(0);
    expect(server.attempts).toHaveLength(0);
  });

  test('B4: a spool keeps events while the broker is down, and the next run delivers them first', async () => {
    const server = await serve();
    const broker = await startNatsServer();
    const spool = join(makeTempFolder(), 'spool');
    const args = [
      '--to',
      `${broker.url}/X`,
      '--create',
      '--spool',
      spool,
      '--no-lifecycle',
      '--retry-min',
      '250ms',
      '--retry-max',
      '250ms',
    ];
    await broker.kill();
    const first = startTail(server.url, args, { command: 'relay', log: 'json' });
    await first.child.waitForStderr('"connected"');
    await server.waitUntil(() => (readdirSync(spool).length > 0 ? true : undefined), 'the spool');
    await first.child.waitForStderr('"failed"');
    first.child.kill('SIGTERM');
    const ended = await first.finish();
    expect(ended.signal).toBe('SIGTERM');
    expect(pickRecords(ended, 'summary')[0]).toMatchObject({ acknowledged: 0, spooled: 7 });
    await broker.start();
    const other = await serve(['{"type":"new","id":"new_1"}']);
    const second = await relay(other, [...args, '--limit', '1']);
    expect(second.code).toBe(0);
    expect(pickRecords(second, 'spooling')[0]).toMatchObject({ records: 7 });
    expect((await readStream(broker.url, 'X')).map(({ text }) => text)).toEqual([
      ...EVENTS,
      '{"type":"new","id":"new_1"}',
    ]);
  });

  test('B4: two relays cannot share a spool', async () => {
    const server = await serve();
    const spool = join(makeTempFolder(), 'spool');
    const stream = nameStream();
    const args = [
      '--to',
      `${nats.url}/${stream}`,
      '--create',
      '--spool',
      spool,
      '--subject',
      `${stream}.{type}`,
    ];
    const first = startTail(server.url, args, { command: 'relay', log: 'json' });
    await first.child.waitForStderr('"connected"');
    const second = await relay(server, args);
    expect([second.code, pickRecords(second, 'error')[0]?.message]).toEqual([
      9,
      expect.stringContaining('is locked by another process'),
    ]);
    first.child.kill('SIGINT');
    expect((await first.finish()).signal).toBe('SIGINT');
  });

  test('a spool whose sink is not used in this run is reported', async () => {
    const server = await serve();
    const spool = join(makeTempFolder(), 'spool');
    const stream = nameStream();
    const gone = await startNatsServer();
    await gone.kill();
    const lost = startTail(server.url, ['--to', `${gone.url}/X`, '--spool', spool], {
      command: 'relay',
      log: 'json',
    });
    await lost.child.waitForStderr('"failed"');
    lost.child.kill('SIGTERM');
    await lost.finish();
    writeFileSync(join(spool, 'note.txt'), 'not a spool');
    const exit = await relay(server, [
      '--to',
      `${nats.url}/${stream}`,
      '--create',
      '--limit',
      '1',
      '--spool',
      spool,
      '--subject',
      `${stream}.{type}`,
    ]);
    expect(pickRecords(exit, 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/\/X~[0-9a-f]{8}" contains 1 message/),
    ]);
  });

  test('an event that is too large for the server ends the run, or becomes a dead letter', async () => {
    const big = `{"type":"big","id":"big","pad":"${'x'.repeat(5_000)}"}`;
    const small = await startNatsServer({ extra: 'max_payload: 4096' });
    const events = [EVENTS[0] ?? '', big, EVENTS[3] ?? ''];
    const server = await serve(events);
    const args = ['--to', `${small.url}/X`, '--create', '--limit', '3', '--no-lifecycle'];
    const strict = await relay(server, args);
    expect([strict.code, pickRecords(strict, 'error')[0]?.hint]).toEqual([
      5,
      expect.stringContaining('--dead-letter'),
    ]);
    const file = join(makeTempFolder(), 'dead.ndjson');
    const lenient = await relay(server, [...args, '--dead-letter', file]);
    expect(lenient.code).toBe(0);
    expect(pickRecords(lenient, 'summary')[0]).toMatchObject({ dead_letters: 1 });
    expect((await readStream(small.url, 'X')).map(({ id }) => id)).toEqual(['evt_1', expect.any(String)]);
    // The dead letter is delivered to a server with a higher limit.
    const again = await runTail(
      '',
      [
        '--redeliver',
        file,
        '--to',
        `${nats.url}/${nameStream()}`,
        '--create',
        '--subject',
        `T${streams}.{type}`,
      ],
      { command: 'relay', log: 'json' },
    );
    expect(again.code).toBe(0);
    expect((await readStream(nats.url, `T${streams}`)).map(({ text }) => text)).toEqual([big]);
  });
});
