// A key command that takes its time, and a user who does not: it goes with the command that started it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { untilDead } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startCli } from '../helpers/run-cli.ts';
import { pauseFor } from '../helpers/watch.ts';
import { whenGone } from './start-tail.ts';

const URL = 'http://127.0.0.1:1';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const COMMANDS = [
  'stream tail',
  'stream check',
  `profile add more --url ${URL} --check --force --key-command sh SCRIPT`,
];

describe('P1, S1: a signal while the key command runs ends both, by that signal', () => {
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
      const child = startCli([...command.replace('SCRIPT', script).split(' '), '--verbose'], {
        env: { ATLANTIS_CONFIG_DIR: config, ANOTHER_SECRET: CANARY_KEY },
      });
      while (!existsSync(pids) || !readFileSync(pids, 'utf8').endsWith('\n')) await pauseFor(10);
      const gone = whenGone(child);
      child.kill(signal);
      expect(await gone).toEqual({ code: null, signal });
      for (const pid of readFileSync(pids, 'utf8').trim().split(' ').map(Number)) await untilDead(pid);
      expect(readFileSync(join(config, 'profiles.json'), 'utf8')).toBe(store);
    },
  );
});
