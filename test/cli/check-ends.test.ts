// A signal to `stream check` in each of its steps: it ends there, with the whole report, and nothing is left.
import { describe, expect, test } from '@jest/globals';
import { expectSkippedBehind, STEPS, startWaiting, WAITS } from './check-waits.ts';

describe('S1: a signal ends each step, with the report, by that signal', () => {
  test.each(WAITS)('$step: $what', async (wait) => {
    const { server, child, finish } = await startWaiting(wait, [
      '--deadline',
      '1h',
      '--connect-timeout',
      '1h',
    ]);
    await wait.reach(server, child);
    const sentAtMs = performance.now();
    child.kill('SIGTERM');
    const exit = await finish();
    expect(performance.now() - sentAtMs).toBeLessThan(1_500);
    expect([exit.signal, exit.failed?.error?.cause]).toEqual(['SIGTERM', 'signal']);
    expectSkippedBehind(exit, exit.report.failed_step ?? '');
    // Nothing tells from outside that a server's bytes were read: it may be one step behind.
    const at = STEPS.indexOf(exit.report.failed_step ?? '');
    expect([STEPS.indexOf(wait.step), STEPS.indexOf(wait.step) - 1]).toContain(at);
  });

  test('a second one ends it at once, without the report', async () => {
    const wait = WAITS.find(({ step }) => step === 'keepalive');
    if (wait === undefined) throw new Error('no such wait');
    const { server, child } = await startWaiting(wait, ['--deadline', '1h']);
    await wait.reach(server, child);
    child.kill('SIGTERM');
    // The goodbye is not answered: half a second is left.
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
    child.kill('SIGINT');
    expect(await child.exit).toMatchObject({ signal: 'SIGINT', stdout: '' });
  });
});
