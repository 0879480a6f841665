// A signal to `stream check` in each of its steps: the check ends in that step, with a complete report.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startCheck } from '../helpers/check.ts';
import { untilDead } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { expectSoon } from '../helpers/soon.ts';
import { untilWritten } from '../helpers/watch.ts';
import { expectSkippedBehind, STEPS, startWaiting, WAITS } from './check-waits.ts';

describe('S1: a signal in any step ends the check by that signal, with a report', () => {
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
    expectSoon(performance.now() - sentAtMs, 1_500);
    expect([exit.signal, exit.failed?.error?.cause]).toEqual(['SIGTERM', 'signal']);
    expectSkippedBehind(exit, exit.report.failed_step ?? '');
    // The test cannot see whether the client has read the server's bytes: it may still be in the step before.
    const at = STEPS.indexOf(exit.report.failed_step ?? '');
    expect([STEPS.indexOf(wait.step), STEPS.indexOf(wait.step) - 1]).toContain(at);
  });

  test('a second signal within a second changes nothing: the report is complete', async () => {
    const wait = WAITS.find(({ step }) => step === 'keepalive');
    if (wait === undefined) throw new Error('no such wait');
    const { server, child, finish } = await startWaiting(wait, ['--deadline', '1h']);
    await wait.reach(server, child);
    child.kill('SIGTERM');
    // The server does not answer the close, so the check waits another half second.
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
    child.kill('SIGINT');
    const { signal, report } = await finish();
    expect([signal, report.signal]).toEqual(['SIGTERM', 'SIGTERM']);
  });
});

describe('S1: a signal that arrives after the deadline, while the connection is being closed', () => {
  test('ends the process by that signal, with the report', async () => {
    const wait = WAITS.find(({ step }) => step === 'keepalive');
    if (wait === undefined) throw new Error('no such wait');
    const { server, child, finish } = await startWaiting(wait, ['--deadline', '3s']);
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
    child.kill('SIGTERM');
    const exit = await finish();
    expect([exit.signal, exit.report.signal, exit.failed?.error?.cause]).toEqual([
      'SIGTERM',
      'SIGTERM',
      'signal',
    ]);
  });
});

describe('P1: a key command that hangs is ended together with the check', () => {
  test.each(['SIGTERM', '--deadline'])('by %s', async (way) => {
    const folder = makeTempFolder();
    const pidFile = join(folder, 'pid');
    const url = 'http://127.0.0.1:9';
    const keyCommand = ['sh', '-c', 'echo $$ > "$0"; exec sleep 600', pidFile];
    const store = { version: 1, current: 'main', profiles: { main: { url, keyCommand } } };
    const config = join(folder, 'config');
    mkdirSync(config, { mode: 0o700 });
    writeFileSync(join(config, 'profiles.json'), JSON.stringify(store), { mode: 0o600 });
    const { child, finish } = startCheck(url, way === '--deadline' ? [way, '2s'] : [], {
      env: { ATLANTIS_CONFIG_DIR: config, ATLANTIS_API_KEY: undefined },
    });
    const pid = Number(await untilWritten(pidFile, child));
    if (way === 'SIGTERM') child.kill(way);
    const exit = await finish();
    expect(exit.failed?.error?.cause).toBe(way === 'SIGTERM' ? 'signal' : 'deadline');
    expect([exit.report.failed_step, exit.signal ?? exit.code]).toEqual([
      'settings',
      way === 'SIGTERM' ? way : 124,
    ]);
    expectSkippedBehind(exit, 'settings');
    await untilDead(pid);
  });
});
