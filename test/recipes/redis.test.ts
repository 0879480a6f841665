// docs/recipes.md, Redis Streams: events are stored in order and unchanged, even if Redis is down for a while.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Child, startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { makeCleanEnvironment } from '../helpers/run-cli.ts';
import { readRecipe, startRecipe } from './recipe-page.ts';
import { untilShown } from './until.ts';

const has = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** A server with a socket and an append-only file in a temporary folder; `redis-cli` finds it by `env`. */
function makeRedis() {
  const folder = makeTempFolder();
  const socket = join(folder, 'redis.sock');
  // The recipes use the default server of redis-cli; the test replaces it by a socket.
  const env = { REDIS_SOCKET: socket, ...makeCleanEnvironment() };
  let server: Child | undefined;
  const ask = (...words: readonly string[]): string =>
    spawnSync('redis-cli', ['-s', socket, ...words], { env, encoding: 'utf8' }).stdout;
  return {
    socket,
    readEvents: (): string[] =>
      ask('--json', 'XRANGE', 'atlantis', '-', '+') === ''
        ? []
        : (JSON.parse(ask('--json', 'XRANGE', 'atlantis', '-', '+')) as [string, [string, string]][]).map(
            ([, [, event]]) => event,
          ),
    async start(): Promise<void> {
      const words = [
        '--port',
        '0',
        '--unixsocket',
        socket,
        '--dir',
        folder,
        '--appendonly',
        'yes',
        '--save',
        '',
      ];
      server = startChild('redis-server', words, { env, cwd: folder, limitMs: 120_000 });
      await untilShown(
        () => ask('ping'),
        (answer) => answer === 'PONG\n',
      );
    },
    async kill(): Promise<void> {
      server?.kill('SIGKILL');
      await server?.exit;
    },
  };
}

/** The recipe with `redis-cli` on the socket of the test. */
const onSocket = (recipe: string, socket: string): string =>
  recipe.replace('redis-cli', `redis-cli -s ${socket}`);

const AWKWARD = [
  `{"a":"it's \\\\' \\" \\\\ \\u0000 \\n %s"}`,
  '"text"',
  'null',
  '[1,  2]',
  `{"b":"\\\\\\\\'","c":"🐟"}`,
];
const scenario = {
  summary: 'awkward events',
  getAct: () => ({
    steps: [{ do: 'welcome' as const }, ...AWKWARD.map((text) => ({ do: 'text' as const, text }))],
  }),
};

const isThere = has('redis-server') && has('redis-cli');

(isThere ? describe : describe.skip)('Redis Streams (SKIPPED where Debian redis-server is missing)', () => {
  test.each(['redis', 'redisFast'] as const)('%s stores every event in order, unchanged', async (name) => {
    const redis = makeRedis();
    await redis.start();
    const recipe = onSocket(readRecipe(name), redis.socket);
    const { sent } = await startRecipe(recipe, { cwd: makeTempFolder(), count: 30 });
    expect(await untilShown(redis.readEvents, (events) => events.length >= 30)).toEqual(sent);
  });

  test.each(['redis', 'redisFast'] as const)(
    '%s stores events with awkward content unchanged',
    async (name) => {
      const redis = makeRedis();
      await redis.start();
      await startRecipe(onSocket(readRecipe(name), redis.socket), {
        cwd: makeTempFolder(),
        count: 0,
        scenario,
      });
      expect(await untilShown(redis.readEvents, (events) => events.length >= AWKWARD.length)).toEqual(
        AWKWARD,
      );
    },
  );

  test('the loop waits until Redis is back, and no event is lost', async () => {
    const redis = makeRedis();
    const recipe = onSocket(readRecipe('redis'), redis.socket);
    const { child, sent } = await startRecipe(recipe, {
      cwd: makeTempFolder(),
      count: 20,
      ratePerSecond: 100,
    });
    await child.waitForStderr('Could not connect to Redis');
    await redis.start();
    await untilShown(redis.readEvents, (events) => events.length > 5);
    await redis.kill();
    await redis.start();
    const events = await untilShown(redis.readEvents, (all) => new Set(all).size >= 20);
    expect([...new Set(events)]).toEqual(sent);
  });
});
