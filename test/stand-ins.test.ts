// Modules of dependencies that the build replaces as a whole (scripts/stand-ins): which ones, and that each
// replacement does everything that its callers need.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import * as promClient from 'prom-client';
import { preload } from './faults/start-tail.ts';
import { CANARY_KEY } from './helpers/canary.ts';
import { makeTempFolder } from './helpers/cleanup.ts';
import { ROOT, runCli } from './helpers/run-cli.ts';

const FOLDER = join(ROOT, 'scripts/stand-ins');
const load = async (name: string) => (await import(join(FOLDER, name))).default;
/** A dependency of a dependency. */
const loadPublished = async (path: string) => (await import(join(ROOT, 'node_modules', path))).default;

test('row 59: exactly these modules of dependencies are replaced; all others are used as published', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([
    'ajv.mjs',
    'cli-spinners.mjs',
    'env-paths.mjs',
    'prom-client.cjs',
    'semver.mjs',
    'tweetnacl.cjs',
    'when-exit.mjs',
  ]);
});

// faults/listeners.test.ts tests that no signal handler is registered while conf writes.
test('S1: when-exit takes a callback and never calls it', async () => {
  const whenExit = await load('when-exit.mjs');
  const forget = whenExit(() => {
    throw new Error('called');
  });
  expect(forget()).toBeUndefined();
});

test('the error of ajv names the file that must not pass a schema', async () => {
  const { Ajv2020 } = await import(join(FOLDER, 'ajv.mjs'));
  expect(() => new Ajv2020()).toThrow('profiles/write.ts');
});

test('the error of env-paths names the file that must pass a directory', async () => {
  const envPaths = await load('env-paths.mjs');
  expect(() => envPaths('atlantis')).toThrow('profiles/write.ts');
});

test('env-paths: a profile is stored for a user who has no home directory', async () => {
  // os.homedir throws for a user ID that the system does not know.
  const { nodeArgs } = preload(`
    require('node:os').homedir = () => { throw new Error('uv_os_homedir returned ENOENT'); };`);
  const args = ['profile', 'add', 'x', '--url', 'https://api.atlantis.example', '--key-stdin'];
  const exit = await runCli(args, {
    nodeArgs,
    env: { HOME: undefined, ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config') },
    stdin: `${CANARY_KEY}\n`,
  });
  expect(exit).toMatchObject({ code: 0, stderr: expect.stringContaining('profile x stored') });
});

test('the error of semver names the file that must not pass migrations', async () => {
  const semver = await load('semver.mjs');
  for (const name of ['clean', 'eq', 'gt', 'lte', 'satisfies'])
    expect(() => semver[name]('1.0.0', '>=1')).toThrow('profiles/write.ts');
});

test('row 59: cli-spinners has the two spinners that ora draws, and no other', async () => {
  const outfile = join(makeTempFolder(), 'spinners.mjs');
  await build({ entryPoints: [join(FOLDER, 'cli-spinners.mjs')], bundle: true, format: 'esm', outfile });
  const { dots, line } = await loadPublished('cli-spinners/index.js');
  expect((await import(outfile)).default).toEqual({ dots, line });
  expect(statSync(outfile).size).toBeLessThan(2_000);
});

test('prom-client has only the three classes in use, without default metrics', async () => {
  const { Counter, Gauge, Registry } = promClient;
  const standIn = await load('prom-client.cjs');
  expect(standIn).toEqual({ Counter, Gauge, Registry });
});

test.each([0, 1, 255])('tweetnacl signs as published, with a key of bytes %i', async (byte) => {
  const { sign } = await load('tweetnacl.cjs');
  const tweetnacl = await loadPublished('tweetnacl/nacl-fast.js');
  const seed = new Uint8Array(32).fill(byte);
  const pair = tweetnacl.sign.keyPair.fromSeed(seed);
  expect(sign.keyPair.fromSeed(seed)).toEqual(pair);
  const challenge = Buffer.from('challenge');
  expect(sign.detached(challenge, pair.secretKey)).toEqual(
    tweetnacl.sign.detached(challenge, pair.secretKey),
  );
});
