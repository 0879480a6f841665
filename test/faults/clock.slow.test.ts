// The wall clock jumps by a day, forward or back: nothing is lost, and no wait becomes longer or shorter (K4).
import { describe, expect, test } from '@jest/globals';
import type { Child } from '../helpers/run-cli.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, preload, readRecords, startTail } from './start-tail.ts';

const DAY_MS = 24 * 3_600_000;
const ARGS = ['--ping-interval', '200ms', '--pong-timeout', '400ms', '--log-format', 'json'];
const JUMPS = [
  ['a day forward', DAY_MS],
  ['a day back', -DAY_MS],
] as const;

/** A script that makes the wall clock jump on SIGUSR2, and reports that on stderr. */
const jumping = (ms: number) =>
  preload(`const real = Date.now;
    let offset = 0;
    Date.now = () => real() + offset;
    process.on('SIGUSR2', () => {
      offset += ${ms};
      require('node:fs').writeSync(2, JSON.stringify({ jumped: offset }) + '\\n');
    });`);

async function jump(child: Child, times: number): Promise<void> {
  child.kill('SIGUSR2');
  await child.waitForStderr((text) => text.split('"jumped"').length > times);
}

/** The kinds of the records of the command, without the lines of the script above. */
const kindsOf = (stderr: string): unknown[] =>
  readRecords(stderr).flatMap(({ event }) => (event === undefined ? [] : [event]));

describe.each(JUMPS)('row 13: the wall clock jumps %s', (_, ms) => {
  test('row 13 (K4): no disconnect, no gap, pings continue', async () => {
    const { server, first } = await startHandOver(['{"n":1}']);
    const child = startTail(server.url, ARGS, jumping(ms));
    await child.waitForLines(1);
    for (let times = 1; times <= 2; times++) {
      await jump(child, times);
      const pings = server.attempts[0]?.frames.length ?? 0;
      await pauseFor(1_000);
      expect(server.attempts[0]?.frames.length ?? 0).toBeGreaterThanOrEqual(pings + 3);
    }
    await (await first).sendText('{"n":2}');
    await child.waitForLines(2);
    child.kill();
    const exit = await endOf(child);
    for (const kind of ['lost', 'retrying', 'gap', 'error']) expect(kindsOf(exit.stderr)).not.toContain(kind);
    expect(server.attempts).toHaveLength(1);
    const summary = lastRecord(exit.stderr, 'summary');
    // A jump forward could be a suspension, so the larger duration of both clocks is reported (row 85).
    expect(Number(summary['duration_ms'])).toBeLessThan(20_000 + 2 * Math.max(0, ms));
    expect(summary).toMatchObject({ reconnects: 0, disconnected_ms: 0 });
  });

  test('row 13: the delay before a retry and --duration are neither shortened nor extended', async () => {
    const { server, first } = await startHandOver(['{"n":1}'], ['{"n":2}']);
    const args = [...ARGS, '--retry-min', '1500ms', '--retry-max', '1500ms', '--duration', '5s'];
    const startedAtMs = performance.now();
    const child = startTail(server.url, args, jumping(ms));
    await child.waitForLines(1);
    (await first).reset();
    const lostAtMs = performance.now();
    await child.waitForStderr('"retrying"');
    await jump(child, 1);
    const second = await server.waitForAttempt(2);
    const exit = await endOf(child);
    const delayMs = Number(lastRecord(exit.stderr, 'retrying')['delay_ms']);
    expect(second.connectedAtMs - lostAtMs).toBeGreaterThanOrEqual(delayMs - 10);
    expect(second.connectedAtMs - lostAtMs).toBeLessThan(delayMs + 1_000);
    expect(exit).toMatchObject({ code: 0, stdout: '{"n":1}\n{"n":2}\n' });
    expect(performance.now() - startedAtMs).toBeGreaterThan(5_000);
    expect(performance.now() - startedAtMs).toBeLessThan(8_000);
    expect(server.attempts).toHaveLength(2);
    const summary = lastRecord(exit.stderr, 'summary');
    expect(Number(summary['disconnected_ms'])).toBeLessThan(delayMs + 1_000 + Math.max(0, ms));
    expect(Number(lastRecord(exit.stderr, 'gap')['duration_ms'])).toBeGreaterThanOrEqual(0);
  });

  test('row 13: --max-silence is neither shortened nor extended', async () => {
    const { server } = await startHandOver(['{"n":1}']);
    const child = startTail(server.url, [...ARGS, '--max-silence', '2s'], jumping(ms));
    await child.waitForLines(1);
    const eventAtMs = performance.now();
    await jump(child, 1);
    const exit = await endOf(child);
    expect(exit.code).toBe(13);
    expect(performance.now() - eventAtMs).toBeGreaterThan(1_500);
    expect(performance.now() - eventAtMs).toBeLessThan(5_000);
  });
});
