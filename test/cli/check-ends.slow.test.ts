// The deadline of `stream check` in each of its steps: the check ends in that step, with a complete report.
import { describe, expect, test } from '@jest/globals';
import { expectSkippedBehind, startWaiting, WAITS } from './check-waits.ts';

describe('--deadline ends the check in each step, with exit 124 and the name of the step', () => {
  test.each(WAITS)('$step: $what', async (wait) => {
    const { finish } = await startWaiting(wait, ['--deadline', '2s']);
    const exit = await finish();
    expect([exit.report.failed_step, exit.failed?.error?.cause, exit.code]).toEqual([
      wait.step,
      'deadline',
      124,
    ]);
    expect(exit.failed?.summary).toContain('2.0 s passed during the step');
    expect(exit.failed?.duration_ms).toBeGreaterThan(0);
    expect(exit.report.duration_ms).toBeLessThan(4_000);
    expectSkippedBehind(exit, wait.step);
  });
});
