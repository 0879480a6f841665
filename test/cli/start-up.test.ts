// The bundles that each command loads: an unnecessary one costs startup time.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';

/** Names of the bundles that a run loads. */
async function listLoaded(args: string): Promise<string[]> {
  const folder = makeTempFolder();
  const preload = join(folder, 'preload.cjs');
  const list = join(folder, 'loaded.json');
  writeFileSync(
    preload,
    `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache))))`,
  );
  const { code, stderr } = await runCli(args.split(' '), { nodeArgs: ['--require', preload] });
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  const paths: string[] = JSON.parse(readFileSync(list, 'utf8'));
  return paths.filter((path) => /[\\/]dist[\\/]/.test(path)).map((path) => basename(path, '.cjs'));
}

const STREAM = ['core', 'main', 'base', 'session', 'ws', 'stream'];
const SIMULATOR = ['simulator.parts', 'simulator.scenarios'];
const TAIL = [...STREAM, ...SIMULATOR, 'commands.program', 'tail'];

const COMPLETION = [
  'core',
  'main',
  'base',
  'session',
  'commands.program',
  'commands.completion.answer',
  'commands.help',
  'simulator.scenarios',
];

test.each([
  ['--version', ['core', 'main']],
  ['stream tail --simulate burst -n 1 --json', TAIL],
  [
    'stream tail --simulate burst -n 1 --format pretty --color never',
    [...TAIL, 'render.pretty.pretty', 'string-width'],
  ],
  ['stream tail --help', ['core', 'main', 'commands.program', 'commands.help']],
  ['completion bash', ['core', 'main', 'commands.program', 'commands.completion.scripts']],
  ['__complete bash -- stream ', COMPLETION],
  ['profile list --json', ['core', 'main', 'base', 'session', 'commands.program', 'commands.profile.show']],
])('`%s` loads only the bundles that it needs', async (args, parts) => {
  expect((await listLoaded(args)).sort()).toEqual([...parts].sort());
});

test('packages in NODE_PATH and in the working directory are not loaded', async () => {
  const folder = makeTempFolder();
  const modules = join(folder, 'modules');
  const traces = join(folder, 'traces');
  mkdirSync(traces);
  for (const name of ['bufferutil', 'utf-8-validate', 'supports-color', 'kerberos', 'ws', 'chalk']) {
    mkdirSync(join(modules, name), { recursive: true });
    const trace = JSON.stringify(join(traces, name));
    writeFileSync(join(modules, name, 'index.js'), `require('node:fs').writeFileSync(${trace}, '')`);
  }
  const args = ['stream', 'tail', '--simulate', 'burst', '-n', '3', '--format', 'pretty'];
  const { code } = await runCli(args, { cwd: modules, env: { NODE_PATH: modules, FORCE_COLOR: '1' } });
  expect([code, readdirSync(traces)]).toEqual([0, []]);
});
