// A run that ends while the reader of stdout is stopped: queued output is written, with a time limit only after a
// signal.
import { expect, test } from '@jest/globals';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, numberedEvents, startTail, whenGone } from './start-tail.ts';

/** Longer than a run waits for queued output after a signal. */
const LONG_MS = 3_500;

test('O6: after --limit is reached, a run waits for a stopped reader without a time limit, then writes exactly --limit lines', async () => {
  const { server, first } = await startHandOver();
  const child = startTail(server.url, ['--limit', '2', '--log-format', 'json']);
  child.pauseStdout();
  let isGone = false;
  void whenGone(child).then(() => {
    isGone = true;
  });
  const peer = await first;
  // The events do not fit in the pipe and the buffer of its reader, so most of the last event stays queued.
  const events = [...numberedEvents(1_000_000, 3)];
  for (const event of events) void peer.sendText(event);
  await pauseFor(LONG_MS);
  expect(isGone).toBe(false);
  child.resumeStdout();
  const exit = await endOf(child);
  expect(exit.code).toBe(0);
  expect(exit.stdout === `${events[0]}\n${events[1]}\n`).toBe(true);
  const summary = lastRecord(exit.stderr, 'summary');
  expect(summary).toMatchObject({ events: 2 });
  expect(Number(summary['paused_ms'])).toBeGreaterThan(LONG_MS - 1_000);
});

test('O6: after a signal, a reader that resumes within 2 s gets every event that was read, in whole lines', async () => {
  const { server, first } = await startHandOver();
  const child = startTail(server.url, ['--log-format', 'json']);
  child.pauseStdout();
  const peer = await first;
  for (const event of numberedEvents(1_000, 3_000)) void peer.sendText(event);
  await child.waitForStderr('"paused"');
  child.kill('SIGTERM');
  await pauseFor(1_000);
  child.resumeStdout();
  const exit = await endOf(child);
  expect(exit.signal).toBe('SIGTERM');
  expect(exit.stdout.endsWith('\n')).toBe(true);
  const numbers = exit.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).n);
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n + 1));
  expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ events: numbers.length });
  // The command had paused reading, so it did not receive most of the events.
  expect(numbers.length).toBeLessThan(1_000);
});

test('O6: after a signal, output to a reader that stays stopped is cut after 2 s, and stderr says how much', async () => {
  const { server, first } = await startHandOver();
  const child = startTail(server.url, ['--log-format', 'json']);
  child.pauseStdout();
  const peer = await first;
  for (const event of numberedEvents(1_000, 3_000)) void peer.sendText(event);
  await child.waitForStderr('"paused"');
  const gone = whenGone(child);
  const signalledAtMs = performance.now();
  child.kill('SIGTERM');
  expect(await gone).toEqual({ code: null, signal: 'SIGTERM' });
  const tookMs = performance.now() - signalledAtMs;
  expect(tookMs).toBeGreaterThan(1_900);
  expect(tookMs).toBeLessThan(3_500);
  const exit = await endOf(child);
  const { events } = lastRecord(exit.stderr, 'summary');
  const { bytes_cut: cut, message } = lastRecord(exit.stderr, 'warning');
  expect(message).toMatch(/could not be written, and the last line may be incomplete/);
  // Written and cut bytes together are at least all counted events. It is unknown how much of the last write is in the
  // pipe, and thus counted twice.
  const whole = [...numberedEvents(1_000, Number(events))].map((event) => `${event}\n`).join('');
  expect(whole.startsWith(exit.stdout)).toBe(true);
  expect(exit.stdout.length).toBeLessThan(whole.length);
  expect(exit.stdout.length + Number(cut)).toBeGreaterThanOrEqual(whole.length);
});
