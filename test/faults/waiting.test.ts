// A service that is not up yet: limits that the user has set, and --wait.
import { describe, expect, test } from '@jest/globals';
import { findClosedPort } from '../helpers/closed-port.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, startTail } from '../helpers/tail.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
const UNUSED = 6;

describe('row 95 (R3): a service that is not up yet', () => {
  const answer503 = () =>
    startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.respond(503);
    });

  test('row 95: --max-reconnects counts from the first attempt on', async () => {
    const server = await answer503();
    const exit = await runTail(server.url, ['--max-reconnects', String(UNUSED), ...FAST], { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ why: 'no-reconnect', exit_code: 7 }]);
    expect(server.attempts).toHaveLength(UNUSED + 1);
  });

  test('row 95: --timeout is the only limit', async () => {
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

  test.each(['tail', 'check'])('row 95: %s --wait that ends is exit 7', async (command) => {
    const url = `ws://127.0.0.1:${await findClosedPort()}`;
    const startedAtMs = performance.now();
    const { code, stderr, stdout } = await runTail(url, ['--wait', '1500ms'], { command });
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_000);
    expect(stderr + stdout).toContain('refused the connection');
    expect(code).toBe(7);
  });

  test('row 95: --wait ends at once if retrying cannot help', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      const body = '{"error":{"code":"unauthorized","message":"no"}}';
      await peer.respond(401, { 'X-Request-Id': 'r' }, body);
    });
    const { code } = await runTail(server.url, ['--wait', '1m']);
    expect(code).toBe(3);
    expect(server.attempts).toHaveLength(1);
  });

  test('row 95: after the first connection, --no-reconnect holds again', async () => {
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
