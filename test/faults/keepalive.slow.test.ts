// The keepalive of the real command: it pings, and only a silent connection counts as dead (contract § 4).
import { afterEach, describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { startFaultProxy } from '../helpers/fault-proxy.ts';
import { hasNginx, startNginx } from '../helpers/real-components.ts';
import { type Child, startShell } from '../helpers/run-cli.ts';
import { frame, type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, numberedEvents, readRecords, runTail, startTail } from './start-tail.ts';

const PING_MS = 300;
const PONG_MS = 600;
const ARGS = [
  ...['--ping-interval', `${PING_MS}ms`, '--pong-timeout', `${PONG_MS}ms`],
  ...['--retry-min', '250ms', '--retry-max', '250ms', '--log-format', 'json'],
];
/** Longer than any decision about a connection may take. */
const LONG_MS = 4 * (PING_MS + PONG_MS);

const kindsOf = (stderr: string): unknown[] => readRecords(stderr).map(({ event }) => event);
const pingsOf = (peer: Peer): number =>
  peer.attempt.frames.filter(({ opcode, payload }) => opcode === 1 && payload.toString() === 'ping').length;

const repeating: NodeJS.Timeout[] = [];
afterEach(() => {
  for (const timer of repeating.splice(0)) clearInterval(timer);
});
function every(ms: number, act: () => void): void {
  repeating.push(setInterval(act, ms));
}

describe('K1: pings', () => {
  test('K1: one text ping per interval, also while events arrive; the pong is not printed', async () => {
    const atMs: number[] = [];
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.welcome();
      peer.answerClose();
      every(40, () => void peer.sendText('{"n":1}'));
      while (atMs.length < 10) {
        expect(await peer.nextText()).toBe('ping');
        atMs.push(performance.now());
        await peer.sendText('pong');
      }
    });
    const child = startTail(server.url, ARGS);
    await server.waitUntil(() => atMs.length >= 10 || undefined, 'ten pings');
    child.kill();
    const exit = await endOf(child);
    const tenthMs = (atMs[9] ?? 0) - (atMs[0] ?? 0);
    // A tick is an eighth of the interval: a ping may be late by one tick, but never early.
    expect(tenthMs).toBeGreaterThan(9 * PING_MS - 20);
    expect(tenthMs).toBeLessThan(9 * PING_MS * 1.5);
    expect(new Set(exit.stdout.split('\n'))).toEqual(new Set(['{"n":1}', '']));
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 0, discarded: {} });
  });

  test('K1: a WebSocket ping is answered with its payload', async () => {
    const { server, first } = await startHandOver();
    const child = startTail(server.url, ARGS);
    const peer = await first;
    await peer.sendRaw(frame.ping('are you there'));
    const pong = await server.waitUntil(
      () => peer.attempt.frames.find(({ opcode }) => opcode === 10),
      'a WebSocket pong',
    );
    expect(pong.payload.toString()).toBe('are you there');
    child.kill();
    expect((await endOf(child)).stdout).toBe('');
  });

  test('K1: --ping-interval 0 turns keepalive off: no pings, and a silent connection is not given up', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.welcome();
    });
    const child = startTail(server.url, [...ARGS.slice(4), '--ping-interval', '0']);
    await child.waitForStderr('"connected"');
    await pauseFor(LONG_MS);
    expect(server.attempts.map(({ frames }) => frames)).toEqual([[]]);
    child.kill();
    expect(kindsOf((await endOf(child)).stderr)).not.toContain('lost');
  });
});

describe('K2: a dead connection', () => {
  test('K2: after a ping and no byte for the pong timeout the connection is destroyed without a Close frame', async () => {
    const server = await startScriptedServer(async (peer, index) => {
      if (index > 0) return streamHandler({ events: ['{"second":true}'] })(peer, index);
      await peer.accept();
      await peer.welcome();
      expect(await peer.nextText()).toBe('ping');
    });
    const child = startTail(server.url, ARGS);
    // With overlap, the second connection may be live before the first one counts as dead.
    await child.waitForStdout('"second"');
    await child.waitForStderr('"lost"');
    child.kill();
    const exit = await endOf(child);
    const first = server.attempts[0];
    expect(first?.closeFrame).toBeUndefined();
    expect(first?.ended?.how).toMatch(/^client-/);
    const lost = lastRecord(exit.stderr, 'lost');
    expect(lost).toMatchObject({ cause: 'silent', message: expect.stringContaining('is dead') });
    const upMs = Number(lost['up_ms']);
    expect(upMs).toBeGreaterThanOrEqual(PING_MS + PONG_MS - 10);
    expect(upMs).toBeLessThan(2 * (PING_MS + PONG_MS));
    expect(kindsOf(exit.stderr).filter((kind) => kind === 'lost')).toHaveLength(1);
    expect(server.attempts).toHaveLength(2);
  });

  test('K2: an event that arrives byte by byte keeps the connection alive without a pong', async () => {
    const event = frame.text('{"n":1}');
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.welcome();
      for (const byte of event) {
        await pauseFor(PONG_MS / 2);
        await peer.sendRaw(Uint8Array.of(byte));
      }
    });
    const child = startTail(server.url, [...ARGS, '--limit', '1']);
    const exit = await endOf(child);
    expect(exit).toMatchObject({ code: 0, stdout: '{"n":1}\n' });
    expect(kindsOf(exit.stderr)).not.toContain('lost');
    expect(server.attempts).toHaveLength(1);
  });
});

describe('K3: a slow reader is not a dead connection', () => {
  const COUNT = 12_000;
  /** Sends 12 MB, more than fit in pipe, command and kernel, so that pongs arrive after a backlog of events. */
  async function sendAll(peer: Peer): Promise<void> {
    for (const event of numberedEvents(1_000, COUNT)) await peer.sendText(event);
  }

  async function expectAll(child: Child): Promise<string> {
    const exit = await endOf(child);
    expect(exit.code).toBe(0);
    const numbers = exit.stdout.split('\n', COUNT).map((line) => JSON.parse(line).n);
    expect(numbers).toEqual(Array.from({ length: COUNT }, (_, n) => n + 1));
    for (const kind of ['lost', 'retrying', 'gap']) expect(kindsOf(exit.stderr)).not.toContain(kind);
    return exit.stderr;
  }

  test('K3: a reader that is blocked for many pong timeouts: pings continue, and the connection is not given up', async () => {
    const { server, first } = await startHandOver();
    const child = startTail(server.url, [...ARGS, '--limit', `${COUNT}`], { limitMs: 60_000 });
    child.pauseStdout();
    const peer = await first;
    const sent = sendAll(peer);
    await child.waitForStderr('"paused"');
    const before = pingsOf(peer);
    await pauseFor(LONG_MS);
    expect(pingsOf(peer) - before).toBeGreaterThanOrEqual(Math.floor(LONG_MS / PING_MS / 2));
    child.resumeStdout();
    const stderr = await expectAll(child);
    await sent;
    expect(server.attempts).toHaveLength(1);
    expect(Number(lastRecord(stderr, 'summary')['paused_ms'])).toBeGreaterThan(LONG_MS);
  });

  test('K3: a reader that takes a little now and then: pings continue, and the connection is not given up', async () => {
    const { server, first } = await startHandOver();
    // Reads 40 kB/s for a while, then everything that is left.
    const trickle = `const fs = require('fs'), bytes = Buffer.alloc(65536), end = Date.now() + ${2 * LONG_MS};
      const wait = new Int32Array(new SharedArrayBuffer(4));
      for (let n = 1; n > 0; ) {
        const isSlow = Date.now() < end;
        if (isSlow) Atomics.wait(wait, 0, 0, 100);
        n = fs.readSync(0, bytes, 0, isSlow ? 4096 : 65536);
        for (let at = 0; at < n; ) at += fs.writeSync(1, bytes, at, n - at);
      }`;
    const words = ['--verbose', '--url', server.url, ...ARGS, '--limit', `${COUNT}`].join(' ');
    const shell = startShell(`atlantis stream tail ${words} | node -e "$TRICKLE"`, {
      key: CANARY_KEY,
      env: { TRICKLE: trickle },
      limitMs: 60_000,
    });
    const peer = await first;
    const sent = sendAll(peer);
    await pauseFor(1.5 * LONG_MS);
    expect(shell.child.lineCount).toBeLessThan(COUNT / 10);
    expect(pingsOf(peer)).toBeGreaterThanOrEqual(Math.floor(LONG_MS / PING_MS));
    await expectAll(shell.child);
    await sent;
    expect((await shell.exit).pipeStatus).toEqual([0, 0]);
    expect(server.attempts).toHaveLength(1);
  });

  test('K3 (K1): each of hundreds of WebSocket pings that waited while the reader was blocked is answered', async () => {
    const { server, first } = await startHandOver();
    const child = startTail(server.url, [...ARGS, '--limit', '2001']);
    child.pauseStdout();
    const peer = await first;
    for (const event of numberedEvents(1_000, 2_000)) await peer.sendText(event);
    await child.waitForStderr('"paused"');
    const pings = Array.from({ length: 300 }, (_, n) => frame.ping(`${n}`));
    await peer.sendRaw(Buffer.concat(pings));
    child.resumeStdout();
    const pongs = (): string[] =>
      peer.attempt.frames.filter(({ opcode }) => opcode === 10).map(({ payload }) => payload.toString());
    await server.waitUntil(() => pongs().length >= 300 || undefined, 'the pongs');
    expect(pongs()).toEqual(Array.from({ length: 300 }, (_, n) => `${n}`));
    await peer.sendText('{"last":true}');
    const exit = await endOf(child);
    expect(exit.code).toBe(0);
    expect(kindsOf(exit.stderr)).not.toContain('lost');
    expect(server.attempts).toHaveLength(1);
  });

  test('K3: a connection that died while the reader was blocked is given up after reading resumes', async () => {
    const { server } = await startHandOver(numberedEvents(1_000, 2_000), ['{"second":true}']);
    const proxy = await startFaultProxy(server.port);
    const child = startTail(proxy.url, ARGS);
    child.pauseStdout();
    await child.waitForStderr('"paused"');
    proxy.drop();
    await pauseFor(LONG_MS);
    expect(child.stderrText).not.toContain('"lost"');
    child.resumeStdout();
    await child.waitForStderr('"lost"');
    proxy.pass();
    await child.waitForStdout('"second"');
    child.kill();
    expect(lastRecord((await endOf(child)).stderr, 'lost')).toMatchObject({ cause: 'silent' });
  });
});

(hasNginx() ? describe : describe.skip)('a load balancer with an idle timeout (needs nginx)', () => {
  test.each([
    ['row 122: two cuts after the same silence name --ping-interval', '60s', 'idle-cut'],
    ['row 122: a shorter --ping-interval keeps the connection', '2s', undefined],
  ])('%s', async (_what, interval, cause) => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const nginx = await startNginx({ targetPort: server.port, location: 'proxy_read_timeout 6s;' });
    const args = ['--ping-interval', interval, '--retry-max', '250ms', '--duration', '16s'];
    const exit = await runTail(nginx.url, [...args, '--log-format', 'json']);
    const lost = readRecords(exit.stderr).filter((record) => record['event'] === 'lost');
    expect(lost.map((record) => record['cause'])).toEqual(cause === undefined ? [] : ['dropped', cause]);
    if (cause === undefined) return;
    expect(lost[1]?.['message']).toMatch(/was cut again while idle \(after 6 s of silence/);
    expect(exit.stderr).toContain('set a shorter --ping-interval');
  });
});
