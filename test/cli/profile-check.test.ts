// `profile add --check`: the stream is opened once, and the key is stored only if it works.
import { expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const KEY = 'ak_live_0123456789abcdeffedcba9876543210';

/** Runs `profile add` against a server with an empty store, then lists what was stored. */
async function addAndList(url: string) {
  const env = { ATLANTIS_CONFIG_DIR: makeTempFolder() };
  const args = ['profile', 'add', 'main', '--url', url, '--key-stdin', '--check'];
  const added = await runCli(args, { env, stdin: `${KEY}\n` });
  const listed = await runCli(['profile', 'list', '--json'], { env });
  return { ...added, profiles: JSON.parse(listed.stdout) as unknown[] };
}

test('a key that the service welcomes is stored, after one connection', async () => {
  const server = await startScriptedServer(streamHandler());
  const { code, stderr, profiles } = await addAndList(server.url);
  expect(stderr).toContain('the key works');
  expect(code).toBe(0);
  expect(profiles).toHaveLength(1);
  expect(server.attempts).toHaveLength(1);
  expect(server.attempts[0]?.closeFrame?.code).toBe(1000);
});

test('a key that the service refuses is not stored: 3 after one attempt', async () => {
  const body = '{"error":{"code":"unauthorized","message":"no such key"}}';
  const server = await startScriptedServer(async (peer) => {
    await peer.respond(401, { 'X-Request-Id': 'req-1' }, body);
  });
  const { code, stderr, profiles } = await addAndList(server.url);
  expect(stderr).toContain('no such key');
  expect(stderr).not.toContain(KEY);
  expect(code).toBe(3);
  expect(profiles).toEqual([]);
  expect(server.attempts).toHaveLength(1);
});

test('a key that the service takes for another is not stored', async () => {
  const server = await startScriptedServer(async (peer) => {
    await peer.accept();
    await peer.welcome('ak_live_ffffffffffffffff');
  });
  const { code, stderr, profiles } = await addAndList(server.url);
  expect(stderr).toContain('ak_live_ffffffff');
  expect(code).toBe(3);
  expect(profiles).toEqual([]);
});
