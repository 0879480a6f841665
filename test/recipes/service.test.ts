// docs/recipes.md, systemd and containers: systemd reads the unit, its command is run, and the command of the image
// is run as the first process of a PID namespace, as in a container.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../../src/errors.ts';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { COMMAND, makeCleanEnvironment } from '../helpers/run-cli.ts';
import { openSimulator } from '../simulator/stream-client.ts';
import { readRecipe } from './recipe-page.ts';

const succeeds = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;
const canAnalyze = succeeds('systemd-analyze', '--version');
const canUnshare = succeeds('unshare', '-rpf', '--mount-proc', 'true');

/** The value of a setting of the unit, lines joined as systemd does. */
function readSetting(name: string): string {
  const unit = readRecipe('unit').replace(/\\\n\s*/g, '');
  return new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
}

describe('a systemd unit', () => {
  (canAnalyze ? test : test.skip)('passes systemd-analyze verify (SKIPPED without it)', () => {
    const folder = makeTempFolder();
    const file = join(folder, 'atlantis.service');
    // systemd-analyze requires that the program exists.
    writeFileSync(file, readRecipe('unit').replace('/usr/local/bin/atlantis', COMMAND));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    });
    expect([status, stdout, stderr.split('\n').filter((line) => line.includes('atlantis'))]).toEqual([
      0,
      '',
      [],
    ]);
  });

  test('restarts unless a person has to fix the error, and passes the key as a file on stdin', () => {
    const { usage, credential, credit, refused } = EXIT;
    const mended = readSetting('RestartPreventExitStatus').split(' ').map(Number);
    expect([readSetting('Restart'), mended]).toEqual(['always', [usage, credential, credit, refused]]);
    expect(readSetting('StartLimitIntervalSec')).toBe('0');
    expect(readSetting('StandardInput')).toBe('file:/etc/atlantis/key');
    expect(readSetting('ExecStart')).toContain('--key-stdin');
  });

  test('has a command that records the stream with the key on stdin, and ends by SIGTERM', async () => {
    const { url, exampleKey } = await openSimulator({ ratePerSecond: 200 });
    const state = makeTempFolder();
    mkdirSync(join(state, 'atlantis'));
    const command = readSetting('ExecStart')
      .replace('%S', state)
      .replace('https://api.atlantis.example', url);
    const [program, ...args] = command.split(' ');
    expect(program).toBe('/usr/local/bin/atlantis');
    const child = startChild(process.execPath, [COMMAND, ...args], {
      env: makeCleanEnvironment({ env: { HOME: undefined } }),
      cwd: '/',
      stdin: `${exampleKey}\n`,
      stdout: 'ignore',
    });
    const recording = join(state, 'atlantis/events.ndjson.gz');
    await child.waitForStderr('connected to');
    child.kill('SIGTERM');
    expect((await child.exit).signal).toBe('SIGTERM');
    expect(existsSync(recording)).toBe(true);
    expect(gunzipSync(readFileSync(recording)).toString()).toContain('"signal":"SIGTERM"');
  });
});

describe('a container', () => {
  const image = readRecipe('image');
  const readWords = (name: string): string[] =>
    JSON.parse(new RegExp(`^${name} (\\[.*\\])$`, 'm').exec(image)?.[1] ?? '[]');
  const run = (words: readonly string[], env: Record<string, string>, stdin = '') => {
    const [entry, ...args] = words;
    expect(entry).toBe('atlantis');
    return startChild(
      'unshare',
      ['-rpf', '--kill-child', '--mount-proc', process.execPath, COMMAND, ...args],
      {
        env: makeCleanEnvironment({ env }),
        stdin,
      },
    );
  };

  (canUnshare ? test : test.skip)(
    'its command is process 1, and SIGTERM ends it in order (SKIPPED without unshare)',
    async () => {
      const { url, exampleKey } = await openSimulator({ ratePerSecond: 200 });
      const words = [...readWords('ENTRYPOINT'), ...readWords('CMD')];
      const child = run(words, { ATLANTIS_URL: url, ATLANTIS_API_KEY: exampleKey });
      await child.waitForStdout('\n');
      spawnSync('pkill', ['-TERM', '-P', String(child.pid)]);
      const { code, stderr } = await child.exit;
      expect([code, stderr]).toEqual([143, expect.stringMatching(/ events? in /)]);
    },
  );

  (canUnshare ? test : test.skip)(
    'the command of `docker run` prints events, with the key on stdin (SKIPPED without unshare)',
    async () => {
      const { url, exampleKey } = await openSimulator({ ratePerSecond: 200 });
      const [, line = ''] = /^docker run (.*) < key \| jq -c \.type$/m.exec(readRecipe('container')) ?? [];
      const [options = '', args = ''] = line.split(' atlantis ');
      expect(options).toBe('--rm -i -e ATLANTIS_URL');
      const words = [...readWords('ENTRYPOINT'), ...args.split(' ')];
      const child = run(words, { ATLANTIS_URL: url }, exampleKey);
      expect(await child.waitForStdout('\n')).toMatch(/^\{"type":/);
    },
  );
});
