// Time limits that also hold on a busy machine: they grow with its load.
import { spawnSync } from 'node:child_process';
import { expect } from '@jest/globals';

/** Time to start and end a process on a quiet machine, with a margin. */
const QUIET_MS = 60;

/**
 * Fails when something took `limitMs` or longer. On a busy machine the limit is longer: an empty process is timed,
 * and the limit is multiplied by how much slower it ran than on a quiet machine.
 */
export function expectSoon(tookMs: number, limitMs: number): void {
  if (tookMs < limitMs) return;
  const startedAtMs = performance.now();
  for (let round = 0; round < 3; round++) spawnSync(process.execPath, ['--eval', '']);
  const load = (performance.now() - startedAtMs) / 3 / QUIET_MS;
  expect(tookMs).toBeLessThan(limitMs * Math.max(1, load));
}
