// Limits of time that hold on a busy machine too: there they grow as all else does.
import { spawnSync } from 'node:child_process';
import { expect } from '@jest/globals';

/** What starting and ending a process takes on a quiet machine, with some to spare. */
const QUIET_MS = 60;

/**
 * Fails when something took `limitMs` or longer. If so, a process that does nothing is timed: by as much as the machine
 * is slower than a quiet one, it may take longer.
 */
export function expectSoon(tookMs: number, limitMs: number): void {
  if (tookMs < limitMs) return;
  const startedAtMs = performance.now();
  for (let round = 0; round < 3; round++) spawnSync(process.execPath, ['--eval', '']);
  const load = (performance.now() - startedAtMs) / 3 / QUIET_MS;
  expect(tookMs).toBeLessThan(limitMs * Math.max(1, load));
}
