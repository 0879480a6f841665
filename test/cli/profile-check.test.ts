// `profile add --check` opens the stream once, and stores the key only if it works.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
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

test('a key that the service accepts is stored, after one connection', async () => {
  const server = await startScriptedServer(streamHandler());
  const { code, stderr, profiles } = await addAndList(server.url);
  expect(stderr).toContain('the key works');
  expect(code).toBe(0);
  expect(profiles).toHaveLength(1);
  expect(server.attempts).toHaveLength(1);
  expect(server.attempts[0]?.closeFrame?.code).toBe(1000);
});

test('a key that the service refuses is not stored: exit 3 after one attempt', async () => {
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

test('a key is not stored if the welcome has the prefix of another key', async () => {
  const server = await startScriptedServer(async (peer) => {
    await peer.accept();
    await peer.welcome('ak_live_ffffffffffffffff');
  });
  const { code, stderr, profiles } = await addAndList(server.url);
  expect(stderr).toContain('ak_live_ffffffff');
  expect(code).toBe(3);
  expect(profiles).toEqual([]);
});

test.each(['--key-stdin', '--key-command'])(
  'P4: a refusal that repeats the key is redacted if the key comes from %s',
  async (way) => {
    const forms = [KEY, encodeURIComponent(KEY), btoa(KEY)].join(' ');
    const body = JSON.stringify({ error: { code: 'unauthorized', message: `no ${forms}` } });
    const server = await startScriptedServer((peer) => peer.respond(401, { 'X-Request-Id': 'r' }, body));
    const file = join(makeTempFolder(), 'profiles.json');
    writeFileSync(file, KEY);
    const args = ['profile', 'add', 'main', '--url', server.url, '--check', '--verbose', way];
    const { code, stdout, stderr } = await runCli(
      [...args, ...(way === '--key-stdin' ? [] : ['cat', file])],
      {
        env: { ATLANTIS_CONFIG_DIR: makeTempFolder() },
        stdin: KEY,
      },
    );
    expect([code, findKeyIn(stdout + stderr, KEY)]).toEqual([3, []]);
    expect(stderr).toContain(`no ${KEY.slice(0, 16)}…`);
  },
);

describe('a name that is taken', () => {
  const add = ['profile', 'add', 'main', '--key-stdin'];
  const OTHER = 'ak_live_ffeeddccbbaa99887766554433221100';
  const prefixOf = async (env: Record<string, string>): Promise<string> =>
    JSON.parse((await runCli(['profile', 'list', '--json'], { env })).stdout)[0].key_prefix;

  test('is reported before the key is tried', async () => {
    const server = await startScriptedServer(streamHandler());
    const env = { ATLANTIS_CONFIG_DIR: makeTempFolder() };
    await runCli([...add, '--url', server.url], { env, stdin: KEY });
    const again = await runCli([...add, '--url', server.url, '--check'], { env, stdin: OTHER });
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(server.attempts).toHaveLength(0);
    expect(await prefixOf(env)).toBe(KEY.slice(0, 16));
  });

  test('is reported even if another process took it during the command', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      // Another process stores a profile with the name while the key is checked.
      const other = await runCli([...add, '--url', 'https://a.example'], { env, stdin: OTHER });
      expect(other.code).toBe(0);
      peer.answerClose();
      await peer.welcome();
    });
    const env = { ATLANTIS_CONFIG_DIR: makeTempFolder() };
    const late = await runCli([...add, '--url', server.url, '--check'], { env, stdin: CANARY_KEY });
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining('profile "main" already exists') });
    expect(await prefixOf(env)).toBe(OTHER.slice(0, 16));
  });
});
