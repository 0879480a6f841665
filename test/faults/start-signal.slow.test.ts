// SIGUSR1 at any moment while Node starts may end the process, but leaves no debugger open.
import { expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { listListening } from '../helpers/established.ts';
import { spawnCli } from '../helpers/run-cli.ts';
import { pauseFor, untilTrue } from '../helpers/watch.ts';

const ATTEMPTS = 40;
/** Much later than the command registers its listener. */
const LAST_DELAY_MS = 120;

test('row 60 (S3): after SIGUSR1 while Node starts, no debugger is open when the stream runs', async () => {
  const ends = { running: 0, ended: 0, opened: 0 };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const words = ['stream', 'tail', '--simulate', '--json', '--verbose'];
    const child = spawnCli(words, { key: CANARY_KEY });
    await pauseFor((attempt * LAST_DELAY_MS) / ATTEMPTS);
    child.kill('SIGUSR1');
    const isRunning = await child.waitForLines(1).then(
      () => true,
      () => false,
    );
    ends[isRunning ? 'running' : 'ended'] += 1;
    if (!isRunning) {
      expect((await child.exit).signal).toBe('SIGUSR1');
      continue;
    }
    if (child.stderrText.includes('Debugger listening')) ends.opened += 1;
    // Only the port of the simulator remains open.
    await untilTrue(() => listListening(child.pid).length === 1, 'the port to be closed');
    child.kill('SIGTERM');
    await child.exit;
  }
  expect(Math.min(ends.running, ends.opened)).toBeGreaterThan(0);
}, 180_000);
