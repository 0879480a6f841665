// Invalid keys from every source, and keys that would be sent to the wrong host.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const COMMANDS = ['stream tail --limit 1', 'stream check'] as const;

/** Creates a store with one profile that has this URL and key. */
function createStore(url: string, more: object): string {
  const folder = join(makeTempFolder(), 'config');
  mkdirSync(folder, { mode: 0o700 });
  const content = { version: 1, current: 'main', profiles: { main: { url, ...more } } };
  writeFileSync(join(folder, 'profiles.json'), JSON.stringify(content), { mode: 0o600 });
  return folder;
}

describe('row 55 (P2): an invalid key is refused, not repeated, and no connection is opened', () => {
  const KINDS = [
    ['a line break inside', `${CANARY_KEY.slice(0, 30)}\n${CANARY_KEY.slice(30)}`],
    ['a no-break space', `${CANARY_KEY}\u00a0`],
    ['10 KB', `${CANARY_KEY}${'0'.repeat(10_240)}`],
    ['empty', ''],
    ['another text', `x${CANARY_KEY}`],
  ] as const;
  const SOURCES = ['the environment', '--key-stdin', 'a key command'] as const;
  const rows = KINDS.flatMap(([kind, key]) =>
    COMMANDS.flatMap((command) => SOURCES.map((source) => ({ kind, key, command, source }))),
  );

  test.each(rows)('$kind, from $source: $command', async ({ kind, key, command, source }) => {
    // Only the first line of stdin is the key.
    if (source === '--key-stdin' && kind === 'a line break inside') return;
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const keyFile = join(makeTempFolder(), 'profiles.json');
    writeFileSync(keyFile, key, { mode: 0o600 });
    const url = server.url.replace('ws:', 'http:');
    const folder = createStore(url, { keyCommand: ['cat', keyFile] });
    const args = [...command.split(' '), '--verbose', ...(source === '--key-stdin' ? [source] : [])];
    const exit = await runCli(args, {
      stdin: source === '--key-stdin' ? key : CANARY_KEY,
      env: {
        // A valid key that must not be used instead.
        ...(source === '--key-stdin' && { ATLANTIS_API_KEY: CANARY_KEY }),
        ATLANTIS_CONFIG_DIR: folder,
        ...(source === 'the environment' && { ATLANTIS_API_KEY: key }),
      },
    });
    // An empty variable counts as unset, so the key command runs, which prints nothing.
    expect([exit.code, exit.signal]).toEqual([3, null]);
    expect(exit.stdout + exit.stderr).toMatch(/cannot be used: it |no key on stdin|printed more than a key/);
    expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
    expect(server.attempts).toHaveLength(0);
  });

  test.each(COMMANDS)('a key file ending in CRLF works: %s', async (command) => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const args = [...command.split(' '), '--url', server.url, '--key-stdin', '--verbose'];
    const exit = await runCli(args, { stdin: `${CANARY_KEY}\r\n` });
    expect([exit.code, exit.signal]).toEqual([0, null]);
    expect(server.attempts[0]?.request?.headers['x-api-key']).toEqual(CANARY_KEY);
  });
});

describe('row 57 (P3): a stored key is not sent to another origin', () => {
  const kinds = [
    ['a key', { key: CANARY_KEY }],
    ['a key command', { keyCommand: ['echo', CANARY_KEY] }],
  ] as const;
  const rows = COMMANDS.flatMap((command) =>
    kinds.flatMap(([kind, secret]) =>
      (['flag', 'environment'] as const).map((way) => ({ command, kind, secret, way })),
    ),
  );

  test.each(rows)('$kind, by $way: exit 2, no connection: $command', async ({ command, secret, way }) => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    // The same host with another port is another origin.
    const folder = createStore('http://127.0.0.1:1', secret);
    const args = [...command.split(' '), '--verbose', ...(way === 'flag' ? ['--url', server.url] : [])];
    const exit = await runCli(args, {
      env: { ATLANTIS_CONFIG_DIR: folder, ...(way === 'environment' && { ATLANTIS_URL: server.url }) },
    });
    expect([exit.code, exit.signal]).toEqual([2, null]);
    expect(exit.stdout + exit.stderr).toContain('belongs to http://127.0.0.1:1');
    expect(server.attempts).toHaveLength(0);
  });
});
