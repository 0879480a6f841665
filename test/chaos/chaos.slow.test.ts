// The chaos run: one minute, or another duration with `npm run chaos -- --duration 1h`.
import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { describeWithNats } from '../helpers/nats-server.ts';
import { runChaos } from './chaos.ts';

const DURATION_MS = Number(process.env['CHAOS_DURATION_MS'] ?? 60_000);
const SEED = process.env['CHAOS_SEED'] ?? '11';
/** The time for starting and ending, on a busy machine. */
const AROUND_MS = 300_000;

/** True if a tmpfs can be mounted in a mount namespace. */
const canMount =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt'], { stdio: 'ignore' })
    .status === 0;
const testWithMount = canMount ? test : test.skip;

describeWithNats('row 177: chaos', () => {
  testWithMount(
    `seed ${SEED}: every event is delivered, or reported as lost (needs unshare)`,
    async () => {
      const { errors, report } = await runChaos({ durationMs: DURATION_MS, seed: SEED });
      if (process.env['CHAOS_SEED'] !== undefined) process.stderr.write(`${report}\n`);
      if (errors.length > 0) throw new Error(`${errors.join('\n')}\n${report}`);
    },
    DURATION_MS + AROUND_MS,
  );

  testWithMount(
    'a planted bug is found: the sink loses one event that it has acknowledged',
    async () => {
      const { errors, report } = await runChaos({ durationMs: 5_000, seed: '1', forgets: (n) => n === 450 });
      expect([errors, report]).toEqual([
        ['http: lost, and not reported: 1 events: 450'],
        expect.stringContaining('seed 1'),
      ]);
    },
    AROUND_MS,
  );
});
