// Dependencies print nothing: stdout is for events, and stderr for redacted messages.
import { expect, test } from '@jest/globals';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

/** Fails unless every line is a message of this program or a hint. */
function expectOurs(stderr: string): void {
  for (const line of stderr.trimEnd().split('\n'))
    expect(line).toMatch(/^((?:(?:\d\d:){2}\d\d )?atlantis: | {2})\S/);
}

const SECRET = 'pa55w0rd-0f-the-proxy';

test('row 102 (P4): the NATS client prints nothing about a server that it does not understand', async () => {
  const server = await startScriptedServer(async (peer) => {
    await peer.sendRaw('INFO {"max_payload":1048576}\r\n');
    await peer.untilClosed();
  });
  const args = ['--from', `nats://127.0.0.1:${server.port}/S`, '--no-reconnect', '--connect-timeout', '1s'];
  const { stdout, stderr, code } = await runTail('', args, { spawned: true, env: { DEBUG: '*' } });
  expect([stdout, code]).toEqual(['', 7]);
  expectOurs(stderr);
  expect(stderr).toContain(`127.0.0.1:${server.port}`);
});

test('row 102 (P4): with DEBUG=* no dependency prints anything, such as the proxy password', async () => {
  const proxy = await startScriptedServer(async (peer) => {
    await peer.readRequest();
    await peer.respond(503);
  });
  const env = { HTTPS_PROXY: `http://user:${SECRET}@127.0.0.1:${proxy.port}`, DEBUG: '*' };
  const { stdout, stderr, code } = await runTail('https://stream.atlantis.test', ['--no-reconnect'], {
    env,
    spawned: true,
  });
  expectOurs(stderr);
  expect(stderr).not.toContain(SECRET);
  expect([stdout, code]).toEqual(['', 7]);
});
