// Time limits that also hold on a busy machine: they grow with its load.
import { spawnSync } from 'node:child_process';
import { expect } from '@jest/globals';

/** What starting and ending a process takes on a quiet machine, with some to spare. */
const QUIET_MS = 60;

/**
 * Fails when something took `limitMs` or longer. If so, an empty process is timed: by the factor that the machine
 * is slower than a quiet one, it may take longer.
 */
export function expectSoon(tookMs: number, limitMs: number): void {
  if (tookMs < limitMs) return;
  const startedAtMs = performance.now();
  for (let round = 0; round < 3; round++) spawnSync(process.execPath, ['--eval', '']);
  const load = (performance.now() - startedAtMs) / 3 / QUIET_MS;
  expect(tookMs).toBeLessThan(limitMs * Math.max(1, load));
}
