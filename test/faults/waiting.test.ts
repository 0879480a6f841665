// A service or sink that is not up yet: --wait, and other limits that the user sets.
import { describe, expect, test } from '@jest/globals';
import { findClosedPort } from '../helpers/closed-port.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, startTail } from '../helpers/tail.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
const UNUSED = 6;

const answer503 = () =>
  startScriptedServer(async (peer) => {
    await peer.readRequest();
    await peer.respond(503);
  });

describe('row 95 (R3): a service that is not up yet', () => {
  test('row 95: --max-reconnects, if given, is the only limit on attempts', async () => {
    const server = await answer503();
    const exit = await runTail(server.url, ['--max-reconnects', String(UNUSED), ...FAST], { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ why: 'no-reconnect', exit_code: 7 }]);
    expect(server.attempts).toHaveLength(UNUSED + 1);
  });

  test('row 95: --timeout, if given, is the only limit', async () => {
    const url = `ws://127.0.0.1:${await findClosedPort()}`;
    const exit = await runTail(url, ['--timeout', '2500ms', ...FAST], { log: 'json' });
    expect(pickRecords(exit, 'retrying').length).toBeGreaterThan(5);
    expect(exit.code).toBe(124);
  });

  test.each(['tail', 'check'])('row 95: %s --wait connects when the service comes up', async (command) => {
    const server = await answer503();
    const args = ['--wait', '1m', ...(command === 'tail' ? ['--limit', '1', '--no-reconnect', ...FAST] : [])];
    const run = startTail(server.url, args, { command });
    await server.waitForAttempt(command === 'tail' ? UNUSED : 2);
    server.setScript(streamHandler({ events: ['{"n":1}'] }));
    const exit = await run.finish();
    expect(exit.code).toBe(0);
    expect(exit.stdout).toContain(command === 'tail' ? '{"n":1}' : 'PASSED in');
  });

  test.each(['tail', 'check'])('row 95: %s: exit 7 after the time of --wait', async (command) => {
    const url = `ws://127.0.0.1:${await findClosedPort()}`;
    const startedAtMs = performance.now();
    const { code, stderr, stdout } = await runTail(url, ['--wait', '1500ms'], { command });
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_000);
    expect(stderr + stdout).toContain('refused the connection');
    expect(code).toBe(7);
  });

  test('row 95: --wait does not wait after a fault that is not retried', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      const body = '{"error":{"code":"unauthorized","message":"no"}}';
      await peer.respond(401, { 'X-Request-Id': 'r' }, body);
    });
    const { code } = await runTail(server.url, ['--wait', '1m']);
    expect(code).toBe(3);
    expect(server.attempts).toHaveLength(1);
  });

  test('row 95: --no-reconnect applies after the first connection, even with --wait', async () => {
    const server = await answer503();
    const tail = startTail(server.url, ['--wait', '1m', '--no-reconnect', ...FAST], { log: 'json' });
    await server.waitForAttempt(2);
    server.setScript(async (peer) => {
      await peer.accept();
      await peer.welcome();
      await peer.sendClose(1012);
    });
    const exit = await tail.finish();
    expect(pickRecords(exit, 'error')).toMatchObject([{ why: 'no-reconnect', exit_code: 7 }]);
    expect(pickRecords(exit, 'connected')).toHaveLength(1);
  });
});

describe('row 95 (B7): a relay whose service or HTTP sink is not up yet', () => {
  const relayOnce = (url: string, to: string, args: readonly string[]) =>
    startTail(url, ['--to', to, '--limit', '1', ...FAST, ...args], { command: 'relay', log: 'json' });

  test('row 95: with --wait it delivers when the service comes up', async () => {
    const sink = await startHttpEndpoint();
    const server = await answer503();
    const relay = relayOnce(server.url, sink.url, ['--wait', '1m']);
    await server.waitForAttempt(UNUSED);
    server.setScript(streamHandler({ events: ['{"n":1}'] }));
    expect((await relay.finish()).code).toBe(0);
    expect(sink.accepted.map(({ body }) => body)).toEqual(['{"n":1}']);
  });

  test('row 95: with --wait it delivers when the sink comes up, and does not connect to the service before', async () => {
    const port = await findClosedPort();
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const relay = relayOnce(server.url, `http://127.0.0.1:${port}`, ['--wait', '1m']);
    await relay.child.waitForStderr(/("state":"failed".*){6}/s);
    expect(server.attempts).toHaveLength(0);
    const sink = await startScriptedServer(
      async (peer) => {
        await peer.readRequest();
        await peer.respond(204);
      },
      { port },
    );
    expect((await relay.finish()).code).toBe(0);
    expect(sink.attempts.length).toBeGreaterThan(0);
  });

  test.each([
    ['--wait', '1500ms'],
    ['--max-reconnects', '2'],
  ])('row 95: it is exit 7 if the sink does not come up within %s %s', async (...limit) => {
    const server = await startScriptedServer(streamHandler());
    const to = `http://127.0.0.1:${await findClosedPort()}`;
    const exit = await relayOnce(server.url, to, limit).finish();
    expect(pickRecords(exit, 'error')[0]?.message).toContain('refused the connection');
    expect([exit.code, server.attempts.length]).toEqual([7, 0]);
  });

  test('row 95: --timeout, if given, is the only limit for a sink', async () => {
    const server = await startScriptedServer(streamHandler());
    const to = `http://127.0.0.1:${await findClosedPort()}`;
    const exit = await relayOnce(server.url, to, ['--timeout', '2500ms']).finish();
    expect(pickRecords(exit, 'sink').length).toBeGreaterThan(5);
    expect(exit.code).toBe(124);
  });
});
