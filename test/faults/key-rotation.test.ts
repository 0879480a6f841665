// A key that is replaced while a stream runs: the next attempt uses the new key, whatever its source is.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { type Child, runCli, startCli } from '../helpers/run-cli.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';

const OLD = CANARY_KEY;
const NEW = 'ak_live_0e3a9c5577dd11bb22cc33aa44ee55ff';
const REVOKED = JSON.stringify({ error: { code: 'unauthorized', message: 'no such key' } });
const FAST = ['--retry-min', '250ms', '--retry-max', '250ms', '--verbose'];

/** A source of the key of a run, and a function that puts another key there. */
interface KeyPlace {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  replace(key: string): Promise<void>;
}

const asShell = (script: string): string => JSON.stringify(['sh', '-c', script]);

const toHttp = (url: string): string => url.replace('ws:', 'http:');

function makeKeyFile(): { path: string; replace: (key: string) => Promise<void> } {
  const path = join(makeTempFolder(), 'api-key');
  writeFileSync(path, `${OLD}\n`);
  return { path, replace: async (key) => writeFileSync(path, `${key}\n`) };
}

async function addProfile(url: string, more: readonly string[], stdin = ''): Promise<Record<string, string>> {
  const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config'), ANOTHER_SECRET: OLD };
  const add = ['profile', 'add', 'main', '--url', toHttp(url), '--verbose', ...more];
  expect(await runCli(add, { env, stdin })).toMatchObject({ code: 0 });
  return env;
}

const PLACES: Readonly<Record<string, (url: string) => Promise<KeyPlace>>> = {
  async '--key-file'(url) {
    const { path, replace } = makeKeyFile();
    return { args: ['--url', url, '--key-file', path], env: { ANOTHER_SECRET: OLD }, replace };
  },
  async ATLANTIS_API_KEY_FILE(url) {
    const { path, replace } = makeKeyFile();
    return { args: ['--url', url], env: { ATLANTIS_API_KEY_FILE: path, ANOTHER_SECRET: OLD }, replace };
  },
  async 'a stored key'(url) {
    const env = await addProfile(url, ['--key-stdin'], OLD);
    const add = ['profile', 'add', 'main', '--force', '--key-stdin', '--url', toHttp(url), '--verbose'];
    return {
      args: [],
      env,
      replace: async (key) => void expect(await runCli(add, { env, stdin: key })).toMatchObject({ code: 0 }),
    };
  },
  async 'a key command'(url) {
    const { path, replace } = makeKeyFile();
    const env = await addProfile(url, ['--key-command', 'cat', path]);
    return { args: [], env, replace };
  },
};

const COMMANDS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  'stream tail': async () => [],
  async 'stream relay'() {
    const endpoint = await startHttpEndpoint();
    return ['--to', endpoint.url];
  },
};

async function start(command: string, place: KeyPlace): Promise<Child> {
  const more = (await COMMANDS[command]?.()) ?? [];
  return startCli([...command.split(' '), ...place.args, ...more, ...FAST], { env: place.env });
}

const keysOf = ({ attempts }: ScriptedServer): unknown[] =>
  attempts.map(({ request }) => request?.headers['x-api-key']);

/** Welcomes the first connection, then closes it with 1012, as a service does before a restart. */
const restartAfter = (then: Script): Script => {
  const first = streamHandler({ events: ['{"n":1}'], finish: (peer) => peer.sendClose(1012) });
  return (peer, index) => (index === 0 ? first : then)(peer, index);
};

const rows = Object.keys(COMMANDS).flatMap((command) =>
  Object.keys(PLACES).map((place) => ({ command, place })),
);

describe('row 73 (P5): a key that is replaced while the stream runs', () => {
  test.each(rows)(
    'is used for the next connection after a restart of the service: $command, $place',
    async ({ command, place }) => {
      await using server = await startScriptedServer(async () => {});
      const from = await PLACES[place]?.(server.url);
      if (from === undefined) throw new Error(place);
      const next = streamHandler({ events: ['{"n":2}'] });
      server.setScript(
        restartAfter(async (peer, index) => {
          if (index === 1) await from.replace(NEW);
          await (index === 1 ? peer.reset() : next(peer, index));
        }),
      );
      const child = await start(command, from);
      await child.waitForStderr(`with the key ${NEW.slice(0, 16)}`);
      child.kill('SIGINT');
      const { signal, stderr } = await child.exit;
      expect(signal).toBe('SIGINT');
      expect(keysOf(server).at(-1)).toBe(NEW);
      expect(stderr).toContain(`the key was replaced: ${NEW.slice(0, 16)}…`);
      expect(stderr).not.toContain('instead of yours');
    },
  );

  test.each(rows)('is used after a 401 for the old key: $command, $place', async ({ command, place }) => {
    await using server = await startScriptedServer(async () => {});
    const from = await PLACES[place]?.(server.url);
    if (from === undefined) throw new Error(place);
    server.setScript(
      restartAfter(async (peer, index) => {
        const { headers } = await peer.readRequest();
        if (headers['x-api-key'] === NEW) return streamHandler()(peer, index);
        await from.replace(NEW);
        return peer.respond(401, { 'X-Request-Id': 'r' }, REVOKED);
      }),
    );
    const child = await start(command, from);
    await child.waitForStderr(`with the key ${NEW.slice(0, 16)}`);
    child.kill('SIGINT');
    const { stderr } = await child.exit;
    expect(stderr).toMatch(/no longer accepts the key from .*(HTTP 401|401)/);
    expect(keysOf(server)).toEqual([OLD, OLD, NEW]);
  });

  test.each(rows)(
    'a 401 for an unchanged key is exit 3, and the key is not sent again: $command, $place',
    async ({ command, place }) => {
      await using server = await startScriptedServer(
        restartAfter((peer) => peer.respond(401, { 'X-Request-Id': 'r' }, REVOKED)),
      );
      const from = await PLACES[place]?.(server.url);
      if (from === undefined) throw new Error(place);
      const { code, stderr } = await (await start(command, from)).exit;
      expect(code).toBe(3);
      expect(stderr).toMatch(/error: .*does not accept the key from/);
      expect(keysOf(server)).toEqual([OLD, OLD]);
    },
  );

  test('a 401 also for the new key is exit 3 after one attempt with that key', async () => {
    await using server = await startScriptedServer(async () => {});
    const from = await PLACES['--key-file']?.(server.url);
    server.setScript(
      restartAfter(async (peer) => {
        await from?.replace(NEW);
        return peer.respond(401, { 'X-Request-Id': 'r' }, REVOKED);
      }),
    );
    const { code } = await (await start('stream tail', from as KeyPlace)).exit;
    expect(code).toBe(3);
    expect(keysOf(server)).toEqual([OLD, OLD, NEW]);
  });

  test('a 401 before any welcome is exit 3 after one attempt', async () => {
    await using server = await startScriptedServer((peer) =>
      peer.respond(401, { 'X-Request-Id': 'r' }, REVOKED),
    );
    const from = await PLACES['--key-file']?.(server.url);
    const { code, stderr } = await (await start('stream tail', from as KeyPlace)).exit;
    expect([code, keysOf(server)]).toEqual([3, [OLD]]);
    expect(stderr).toContain('write a valid one to that file');
  });

  test('a key command runs once for each attempt, and causes no further attempts', async () => {
    const trace = join(makeTempFolder(), 'trace');
    await using server = await startScriptedServer(
      restartAfter((peer, index) =>
        index === 3 ? streamHandler()(peer, index) : Promise.resolve(peer.reset()),
      ),
    );
    const env = await addProfile(server.url, [
      '--key-command',
      asShell(`echo run >> ${trace}; echo $ANOTHER_SECRET`),
    ]);
    const child = await start('stream tail', { args: [], env, replace: async () => {} });
    await child.waitForStderr('live again');
    child.kill('SIGINT');
    await child.exit;
    expect(readFileSync(trace, 'utf8')).toBe('run\n'.repeat(server.attempts.length));
    expect(server.attempts).toHaveLength(4);
  });

  test.each([
    ['the key command fails', 'failed with exit status 7; the previous key is used'],
    ['the profile is removed', 'profile "main" no longer exists; the previous key is used'],
    ['the profile goes elsewhere', 'now points to http://127.0.0.1:1; the previous key is used'],
    ['the store is damaged', 'profile store is damaged: it is empty'],
  ])(
    'if %s meanwhile, the run continues with the previous key, and reports that once',
    async (what, said) => {
      const flag = join(makeTempFolder(), 'flag');
      await using server = await startScriptedServer(async () => {});
      const script = `test -e ${flag} && exit 7; echo $ANOTHER_SECRET`;
      const env = await addProfile(server.url, ['--key-command', asShell(script)]);
      const run = (words: string, stdin = ''): Promise<unknown> =>
        runCli([...words.split(' '), '--verbose'], { env, stdin });
      const changes: Readonly<Record<string, () => unknown>> = {
        'the key command fails': () => writeFileSync(flag, ''),
        'the profile is removed': () => run('profile remove main --yes'),
        'the profile goes elsewhere': () =>
          run('profile add main --force --url http://127.0.0.1:1 --key-stdin', NEW),
        'the store is damaged': () =>
          writeFileSync(join(env['ATLANTIS_CONFIG_DIR'] ?? '', 'profiles.json'), ''),
      };
      const first = streamHandler({
        finish: async (peer) => {
          await changes[what]?.();
          await peer.sendClose(1012);
        },
      });
      server.setScript((peer, index) =>
        index === 0
          ? first(peer, index)
          : index === 2
            ? streamHandler()(peer, index)
            : Promise.resolve(peer.reset()),
      );
      const child = await start('stream tail', { args: [], env, replace: async () => {} });
      await child.waitForStderr('live again');
      child.kill('SIGINT');
      const { stderr, signal } = await child.exit;
      expect(signal).toBe('SIGINT');
      expect(stderr.split(said)).toHaveLength(2);
      expect(keysOf(server).filter((key) => key !== undefined && key !== OLD)).toEqual([]);
      expect(stderr).not.toContain(NEW.slice(0, 16));
    },
  );
});
