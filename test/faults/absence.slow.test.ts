// After a process was stopped or its event loop blocked, the client reads, then pings, and only then decides whether
// the connection is dead (K4).
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Child } from '../helpers/run-cli.ts';
import type { Peer } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, preload, readRecords, startTail } from './start-tail.ts';

const PING_MS = 300;
const PONG_MS = 600;
const ARGS = ['--ping-interval', `${PING_MS}ms`, '--pong-timeout', `${PONG_MS}ms`, '--log-format', 'json'];
/** Longer than any decision about a connection may take. */
const LONG_MS = 4 * (PING_MS + PONG_MS);

const kindsOf = (stderr: string): unknown[] => readRecords(stderr).map(({ event }) => event);

const repeating: NodeJS.Timeout[] = [];
afterEach(() => {
  for (const timer of repeating.splice(0)) clearInterval(timer);
});
function every(ms: number, act: () => void): void {
  repeating.push(setInterval(act, ms));
}

/** Fails unless an event that is sent now is printed. */
async function expectAlive(child: Child, peer: Peer): Promise<void> {
  await peer.sendText('{"alive":true}');
  await child.waitForStdout('"alive"');
}

describe('K4: a process that was suspended', () => {
  /** Ends the run and fails if there was anything but one connection without a loss. */
  async function expectNoLoss(child: Child): Promise<void> {
    child.kill();
    const exit = await endOf(child);
    expect(exit.signal).toBe('SIGTERM');
    for (const kind of ['lost', 'retrying', 'gap', 'error']) expect(kindsOf(exit.stderr)).not.toContain(kind);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 0 });
  }

  test('K4: stopped for many pong timeouts and continued: no disconnect', async () => {
    const { server, first } = await startHandOver(['{"n":1}']);
    const child = startTail(server.url, ARGS);
    await child.waitForLines(1);
    for (let round = 0; round < 3; round++) {
      child.kill('SIGSTOP');
      await pauseFor(LONG_MS / 2);
      child.kill('SIGCONT');
      await pauseFor(PING_MS + PONG_MS);
    }
    await expectAlive(child, await first);
    expect(server.attempts).toHaveLength(1);
    await expectNoLoss(child);
  });

  /** A script that blocks the event loop for `ms` on SIGUSR2. */
  const blocking = (ms: number) =>
    preload(`process.on('SIGUSR2', () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});
      require('node:fs').writeSync(2, '{"blocked":true}\\n');
    });`);

  test('row 14 (K4): the event loop is blocked for many pong timeouts while events arrive: no disconnect', async () => {
    const { server, first } = await startHandOver(['{"n":1}']);
    const child = startTail(server.url, ARGS, blocking(5_000));
    await child.waitForLines(1);
    child.kill('SIGUSR2');
    const peer = await first;
    every(100, () => void peer.sendText('{"n":2}'));
    await child.waitForStderr('"blocked"');
    await pauseFor(PING_MS + 2 * PONG_MS);
    await expectAlive(child, peer);
    expect(server.attempts).toHaveLength(1);
    await expectNoLoss(child);
  });

  test('row 14 (K4): the event loop is blocked for many pong timeouts while only the pong arrives: no disconnect', async () => {
    const { server, first } = await startHandOver(['{"n":1}']);
    const child = startTail(server.url, ARGS, blocking(5_000));
    await child.waitForLines(1);
    child.kill('SIGUSR2');
    await child.waitForStderr('"blocked"');
    await pauseFor(PING_MS + 2 * PONG_MS);
    await expectAlive(child, await first);
    expect(server.attempts).toHaveLength(1);
    await expectNoLoss(child);
  });

  test('row 14 (K4): the event loop is blocked repeatedly, a little longer than the pong timeout: no disconnect', async () => {
    const { server, first } = await startHandOver(['{"n":1}']);
    const child = startTail(server.url, [...ARGS, '--pong-timeout', '300ms'], blocking(350));
    await child.waitForLines(1);
    every(360, () => child.kill('SIGUSR2'));
    await pauseFor(LONG_MS);
    await expectAlive(child, await first);
    expect(server.attempts).toHaveLength(1);
    await expectNoLoss(child);
  });
});
