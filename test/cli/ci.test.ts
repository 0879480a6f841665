// `tail` in CI: the flags that limit a run, together; and every recipe of docs/ci.md, run exactly as written.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, CANARY_PREFIX, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { until } from '../helpers/monitoring.ts';
import { ROOT, runShell } from '../helpers/run-cli.ts';
import { type Peer, type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { startTail } from '../helpers/tail.ts';

const EVENT = '{"type":"large_transfer"}';

describe('tail with --ready-file, --max-silence, --fail-on-gap and --timeout together', () => {
  const three = [EVENT, EVENT, EVENT];
  const drop = async (peer: Peer): Promise<void> => peer.reset();
  const tick = async (peer: Peer): Promise<void> => {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await peer.sendText('{"type":"tick"}');
    }
  };
  const rows: readonly (readonly [string, Script, string[], number, number])[] = [
    ['the limit is reached: exit 0', streamHandler({ events: three, finish: drop }), [], 0, 3],
    [
      'no event: exit 13 after --max-silence',
      streamHandler({ events: [EVENT] }),
      ['--max-silence', '1s'],
      13,
      1,
    ],
    [
      'the connection is lost: exit 12 at the gap',
      streamHandler({ events: [EVENT], finish: drop }),
      [],
      12,
      1,
    ],
    [
      'other events: exit 124 after --timeout',
      streamHandler({ events: [EVENT], finish: tick }),
      ['--type', 'large_*', '--max-silence', '20s', '--timeout', '3s'],
      124,
      1,
    ],
  ];
  test.each(rows)('%s', async (_name, script, args, code, lines) => {
    const server = await startScriptedServer(script);
    const ready = join(makeTempFolder(), 'ready.json');
    const bounds = ['--limit', '3', '--timeout', '25s', '--max-silence', '20s', '--fail-on-gap'];
    const tail = startTail(server.url, [...bounds, '--ready-file', ready, ...args], { spawned: true });
    const exit = await tail.finish();
    expect([exit.code, exit.lines.length]).toEqual([code, lines]);
    expect(server.attempts).toHaveLength(1);
    expect(existsSync(ready)).toBe(false);
  });

  test('the ready file exists from the welcome to the end', async () => {
    const ready = join(makeTempFolder(), 'ready.json');
    let welcome: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      welcome = resolve;
    });
    let sendEvent: () => void = () => {};
    const seen = new Promise<void>((resolve) => {
      sendEvent = resolve;
    });
    const server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await asked;
      await peer.welcome();
      await seen;
      await peer.sendText(EVENT);
    });
    writeFileSync(ready, 'of an earlier run');
    const tail = startTail(server.url, ['--limit', '1', '--ready-file', ready], { spawned: true });
    const attempt = await server.waitForAttempt(1);
    await server.waitUntil(() => attempt.request, 'the request');
    expect(existsSync(ready)).toBe(false);
    welcome();
    await until(() => existsSync(ready), Boolean);
    expect(JSON.parse(readFileSync(ready, 'utf8'))).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      key_prefix: CANARY_PREFIX,
      pid: tail.child.pid,
    });
    sendEvent();
    expect((await tail.finish()).code).toBe(0);
    expect(existsSync(ready)).toBe(false);
  });

  test('a ready file that cannot be written is exit 9 before any connection is opened', async () => {
    const server = await startScriptedServer(streamHandler());
    const ready = join(makeTempFolder(), 'missing', 'ready.json');
    const { code, stderr } = await startTail(server.url, ['--ready-file', ready]).finish();
    expect([code, server.attempts.length]).toEqual([9, 0]);
    expect(stderr).toContain(
      `the ready file "${ready}" could not be written: the directory does not exist (ENOENT)`,
    );
  });

  test('a refused key exits 3 without a ready file, whatever the other flags', async () => {
    const body = JSON.stringify({ error: { code: 'unauthorized', message: 'no' } });
    const server = await startScriptedServer((peer) => peer.respond(401, {}, body));
    const ready = join(makeTempFolder(), 'ready.json');
    const args = [
      '--limit',
      '1',
      '--timeout',
      '20s',
      '--max-silence',
      '1s',
      '--fail-on-gap',
      '--ready-file',
      ready,
    ];
    expect((await startTail(server.url, args).finish()).code).toBe(3);
    expect(existsSync(ready)).toBe(false);
  });
});

describe('docs/ci.md', () => {
  const document = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
  const recipes = findRecipes(document);

  /** A stream with occasional events. */
  async function* events(): AsyncGenerator<string> {
    for (let n = 0; ; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield `{"type":"large_transfer","n":${n},"timestamp":"${new Date().toISOString()}"}`;
    }
  }

  const run = async (recipe: Recipe, script: Script) => {
    const server = await startScriptedServer(script);
    const folder = makeTempFolder();
    const exit = await runShell(recipe.text, {
      shell: 'sh',
      cwd: folder,
      key: CANARY_KEY,
      env: { ATLANTIS_URL: server.url },
    });
    expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
    return { ...exit, folder };
  };

  test('has recipes for plain sh, none of which needs the timeout command', () => {
    expect(recipes.map(({ name }) => name)).toEqual(['Plain sh 1', 'Plain sh 2']);
    for (const { text } of recipes) expect(text).not.toMatch(/^\s*timeout\b|\| *timeout\b|\bgrep\b/m);
  });

  test.each(recipes)('$name exits 0 on a working stream', async (recipe) => {
    const { code, stdout, stderr, folder } = await run(recipe, streamHandler({ events: events() }));
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    if (recipe.text.includes('> events.ndjson')) {
      expect(readFileSync(join(folder, 'events.ndjson'), 'utf8')).toMatch(/^(\{.*\}\n)+$/);
    }
  });

  test.each(recipes)('$name fails with exit 3 if the key is refused', async (recipe) => {
    const body = JSON.stringify({ error: { code: 'unauthorized', message: 'no' } });
    const { code } = await run(recipe, (peer) => peer.respond(401, {}, body));
    expect(code).toBe(3);
  });
});

interface Recipe {
  readonly name: string;
  readonly text: string;
}

/** The recipes for plain sh; ci-platforms.test.ts runs the files for CI systems. */
function findRecipes(document: string): Recipe[] {
  const [, section = ''] = document.split('## Plain sh\n');
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = ''], at) => ({
    name: `Plain sh ${at + 1}`,
    text,
  }));
}
