// The retry policy of § 5 as the server sees it: the number of attempts, the delays between them, and the end.
import { describe, expect, test } from '@jest/globals';
import { type Peer, type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { measureGaps, pickRecords, runTail, startTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
/** The largest random number, with which delays are at their upper bounds. */
const LAST = 0.999_999;
const LIMIT_MS = 90_000;

function expectClose(actual: readonly number[], wanted: readonly number[], toleranceMs: number): void {
  expect(actual).toHaveLength(wanted.length);
  for (const [at, ms] of wanted.entries()) {
    expect(actual[at]).toBeGreaterThanOrEqual(ms - 2);
    expect(actual[at]).toBeLessThan(ms + toleranceMs);
  }
}

describe('before the first welcome', () => {
  test('row 23: 500, 502, 503 in turn: five attempts with growing delays, then exit 7', async () => {
    const server = await startScriptedServer((peer, index) =>
      peer.respond([500, 502, 503][index % 3] ?? 500, {}, '{"error":{"code":"x","message":"y"}}'),
    );
    const args = ['--retry-min', '300ms', '--retry-max', '2s'];
    const exit = await runTail(server.url, args, { log: 'json', random: LAST });
    expect([exit.stdout, exit.code]).toEqual(['', 7]);
    expect(server.attempts).toHaveLength(5);
    const delaysMs = pickRecords(exit, 'retrying').map((record) => record.delay_ms ?? 0);
    expectClose(delaysMs, [300, 600, 1_200, 2_000], 3);
    expectClose(measureGaps(server), [300, 600, 1_200, 2_000], 700);
    expect(pickRecords(exit, 'error')).toMatchObject([{ why: 'first-budget', exit_code: 7 }]);
    expect(pickRecords(exit, 'retrying').map((record) => record['http_status'])).toEqual([
      500, 502, 503, 500,
    ]);
  });

  test('row 23: with random numbers each delay is between 250 ms and its upper bound', async () => {
    const server = await startScriptedServer((peer) => peer.respond(503));
    const exit = await runTail(server.url, ['--retry-min', '400ms', '--retry-max', '1s'], { log: 'json' });
    expect(exit.code).toBe(7);
    for (const [at, { delay_ms: delayMs = 0 }] of pickRecords(exit, 'retrying').entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(250);
      expect(delayMs).toBeLessThanOrEqual(Math.min(1_000, 400 * 2 ** at));
    }
  });

  test('row 27 (C4): no welcome: five attempts, then exit 8', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.untilClosed();
    });
    const exit = await runTail(server.url, [...FAST, '--connect-timeout', '200ms'], { log: 'json' });
    expect([exit.stdout, exit.code]).toEqual(['', 8]);
    expect(server.attempts).toHaveLength(5);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'no-welcome', why: 'first-budget' }]);
  });
});

describe('row 24: connections that are closed early', () => {
  test('row 24: the delays keep growing if no connection is up for 10 s', async () => {
    const server = await startScriptedServer(streamHandler({ finish: (peer) => peer.sendClose(1001) }));
    const args = ['--retry-min', '300ms', '--retry-max', '30s'];
    const tail = startTail(server.url, args, { log: 'json', random: LAST });
    await server.waitForAttempt(6, 20_000);
    tail.child.kill('SIGTERM');
    const exit = await tail.finish();
    expect(exit.signal).toBe('SIGTERM');
    expectClose(measureGaps(server), [300, 600, 1_200, 2_400, 4_800], 1_000);
  });

  test('row 24: whatever the flags are, at most 20 attempts in 60 s, and no two within 250 ms', async () => {
    const server = await startScriptedServer(streamHandler({ finish: (peer) => peer.end() }));
    const args = ['--retry-min', '1ms', '--retry-max', '1ms', '--duration', '64s'];
    const { code } = await runTail(server.url, args, { limitMs: LIMIT_MS });
    expect(code).toBe(0);
    const beganMs = server.attempts.map((attempt) => attempt.connectedAtMs);
    expect(beganMs.length).toBeGreaterThan(20);
    for (const gapMs of measureGaps(server)) expect(gapMs).toBeGreaterThan(249);
    for (const [at, ms] of beganMs.entries()) {
      const later = beganMs[at + 20];
      if (later !== undefined) expect(later - ms).toBeGreaterThanOrEqual(60_000);
    }
  }, 100_000);

  test('§ 5: five times in a row close 1000 after less than 10 s is exit 7', async () => {
    const server = await startScriptedServer(streamHandler({ finish: (peer) => peer.sendClose(1000) }));
    const exit = await runTail(server.url, FAST, { log: 'json' });
    expect(exit.code).toBe(7);
    expect(server.attempts).toHaveLength(5);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'closed-normally', why: 'too-often' }]);
  });

  test('§ 5: a connection that was up for 10 s resets the backoff', async () => {
    const server = await startScriptedServer(
      streamHandler({
        finish: async (peer, index) => {
          if (index === 2) await pauseFor(10_300);
          if (index < 4) peer.end();
        },
      }),
    );
    const tail = startTail(server.url, ['--retry-min', '300ms'], { random: LAST });
    await server.waitForAttempt(5, 20_000);
    tail.child.kill('SIGTERM');
    await tail.finish();
    const [first = 0, second = 0, third = 0, fourth = 0] = measureGaps(server);
    expectClose([first, second, third - 10_300, fourth], [300, 600, 300, 600], 700);
  }, 40_000);
});

describe('after the first welcome', () => {
  /** Welcomes and drops the first connection; `later` handles the others. */
  const liveOnce =
    (later: Script): Script =>
    (peer, index) =>
      (index === 0 ? streamHandler({ finish: (one) => one.end() }) : later)(peer, index);

  const answers: { what: string; code: number; later: (peer: Peer) => Promise<void> }[] = [
    { what: '403 that is not from Atlantis', code: 5, later: (peer) => peer.respond(403, {}, '<html>') },
    { what: '302', code: 5, later: (peer) => peer.respond(302, { Location: 'http://127.0.0.1:9/' }) },
    { what: '200', code: 8, later: (peer) => peer.respond(200) },
    {
      what: 'a wrong Sec-WebSocket-Accept',
      code: 8,
      later: async (peer) => void (await peer.accept({ accept: 'x' })),
    },
    {
      what: 'an event instead of the welcome',
      code: 8,
      later: async (peer) => {
        peer.answerClose();
        await peer.accept();
        await peer.sendText('{"n":1}');
      },
    },
  ];
  test.each(answers)('§ 5: $what, five times in a row, is exit $code', async ({ code, later }) => {
    const server = await startScriptedServer(liveOnce(later));
    const exit = await runTail(server.url, FAST, { log: 'json' });
    expect([exit.stdout, exit.code]).toEqual(['', code]);
    expect(server.attempts).toHaveLength(6);
    expect(pickRecords(exit, 'error')).toMatchObject([{ why: 'too-often' }]);
  });

  test('§ 5: 5xx and lost connections are retried until the stream is live again', async () => {
    const endings: Script[] = [
      liveOnce(async () => {}),
      ...[500, 502, 503, 504, 408].map(
        (status): Script =>
          (peer) =>
            peer.respond(status),
      ),
      async (peer) => peer.reset(),
      streamHandler({ events: ['{"back":true}'] }),
    ];
    const server = await startScriptedServer(
      (peer, index) => endings[index]?.(peer, index) ?? Promise.resolve(),
    );
    const exit = await runTail(server.url, ['--limit', '1', ...FAST], { log: 'json' });
    expect([exit.stdout, exit.code]).toEqual(['{"back":true}\n', 0]);
    expect(server.attempts).toHaveLength(8);
    expect(pickRecords(exit, 'gap')).toHaveLength(1);
    expect(pickRecords(exit, 'summary')).toMatchObject([{ reconnects: 1, events: 1 }]);
  });

  test('§ 5: every loss that the client did not cause is followed by another attempt', async () => {
    const endings: ((peer: Peer) => unknown)[] = [
      ...[1000, 1001, 1011, 1012, 1013, 1014, 1008, 3999, 4999].map(
        (code) => (peer: Peer) => peer.sendClose(code),
      ),
      (peer) => peer.sendClose(),
      (peer) => peer.end(),
      (peer) => peer.reset(),
    ];
    const server = await startScriptedServer((peer, index) =>
      streamHandler({ events: [`{"n":${index}}`], finish: (one) => endings[index]?.(one) })(peer, index),
    );
    const count = endings.length + 1;
    const tail = startTail(server.url, FAST);
    await server.waitForAttempt(count, 30_000);
    await tail.child.waitForStdout(`{"n":${count - 1}}\n`);
    tail.child.kill('SIGINT');
    const { lines, signal } = await tail.finish();
    expect(signal).toBe('SIGINT');
    // The reset may discard the event before it.
    const wanted = Array.from({ length: count }, (_, n) => `{"n":${n}}`);
    expect(wanted.filter((line) => !lines.includes(line) && line !== `{"n":${count - 2}}`)).toEqual([]);
    expect(server.attempts).toHaveLength(count);
  });

  test.each([1002, 1003, 1007, 1009, 1010])('§ 5: close %i: three retries, then exit 8', async (code) => {
    const server = await startScriptedServer(streamHandler({ finish: (peer) => peer.sendClose(code) }));
    const exit = await runTail(server.url, FAST, { log: 'json' });
    expect(exit.code).toBe(8);
    expect(server.attempts).toHaveLength(4);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'closed-for-protocol', close_code: code }]);
  });
});

describe('R1: durations beyond what a timer can hold', () => {
  test('R1: of retries, timeouts and keepalive wait, instead of ending at once', async () => {
    const server = await startScriptedServer(streamHandler({ finish: (peer) => peer.end() }));
    const ages = ['--retry-min', '--retry-max', '--ping-interval', '--pong-timeout', '--connect-timeout'];
    const args = [...ages, '--max-silence', '--timeout'].flatMap((flag) => [flag, '1000h']);
    const tail = startTail(server.url, [...args, '--limit', '5'], { log: 'json', random: LAST });
    await tail.child.waitForStderr('"retrying"');
    await pauseFor(1_500);
    tail.child.kill('SIGINT');
    const exit = await tail.finish();
    expect(exit.signal).toBe('SIGINT');
    expect(server.attempts).toHaveLength(1);
    expect(pickRecords(exit, 'retrying')[0]?.delay_ms).toBeGreaterThan(2 ** 31);
  });

  test('R1: of the keepalive neither ping nor end a quiet connection', async () => {
    const server = await startScriptedServer(streamHandler());
    const args = ['--ping-interval', '1000h', '--pong-timeout', '1000h', '--duration', '1500ms'];
    const { code } = await runTail(server.url, args);
    expect(code).toBe(0);
    expect(server.attempts).toHaveLength(1);
    const texts = server.attempts[0]?.frames.filter(({ opcode }) => opcode === 1);
    expect(texts).toEqual([]);
  });
});

describe('§ 2: --timeout', () => {
  test('§ 2: while the connection is retried repeatedly: exit 124', async () => {
    const server = await startScriptedServer((peer, index) =>
      index === 0 ? streamHandler({ finish: (one) => one.end() })(peer, index) : peer.respond(503),
    );
    const { code, stdout, stderr } = await runTail(server.url, [
      '--limit',
      '1',
      '--timeout',
      '1500ms',
      ...FAST,
    ]);
    expect(stdout).toBe('');
    expect(stderr).toContain('error: --timeout: 1.5 s passed before 1 event arrived');
    expect(code).toBe(124);
  });
});
