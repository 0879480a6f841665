// `--timeout` during a flood of small frames: two busy processes for two seconds each.
import { describe, expect, test } from '@jest/globals';
import { FLOODS, HEARD_MS, startFlood } from './floods.ts';
import { endOf, spawnTail } from './start-tail.ts';

describe.each(FLOODS)('row 87 (R2): a flood of %s', (_name, frames) => {
  test('--timeout ends the run in time', async () => {
    await using server = await startFlood(frames);
    const child = spawnTail(server.url, ['--json', '--timeout', '2s'], { stdout: 'ignore' });
    await child.waitForStderr('connecting to');
    const startedAtMs = performance.now();
    expect((await endOf(child)).code).toBe(124);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000 + HEARD_MS);
  });
});
