// Slow refusals: a body that arrives byte by byte, and Retry-After.
import { describe, expect, test } from '@jest/globals';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { measureGaps, pickRecords, runTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
const RATE_LIMITED = JSON.stringify({ error: { code: 'rate_limited', message: 'slow down' } });

describe('C3: a refusal is read for at most 5 s', () => {
  test('C3: an endless slow body: the cause is decided after 5 s', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n');
      for (;;) {
        await peer.sendRaw('<');
        await pauseFor(100);
      }
    });
    const { code, stderr } = await runTail(server.url, ['--connect-timeout', '1s']);
    expect(stderr).toContain('did not come from Atlantis (HTTP 403');
    expect(code).toBe(5);
    const [attempt] = server.attempts;
    const tookMs = (attempt?.ended?.atMs ?? Number.NaN) - (attempt?.requestAtMs ?? 0);
    expect(tookMs).toBeGreaterThan(4_900);
    expect(tookMs).toBeLessThan(7_000);
  });

  test('C3: a complete error object in a body that never ends: the refusal is attributed to the API', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('HTTP/1.1 401 Unauthorized\r\nX-Request-Id: r\r\n\r\n');
      await peer.sendRaw('{"error":{"code":"unauthorized","message":"no such key"}}');
      await peer.untilClosed();
    });
    const { code, stderr } = await runTail(server.url);
    expect(stderr).toContain('HTTP 401 unauthorized: no such key');
    expect(code).toBe(3);
    expect(server.attempts).toHaveLength(1);
  });
});

describe('Retry-After', () => {
  test('row 21 (R1): of 2 s with a 429: the next attempt is 2 s later', async () => {
    const server = await startScriptedServer(async (peer, index) => {
      if (index < 2) return peer.respond(429, { 'Retry-After': '2' }, RATE_LIMITED);
      return streamHandler({ events: ['{"n":1}'] })(peer, index);
    });
    const exit = await runTail(server.url, ['--limit', '1', ...FAST], { log: 'json' });
    expect(exit.stdout).toBe('{"n":1}\n');
    expect(exit.code).toBe(0);
    const gapsMs = measureGaps(server);
    expect(gapsMs).toHaveLength(2);
    for (const gapMs of gapsMs) {
      expect(gapMs).toBeGreaterThanOrEqual(2_000);
      expect(gapMs).toBeLessThan(3_200);
    }
    for (const { delay_ms: delayMs = 0 } of pickRecords(exit, 'retrying')) {
      expect(delayMs).toBeGreaterThanOrEqual(2_000);
      expect(delayMs).toBeLessThanOrEqual(2_250);
    }
  });

  test('row 21 (R1): as an HTTP date with a 503, after the stream was live: the next attempt is not earlier', async () => {
    const server = await startScriptedServer(async (peer, index) => {
      if (index === 0) {
        return streamHandler({ events: ['{"n":1}'], finish: (one) => one.sendClose(1012) })(peer, index);
      }
      if (index === 1) {
        const atMs = Math.ceil(Date.now() / 1000) * 1000 + 2_000;
        return peer.respond(503, { 'Retry-After': new Date(atMs).toUTCString() }, RATE_LIMITED);
      }
      return streamHandler({ events: ['{"n":2}'] })(peer, index);
    });
    const { code, stdout } = await runTail(server.url, ['--limit', '2', ...FAST]);
    expect(stdout).toBe('{"n":1}\n{"n":2}\n');
    expect(code).toBe(0);
    expect(measureGaps(server)[1]).toBeGreaterThanOrEqual(1_900);
  });
});
