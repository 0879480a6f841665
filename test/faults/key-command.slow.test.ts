// A key command that never ends, and how long the user waits by the real clock.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';

test.each(['stream tail', 'stream check'])(
  'P1: a key command that hangs is exit 3 after 10 s: %s',
  async (command) => {
    const folder = join(makeTempFolder(), 'config');
    mkdirSync(folder, { mode: 0o700 });
    const main = { url: 'http://127.0.0.1:1', keyCommand: ['sleep', '60'] };
    const store = JSON.stringify({ version: 1, current: 'main', profiles: { main } });
    writeFileSync(join(folder, 'profiles.json'), store, { mode: 0o600 });
    const beganMs = performance.now();
    const exit = await runCli(command.split(' '), { env: { ATLANTIS_CONFIG_DIR: folder } });
    const tookMs = performance.now() - beganMs;
    expect(exit.code).toBe(3);
    expect(exit.stdout + exit.stderr).toContain(
      'the key command sleep did not finish within 10 s and was killed',
    );
    expect(tookMs).toBeGreaterThan(10_000);
    expect(tookMs).toBeLessThan(13_000);
  },
  20_000,
);
