// The command reports why it cannot start: a Node that is too old (`.ci/old-nodes` runs it on real ones), or no build.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { transform } from 'esbuild';
import { preload } from '../faults/start-tail.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { type Exit, startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { ROOT, runCli } from '../helpers/run-cli.ts';

const FILES = ['atlantis.cjs', 'cannot-start.cjs', 'no-debugger.cjs'];
const asVersion = (version: string): { nodeArgs: string[] } =>
  preload(`
    Object.defineProperty(process.versions, 'node', { value: '${version}' });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`);

describe('row 83 (§ 2): a Node that is too old', () => {
  test.each(FILES)('Node 12 can parse bin/%s', async (file) => {
    const source = readFileSync(join(ROOT, 'bin', file), 'utf8');
    const compile = async (target: string): Promise<string> => (await transform(source, { target })).code;
    expect(await compile('node12')).toBe(await compile('esnext'));
  });

  test.each([['--version'], ['stream', 'tail', '--simulate']])(
    '%s: exit 2, and the error names the required and the actual version',
    async (...words) => {
      const { code, stdout, stderr } = await runCli([...words, '--verbose'], {
        key: CANARY_KEY,
        ...asVersion('18.20.8'),
      });
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toBe(
        `atlantis: error: Node.js 20 or newer is needed, but this is v18.20.8 (${process.execPath})\n  install a newer one: https://nodejs.org/en/download\n`,
      );
    },
  );

  test.each([['--log-format', 'json'], ['--log-format=json']])(
    'with %s the error is one JSON record',
    async (...words) => {
      const { code, stderr } = await runCli(['stream', 'tail', '--verbose', ...words], {
        key: CANARY_KEY,
        ...asVersion('12.22.12'),
      });
      expect([code, JSON.parse(stderr)]).toEqual([
        2,
        {
          ts: expect.any(String),
          level: 'error',
          event: 'error',
          message: expect.stringContaining('v12.22.12'),
          hint: expect.any(String),
          exit_code: 2,
        },
      ]);
    },
  );

  test('the required version is the one in package.json', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const [, needed] = readFileSync(join(ROOT, 'bin/atlantis.cjs'), 'utf8').match(/NEEDED = (\d+);/) ?? [];
    expect(engines.node).toBe(`>=${needed}`);
  });
});

describe('row 90 (§ 2): a clone that was not built', () => {
  /** Runs a copy of `bin` without `dist`, as in a new clone. */
  const runUnbuilt = (...words: string[]): Promise<Exit> => {
    const folder = makeTempFolder();
    cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
    const entry = join(folder, 'bin', 'atlantis.cjs');
    return startChild(process.execPath, [entry, ...words], { env: {} }).exit;
  };

  test('row 90: exit 2, and the error says how to build it', async () => {
    const { code, stdout, stderr } = await runUnbuilt('--version');
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      'atlantis: error: this clone is not built\n  run: npm ci && npm run build\n',
    ]);
  });

  test('row 90: with --log-format json the error is one JSON record', async () => {
    const { code, stderr } = await runUnbuilt('stream', 'tail', '--log-format', 'json');
    expect([code, JSON.parse(stderr)]).toMatchObject([2, { event: 'error', exit_code: 2 }]);
  });
});
