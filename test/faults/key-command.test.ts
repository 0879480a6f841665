// A slow key command that the user interrupts, and key commands with relative paths.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { untilDead } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli, spawnCli } from '../helpers/run-cli.ts';
import { untilWritten } from '../helpers/watch.ts';
import { whenGone } from './start-tail.ts';

const URL = 'http://127.0.0.1:1';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const COMMANDS = [
  'stream tail',
  'stream check',
  `profile add more --url ${URL} --check --force --key-command sh SCRIPT`,
];

describe('P1, S1: a signal while the key command runs ends both commands', () => {
  test.each(COMMANDS.flatMap((command) => SIGNALS.map((signal) => ({ command, signal }))))(
    '$signal: $command',
    async ({ command, signal }) => {
      const folder = makeTempFolder();
      const script = join(folder, 'get-key');
      const pids = join(folder, 'pids');
      writeFileSync(script, `sleep 60 & echo $$ $! >> ${pids}; wait`);
      const config = join(folder, 'config');
      mkdirSync(config, { mode: 0o700 });
      const main = { url: URL, keyCommand: ['sh', script] };
      const store = JSON.stringify({ version: 1, current: 'main', profiles: { main } });
      writeFileSync(join(config, 'profiles.json'), store, { mode: 0o600 });
      const child = spawnCli([...command.replace('SCRIPT', script).split(' '), '--verbose'], {
        env: { ATLANTIS_CONFIG_DIR: config, ANOTHER_SECRET: CANARY_KEY },
      });
      const started = (await untilWritten(pids, child)).trim().split(' ').map(Number);
      const gone = whenGone(child);
      child.kill(signal);
      expect(await gone).toEqual({ code: null, signal });
      for (const pid of started) await untilDead(pid);
      expect(readFileSync(join(config, 'profiles.json'), 'utf8')).toBe(store);
    },
  );
});

describe('row 64 (F5): a file in the working directory is never run as the key command', () => {
  /** Creates a folder with a program `getkey` that records its run and prints a key. */
  function makeFolder(): { folder: string; hasRun: () => boolean } {
    const folder = makeTempFolder();
    const trace = join(folder, 'ran');
    writeFileSync(join(folder, 'getkey'), `#!/bin/sh\ntouch ${trace}\necho $SECRET\n`, { mode: 0o755 });
    return { folder, hasRun: () => existsSync(trace) };
  }
  const makeStore = (keyCommand: readonly string[]): string => {
    const config = join(makeTempFolder(), 'config');
    mkdirSync(config, { mode: 0o700 });
    const store = { version: 1, current: 'main', profiles: { main: { url: URL, keyCommand } } };
    writeFileSync(join(config, 'profiles.json'), JSON.stringify(store), { mode: 0o600 });
    return config;
  };
  const tail = ['stream', 'tail', '--no-reconnect', '--verbose'];

  test.each([['./getkey'], ['["./getkey"]']])(
    'profile add --key-command %s stores the absolute path',
    async (word) => {
      const [mine, other] = [makeFolder(), makeFolder()];
      const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config'), SECRET: CANARY_KEY };
      const add = ['profile', 'add', 'main', '--url', URL, '--verbose', '--key-command', word];
      const added = await runCli(add, { env, cwd: mine.folder });
      expect([added.code, added.stderr]).toEqual([
        0,
        expect.stringContaining(`command ${mine.folder}/getkey`),
      ]);
      expect((await runCli(tail, { env, cwd: other.folder })).code).toBe(7);
      expect([mine.hasRun(), other.hasRun()]).toEqual([true, false]);
    },
  );

  test.each(['stream tail', 'stream check'])(
    '%s: a relative path in an old store is refused',
    async (command) => {
      const other = makeFolder();
      const env = { ATLANTIS_CONFIG_DIR: makeStore(['./getkey', 'more']), SECRET: CANARY_KEY };
      const { code, stdout, stderr } = await runCli([...command.split(' '), '--verbose'], {
        env,
        cwd: other.folder,
      });
      expect([code, other.hasRun()]).toEqual([3, false]);
      const said = (stdout + stderr).replace(/\s+/g, ' ');
      expect(said).toContain('the key command of profile "main" has a relative path, ./getkey,');
      expect(said).toContain(`atlantis profile add main --force --url ${URL} --key-command <absolute path>`);
    },
  );

  test.each(['.:', ':', './.:'])(
    'a bare name is not found in the working directory with PATH=%s…',
    async (entry) => {
      const other = makeFolder();
      const env = {
        ATLANTIS_CONFIG_DIR: makeStore(['getkey']),
        SECRET: CANARY_KEY,
        PATH: `${entry}${process.env['PATH']}`,
      };
      const { code, stderr } = await runCli(tail, { env, cwd: other.folder });
      expect([code, other.hasRun()]).toEqual([3, false]);
      expect(stderr).toContain('the key command getkey was not found');
    },
  );

  test.each([
    [['sh', './getkey']],
    [['sh', 'getkey']],
    [['["sh","getkey"]']],
    [['cat', 'sub/../getkey']],
    [['["tool","--file=getkey"]']],
    [['["git","-C",".","config","key"]']],
  ])('row 134: profile add --key-command %j is exit 2 with a hint, and nothing is stored', async (words) => {
    const { folder, hasRun } = makeFolder();
    mkdirSync(join(folder, 'sub'));
    const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config'), SECRET: CANARY_KEY };
    // --key-command is the last flag, because everything after it belongs to the key command.
    const args = ['profile', 'add', 'main', '--url', URL, '--verbose', '--key-command', ...words];
    const { code, stderr } = await runCli(args, { env, cwd: folder });
    expect([code, hasRun(), existsSync(env.ATLANTIS_CONFIG_DIR)]).toEqual([2, false, false]);
    expect(stderr).toMatch(/the argument ".*" is a path in this directory, but key commands run in \//);
    expect(stderr).toContain('use an absolute path');
  });

  test.each([
    [['sh', 'FOLDER/getkey']],
    [['op', 'read', 'op://dev/atlantis/key']],
    [['sh', '-c', 'cat ./getkey']],
    [['tool', '']],
  ])('row 134: profile add --key-command %j is stored unchanged', async (words) => {
    const { folder } = makeFolder();
    const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config'), SECRET: CANARY_KEY };
    const command = words.map((word) => word.replace('FOLDER', folder));
    const args = ['profile', 'add', 'main', '--url', URL, '--verbose', '--key-command'];
    const { code } = await runCli([...args, JSON.stringify(command)], { env, cwd: folder });
    expect([
      code,
      JSON.parse(readFileSync(join(env.ATLANTIS_CONFIG_DIR, 'profiles.json'), 'utf8')),
    ]).toMatchObject([0, { profiles: { main: { keyCommand: command } } }]);
  });

  test('row 134: a relative path in the arguments of a stored key command is not resolved in the working directory', async () => {
    const other = makeFolder();
    const env = { ATLANTIS_CONFIG_DIR: makeStore(['sh', 'getkey']), SECRET: CANARY_KEY };
    const { code, stderr } = await runCli(tail, { env, cwd: other.folder });
    expect([code, other.hasRun()]).toEqual([3, false]);
    expect(stderr).toContain('it was run in /: run it there to see its messages, and use absolute paths');
  });
});
