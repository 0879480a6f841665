// The reports about a lost connection: its cause, its last byte, when the stream is live again, what is unknown, and
// the summary.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { OPCODE } from '../helpers/frames.ts';
import { startCli } from '../helpers/run-cli.ts';
import { type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, numberedEvents, preload, readRecords, startTail } from './start-tail.ts';

const FAST_RETRY = ['--retry-min', '250ms', '--retry-max', '250ms'];

/** Runs a tail of 5 events whose first connection is lost after 3 of them. The times are wall clock times. */
async function loseOnce(args: readonly string[], lose: (peer: Peer) => void) {
  const { server, first } = await startHandOver(['{"n":1}', '{"n":2}'], ['{"n":4}', '{"n":5}']);
  const startedAtMs = Date.now();
  const child = startTail(server.url, [...FAST_RETRY, '--limit', '5', ...args]);
  const peer = await first;
  const lastByteAtMs = Date.now();
  await peer.sendText('{"n":3}');
  await child.waitForLines(3);
  // The loss must be later than the last byte.
  await pauseFor(100);
  const lostAtMs = Date.now();
  lose(peer);
  const exit = await endOf(child);
  expect(exit.code).toBe(0);
  return { exit, lastByteAtMs, lostAtMs, tookMs: Date.now() - startedAtMs };
}

const JSON_LOG = ['--log-format', 'json'] as const;

const atMs = (iso: unknown): number => Date.parse(String(iso));

describe('G1: the reports about a loss', () => {
  const losses = [
    ['a reset', (peer: Peer) => peer.reset()],
    ['an end without a close', (peer: Peer) => peer.end()],
  ] as const;

  test.each(losses)(
    'G1: %s: the cause, the time of the last byte, the time of the next connection, and what is unknown',
    async (_, lose) => {
      const { exit, lastByteAtMs, lostAtMs } = await loseOnce(JSON_LOG, lose);
      const numbers = exit.stdout.split('\n', 5).map((line) => JSON.parse(line).n);
      expect(numbers).toEqual([1, 2, 3, 4, 5]);

      const lost = lastRecord(exit.stderr, 'lost');
      expect(lost).toMatchObject({ level: 'warn', cause: expect.any(String) });
      expect(lost['message']).toMatch(/127\.0\.0\.1:\d+ .*; last byte received at \d\d:\d\d:\d\d\.\d\d\d$/);
      expect(atMs(lost['last_byte_at'])).toBeGreaterThanOrEqual(lastByteAtMs);
      expect(atMs(lost['last_byte_at'])).toBeLessThan(lostAtMs);

      const gap = lastRecord(exit.stderr, 'gap');
      expect(gap['from']).toBe(lost['last_byte_at']);
      expect(atMs(gap['to'])).toBeGreaterThanOrEqual(lostAtMs + 250);
      expect(gap['duration_ms']).toBe(atMs(gap['to']) - atMs(gap['from']));
      expect(gap['message']).toMatch(
        /^live again at \d\d:\d\d:\d\d\.\d\d\d; events sent between \d\d:\d\d:\d\d\.\d\d\d and \d\d:\d\d:\d\d\.\d\d\d were not delivered, and their number is unknown$/,
      );
      expect(readRecords(exit.stderr).filter(({ event }) => event === 'gap')).toHaveLength(1);
    },
  );

  test('G1: after an orderly close the Close frame is the last byte', async () => {
    const close = (peer: Peer): void => void peer.sendClose(1001, 'maintenance');
    const { exit, lostAtMs } = await loseOnce(JSON_LOG, close);
    const lost = lastRecord(exit.stderr, 'lost');
    expect(lost).toMatchObject({ cause: 'closed-by-server', close_code: 1001 });
    expect(String(lost['message'])).toContain('maintenance');
    expect(atMs(lost['last_byte_at'])).toBeGreaterThanOrEqual(lostAtMs);
  });

  test('G1: the text never claims that no events were missed or that the stream resumed', async () => {
    const { exit } = await loseOnce([], (peer) => peer.reset());
    const reports = exit.stderr.split('\n').filter((line) => /lost|live again/.test(line));
    expect(reports).toHaveLength(2);
    expect(reports[0]).toMatch(
      /^\d\d:\d\d:\d\d atlantis: warning: the connection to .* was lost .*; last byte received at/,
    );
    expect(reports[1]).toMatch(
      /^\d\d:\d\d:\d\d atlantis: warning: live again at .* were not delivered, and their number is unknown$/,
    );
    expect(exit.stderr).not.toMatch(/resum|no events? (were )?(missed|lost)|nothing (was )?(missed|lost)/i);
  });

  test('G1: without a loss, neither a loss nor a gap is reported', async () => {
    const server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 3) }));
    const exit = await endOf(startTail(server.url, [...JSON_LOG, '--limit', '3']));
    const events = readRecords(exit.stderr).map(({ event }) => event);
    expect(events).toEqual(['setting', 'setting', 'connecting', 'connected', 'summary']);
  });
});

describe('G3: the summary', () => {
  test('G3: has events, duration, reconnects, time disconnected, time paused, and discarded frames by reason', async () => {
    const { exit, lostAtMs, tookMs } = await loseOnce(JSON_LOG, (peer) => {
      void peer.sendFrame({ opcode: OPCODE.binary, payload: 'x' });
      void peer.sendText('{');
      void peer.sendText('');
      peer.end();
    });
    const summary = lastRecord(exit.stderr, 'summary');
    expect(readRecords(exit.stderr).at(-1)).toEqual(summary);
    expect(summary).toMatchObject({
      level: 'info',
      events: 5,
      reconnects: 1,
      gaps: 1,
      gap_ms: lastRecord(exit.stderr, 'gap')['duration_ms'],
      paused_ms: 0,
      discarded: { binary: 1, 'not JSON': 2 },
    });
    const disconnectedMs = Number(summary['disconnected_ms']);
    const untilLiveMs = atMs(lastRecord(exit.stderr, 'gap')['to']) - lostAtMs;
    // Timers and the two clocks may differ by a few ms.
    expect(disconnectedMs).toBeGreaterThanOrEqual(245);
    expect(disconnectedMs).toBeLessThanOrEqual(untilLiveMs + 5);
    expect(Number(summary['duration_ms'])).toBeGreaterThan(disconnectedMs);
    expect(Number(summary['duration_ms'])).toBeLessThan(tookMs);
  });

  test('G3: is one line of text', async () => {
    const { exit } = await loseOnce([], (peer) => peer.end());
    expect(exit.stderr).toMatch(
      /\n\d\d:\d\d:\d\d atlantis: 5 events in \d+\.\d+ s; 1 gap of \d+\.\d+ s, 1 reconnect, disconnected for \d+\.\d+ s\n$/,
    );
  });

  test('G3: is not printed with --quiet', async () => {
    const server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 3) }));
    const words = ['stream', 'tail', '--url', server.url, '--quiet', '--limit', '3'];
    expect(await endOf(startCli(words, { key: CANARY_KEY }))).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('G5: --log-format json', () => {
  /** Fails unless each line is a JSON object with a time, a level and an event; returns the events. */
  function expectRecords(stderr: string): string[] {
    const kinds = readRecords(stderr).map((record) => {
      expect(record).toEqual(expect.objectContaining({ message: expect.any(String) }));
      expect(new Date(String(record['ts'])).toISOString()).toBe(record['ts']);
      expect(['debug', 'info', 'warn', 'error']).toContain(record['level']);
      return String(record['event']);
    });
    return [...new Set(kinds)];
  }

  test('G5: every line of a run with a loss and a refusal is an object with ts, level, event and its fields', async () => {
    const server = await startScriptedServer(async (peer, index) => {
      if (index === 0) {
        await streamHandler({ events: numberedEvents(0, 3) })(peer, index);
        void peer.sendFrame({ opcode: OPCODE.binary, payload: 'x' });
        void peer.sendClose(1011);
        return;
      }
      const envelope = { error: { code: 'unauthorized', message: 'no such key' } };
      await peer.respond(401, { 'Content-Type': 'application/json' }, JSON.stringify(envelope));
    });
    const exit = await endOf(startTail(server.url, [...FAST_RETRY, ...JSON_LOG]));
    expect(exit.code).toBe(3);
    expect(expectRecords(exit.stderr)).toEqual([
      'setting',
      'connecting',
      'connected',
      'discarded',
      'lost',
      'retrying',
      'error',
      'gap',
      'summary',
    ]);
    expect(lastRecord(exit.stderr, 'connecting')).toMatchObject({ attempt: 2, host: expect.any(String) });
    expect(lastRecord(exit.stderr, 'connected')).toMatchObject({
      connection: 1,
      request_id: expect.any(String),
    });
    expect(lastRecord(exit.stderr, 'lost')).toMatchObject({ close_code: 1011, up_ms: expect.any(Number) });
    expect(lastRecord(exit.stderr, 'retrying')).toMatchObject({ delay_ms: 250, attempt: 2 });
    expect(lastRecord(exit.stderr, 'discarded')).toMatchObject({ discarded: { binary: 1 } });
    expect(lastRecord(exit.stderr, 'error')).toMatchObject({
      http_status: 401,
      error_code: 'unauthorized',
      exit_code: 3,
    });
  });

  const usage = [
    ['an unknown flag', ['--nonsense']],
    ['a value that does not parse', ['--limit', 'many']],
    ['an unknown scenario', ['--simulate', 'nonsense']],
    ['no URL', []],
  ] as const;
  test.each(usage)('G5: a usage error is an object, too: %s', async (_, words) => {
    const exit = await endOf(startCli(['stream', 'tail', ...JSON_LOG, ...words], { key: CANARY_KEY }));
    expect(exit).toMatchObject({ code: 2, stdout: '' });
    expect(expectRecords(exit.stderr)).toEqual(['error']);
    expect(lastRecord(exit.stderr, 'error')).toMatchObject({ level: 'error', exit_code: 2 });
  });
});

/** Sets Node's wall clock to a time at the start; it jumps by `jumpMs` on SIGUSR2. The monotonic clock is real. */
const clockAt = (iso: string, jumpMs: number) =>
  preload(`const real = Date.now;
    let offset = Date.parse('${iso}') - real();
    Date.now = () => real() + offset;
    process.on('SIGUSR2', () => {
      offset += ${jumpMs};
      require('node:fs').writeSync(2, 'jumped\\n');
    });`);

const HOUR_MS = 3_600_000;

/** Runs a tail whose clock jumps during its only gap; returns its stderr. */
async function jumpInGap(iso: string, jumpMs: number, ...more: readonly string[]): Promise<string> {
  const { server, first } = await startHandOver(['{"n":1}'], ['{"n":2}']);
  const options = { ...clockAt(iso, jumpMs), env: { TZ: 'Europe/Berlin' } };
  const args = ['--retry-min', '1s', '--retry-max', '1s', '--limit', '2', ...more];
  const child = startTail(server.url, args, options);
  await child.waitForLines(1);
  (await first).reset();
  await child.waitForStderr('retrying in');
  child.kill('SIGUSR2');
  return (await endOf(child)).stderr.replace('jumped\n', '');
}

describe('row 85 (G1, G3): a gap over several days, or over a change of the clock', () => {
  test.each([
    [
      'the machine sleeps for three days',
      '2026-11-26T13:58:51.000Z',
      72 * HOUR_MS,
      /between 2026-11-26 14:58:5\d\.\d{3} \+01:00 and 2026-11-29 14:5\d:\d\d\.\d{3} \+01:00 \(3d 0h\) were not/,
    ],
    [
      'daylight saving time ends',
      '2026-10-25T00:30:00.000Z',
      HOUR_MS,
      /between 2026-10-25 02:30:0\d\.\d{3} \+02:00 and 2026-10-25 02:30:\d\d\.\d{3} \+01:00 \(1h 0m\) were not/,
    ],
    [
      'the clock is set back',
      '2026-11-26T13:58:51.000Z',
      -HOUR_MS,
      /between 2026-11-26 14:58:5\d\.\d{3} \+01:00 and 2026-11-26 13:58:5\d\.\d{3} \+01:00 \([\d.]+ s\) were not/,
    ],
  ])('%s: the report has date, zone and duration', async (_what, iso, jumpMs, message) => {
    const stderr = await jumpInGap(iso, jumpMs);
    expect(stderr).toMatch(message);
    const [, disconnected] = / disconnected for ([\w .]+)/.exec(stderr) ?? [];
    if (jumpMs > 0) expect(disconnected).toMatch(jumpMs > HOUR_MS ? /^3d 0h$/ : /^1h 0m$/);
    else expect(disconnected).toMatch(/^[\d.]+ s$/);
  });

  test.each([
    ['ahead by three days', 72 * HOUR_MS, 72 * HOUR_MS],
    ['back by an hour', -HOUR_MS, 250],
  ])('the clock jumps %s: JSON has the larger duration of both clocks', async (_what, jumpMs, leastMs) => {
    const stderr = await jumpInGap('2026-11-26T13:58:51.000Z', jumpMs, ...JSON_LOG);
    const { duration_ms: gapMs } = lastRecord(stderr, 'gap');
    const summary = lastRecord(stderr, 'summary');
    for (const ms of [gapMs, ...['duration_ms', 'gap_ms', 'disconnected_ms'].map((name) => summary[name])]) {
      expect(ms).toBeGreaterThanOrEqual(leastMs);
      expect(ms).toBeLessThan(leastMs + 60_000);
    }
  });
});

describe('row 86 (G1, G3): a run that ends while it is disconnected', () => {
  test.each([
    ['--duration', ['--duration', '2s'], 0],
    ['--no-reconnect', ['--no-reconnect'], 7],
  ] as const)('%s: the open gap is in a message, in the summary and in JSON', async (_flag, args, code) => {
    const run = async (...more: readonly string[]) => {
      await using server = await startScriptedServer(async (peer, index) => {
        // Later attempts get no answer.
        if (index > 0) return void (await peer.readRequest());
        await peer.accept();
        await peer.welcome();
        await peer.sendText('{"n":1}');
        peer.end();
      });
      return await endOf(startTail(server.url, [...args, ...FAST_RETRY, ...more]));
    };
    const text = await run();
    expect(text.code).toBe(code);
    expect(text.stderr).toMatch(
      /\n\d\d:\d\d:\d\d atlantis: warning: disconnected at the end: events sent since \d\d:\d\d:\d\d\.\d{3} \([\d.]+ s\) were not delivered, and their number is unknown\n/,
    );
    expect(text.stderr).toMatch(/; 1 gap of [\d.]+ s, still open, disconnected for /);
    const json = await run(...JSON_LOG);
    expect(lastRecord(json.stderr, 'gap')).toMatchObject({ to: null, from: expect.any(String) });
    expect(lastRecord(json.stderr, 'summary')).toMatchObject({ gaps: 1, open_gap: true });
    const envelope = await run('--envelope');
    expect(JSON.parse(envelope.stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      lifecycle: 'end',
      gaps: 1,
    });
  });
});
