// The connect loop with a real server on loopback: the order of items, all ends, and an abort in every state.

import dns from 'node:dns';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import type { CauseKind } from '../../src/connection/cause-table.ts';
import type { FollowItem } from '../../src/connection/follow.ts';
import { textsOf } from '../../src/events/batch.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { expectSoon } from '../helpers/soon.ts';
import { pauseFor, untilTrue } from '../helpers/watch.ts';
import { KEY, type Run, type StreamServer, startRun, startStreamServer, WELCOME } from './stream-server.ts';

/** Listens on loopback with the given handler for each socket, until the end of the test. */
async function listen(server: Server, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/** Starts a TCP server with the given handler for each connection. */
const listenTcp = (onSocket: (socket: Socket) => void): Promise<number> =>
  listen(createTcpServer(), onSocket);

const ONCE = { policy: { maxReconnects: 0 } };

/** Runs to the end, which must be that the loop gives up, and returns that item. */
async function gaveUp(run: Run): Promise<Extract<FollowItem, { kind: 'gave-up' }>> {
  const last = (await run.finish()).at(-1);
  if (last?.kind !== 'gave-up') throw new Error(`it ended with ${last?.kind}`);
  return last;
}

/** Ms from the abort to the end of a run. */
async function measureEnd(run: Run): Promise<number> {
  const beganAtMs = performance.now();
  run.abort();
  await run.finish();
  return performance.now() - beganAtMs;
}

const untilEmpty = (server: StreamServer): Promise<true> =>
  server.watch.until(() => server.openSockets === 0 || undefined, 'every socket to be gone');

describe('connecting', () => {
  test('connecting, connected, events: in this order, with the identity from the welcome', async () => {
    const server = await startStreamServer({
      headers: ['X-Request-Id: req_of_the_server'],
      play: (webSocket) => {
        webSocket.send(WELCOME);
        webSocket.send('{"type":"large_transfer"}');
      },
    });
    const run = startRun(server.url);
    expect(await run.next()).toEqual({ kind: 'connecting', attempt: 1 });
    const { connection, stream } = await run.until('connected');
    expect(connection).toBe(1);
    expect(stream.acceptedKeyPrefix).toBe('ak_live_00112233');
    expect(stream.requestId).toBe('req_of_the_server');
    const { batch } = await run.until('events');
    expect(textsOf(batch).map(String)).toEqual(['{"type":"large_transfer"}']);
    expect(Math.abs(batch.receivedAtMs - Date.now())).toBeLessThan(5_000);
  });

  test('C2: each request has the key, the user agent and a new request id, and offers no compression', async () => {
    const server = await startStreamServer({
      play: (webSocket, connection) => {
        webSocket.send(WELCOME);
        if (connection === 1) webSocket.close(1001);
      },
    });
    const run = startRun(server.url);
    await run.until('gap');
    const [first, second] = server.requests.map(({ headers }) => headers);
    expect(first).toMatchObject({ 'x-api-key': KEY, 'user-agent': 'atlantis-cli/test' });
    expect(first).not.toHaveProperty('sec-websocket-extensions');
    expect(first?.['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.['x-request-id']).not.toBe(first?.['x-request-id']);
    expect(server.requests[0]?.url).toBe('/v1/stream');
  });

  test('if the server sends no request id, the id of our request is reported', async () => {
    const server = await startStreamServer();
    const run = startRun(server.url);
    const { stream } = await run.until('connected');
    expect(stream.requestId).toBe(server.requests[0]?.headers['x-request-id']);
  });

  test('K1: a pong is not an event, and its round trip is measured', async () => {
    let pings = 0;
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        webSocket.on('message', (data) => {
          if (String(data) !== 'ping') return;
          pings += 1;
          webSocket.send('pong');
          if (pings === 3) webSocket.send('"pong"');
        });
      },
    });
    const run = startRun(server.url, { dial: { keepalive: { pingIntervalMs: 40, pongTimeoutMs: 5_000 } } });
    const { stream } = await run.until('connected');
    expect(await run.takeEvents(1)).toEqual(['"pong"']);
    expect(pings).toBeGreaterThanOrEqual(3);
    expect(stream.roundTripMs).toBeGreaterThanOrEqual(0);
    expectSoon(stream.roundTripMs ?? Number.NaN, 2_000);
    expect(run.items.filter(({ kind }) => kind === 'events')).toHaveLength(1);
  });
});

describe('events', () => {
  test('O4: with a slow consumer, twenty thousand events arrive in order and none is lost', async () => {
    const count = 20_000;
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        for (let n = 0; n < count; n += 1) webSocket.send(`{"n":${n}}`);
      },
    });
    const run = startRun(server.url);
    const numbers: number[] = [];
    for await (const item of run) {
      if (item.kind === 'events')
        numbers.push(...textsOf(item.batch).map((text) => JSON.parse(String(text)).n));
      if (numbers.length === count) run.abort();
      if (run.items.length % 3 === 0) await pauseFor(1);
    }
    expect(numbers).toHaveLength(count);
    expect(numbers.findIndex((n, at) => n !== at)).toBe(-1);
  });

  test('O4: back-pressure stops the server while the consumer does not pull', async () => {
    const chunk = JSON.stringify('x'.repeat(64 * 1024));
    let sent = 0;
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        const send = (): void => {
          if (webSocket.readyState !== webSocket.OPEN || sent >= 64 * 1024 * 1024) return;
          sent += chunk.length;
          webSocket.send(chunk, send);
        };
        send();
      },
    });
    const run = startRun(server.url);
    await run.until('connected');
    await run.takeEvents(1);
    let before = -1;
    while (sent !== before) {
      before = sent;
      await pauseFor(150);
    }
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    await run.takeEvents(2 * Math.ceil(sent / chunk.length));
    expect(sent).toBeGreaterThan(before);
  });

  test('O4: events read ahead of a busy consumer keep their receive times', async () => {
    let nowMs = 1_000;
    let pongs = 0;
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        webSocket.on('pong', () => {
          pongs += 1;
          server.watch.notify();
        });
      },
    });
    const run = startRun(server.url, { context: { clock: { ...systemClock, wallMs: () => nowMs } } });
    await run.until('connected');
    const [webSocket] = server.webSockets;
    for (const n of [1, 2, 3]) {
      nowMs = n * 1_000;
      webSocket?.send(`{"n":${n}}`);
      webSocket?.ping();
      await server.watch.until(() => (pongs === n ? true : undefined), `event ${n} to be read`);
    }
    nowMs = 9_000;
    await run.takeEvents(3);
    const batches = run.items.flatMap((item) => (item.kind === 'events' ? [item.batch] : []));
    expect(batches.map(({ receivedAtMs, count }) => [receivedAtMs, count])).toEqual([
      [1_000, 1],
      [2_000, 1],
      [3_000, 1],
    ]);
  });

  test('row 39: a message that is not an event is counted in the batch it arrived with', async () => {
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        for (const text of ['null', '42', '[]', '"pong"', 'ping', '', '{', '\ufeff{}']) webSocket.send(text);
        webSocket.send(Buffer.from('{}'), { binary: true });
        webSocket.send('pong');
        webSocket.send('{"last":true}');
      },
    });
    const run = startRun(server.url);
    const texts = await run.takeEvents(6);
    expect(texts).toEqual(['null', '42', '[]', '"pong"', '\ufeff{}', '{"last":true}']);
    const discarded = run.items.flatMap((item) => (item.kind === 'events' ? item.batch.discarded : []));
    expect([...discarded].sort()).toEqual(['binary', 'not JSON', 'not JSON', 'not JSON']);
  });

  test('row 7: events sent before the close are delivered first, also to a consumer that was busy', async () => {
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        for (let n = 0; n < 1_000; n += 1) webSocket.send(`{"n":${n}}`);
        webSocket.close(1001, 'restart');
      },
    });
    const run = startRun(server.url, ONCE);
    await run.until('connected');
    await pauseFor(100);
    expect(await run.takeEvents(1_000)).toHaveLength(1_000);
    const lost = await run.until('lost');
    expect(lost.cause).toMatchObject({ kind: 'closed-by-server', detail: 'close code 1001: restart' });
    expect(Date.now() - lost.lastByteAtMs).toBeLessThan(10_000);
  });
});

describe('C4: the welcome', () => {
  test.each<[string, string | Buffer, string]>([
    ['an event', '{"type":"large_transfer"}', 'a JSON message of another kind'],
    ['an event with a key', '{"type":"key_used","key":"ak_live_1"}', 'a JSON message of another kind'],
    ['null', 'null', 'a JSON message of another kind'],
    ['an array', '["welcome"]', 'a JSON message of another kind'],
    ['a welcome without a key', '{"type":"welcome"}', 'a JSON message of another kind'],
    ['a welcome whose key is a number', '{"type":"welcome","key":7}', 'a JSON message of another kind'],
    ['a binary welcome', Buffer.from(WELCOME), 'a binary message'],
    ['words', 'welcome', 'a text message that is not JSON'],
    ['nothing', '', 'a text message that is not JSON'],
    [
      'a megabyte of brackets (row 72)',
      `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
      'a text message of 1000000 bytes',
    ],
  ])('row 27: %s instead of the welcome is a protocol error', async (_, first, detail) => {
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(first, { binary: typeof first !== 'string' });
        webSocket.send('{"never":"shown"}');
      },
    });
    const run = startRun(server.url, ONCE);
    const end = await gaveUp(run);
    expect(end).toMatchObject({ exitCode: 8, why: 'no-reconnect', cause: { kind: 'bad-welcome', detail } });
    expect(run.items.map(({ kind }) => kind)).toEqual(['connecting', 'gave-up']);
    await untilEmpty(server);
  });

  test('row 27: silence after the 101 ends the attempt at the connect timeout', async () => {
    const server = await startStreamServer({ play: () => undefined });
    const end = await gaveUp(startRun(server.url, { ...ONCE, dial: { connectTimeoutMs: 150 } }));
    expect(end).toMatchObject({
      exitCode: 8,
      cause: { kind: 'no-welcome', detail: 'nothing within 150 ms', requestId: expect.any(String) },
    });
    await untilEmpty(server);
  });

  test('a normal close before the welcome is a missing welcome, a broken connection a loss', async () => {
    const polite = await startStreamServer({ play: (webSocket) => webSocket.close(1000, 'full') });
    expect(await gaveUp(startRun(polite.url, ONCE))).toMatchObject({
      exitCode: 8,
      cause: { kind: 'no-welcome', detail: 'closed instead: close code 1000: full' },
    });
    const rude = await startStreamServer({ play: (webSocket) => webSocket.terminate() });
    expect(await gaveUp(startRun(rude.url, ONCE))).toMatchObject({ exitCode: 7, cause: { kind: 'dropped' } });
  });

  test('a byte order mark before the welcome is ignored, and the welcome is not an event', async () => {
    const server = await startStreamServer({ play: (webSocket) => webSocket.send(`\ufeff${WELCOME}`) });
    const run = startRun(server.url);
    expect((await run.until('connected')).stream.acceptedKeyPrefix).toBe('ak_live_00112233');
  });
});

describe('§ 5: how a live connection ends', () => {
  test.each<[number | undefined, CauseKind, number, string]>([
    [1000, 'closed-normally', 7, 'close code 1000'],
    [1001, 'closed-by-server', 7, 'close code 1001'],
    [undefined, 'closed-by-server', 7, 'no close code'],
    [1011, 'closed-by-server', 7, 'close code 1011'],
    [1012, 'closed-by-server', 7, 'close code 1012'],
    [1013, 'closed-by-server', 7, 'close code 1013'],
    [1014, 'closed-by-server', 7, 'close code 1014'],
    [1008, 'closed-by-policy', 7, 'close code 1008'],
    [3000, 'closed-by-policy', 7, 'close code 3000'],
    [4999, 'closed-by-policy', 7, 'close code 4999'],
    [1002, 'closed-for-protocol', 8, 'close code 1002'],
    [1003, 'closed-for-protocol', 8, 'close code 1003'],
    [1007, 'closed-for-protocol', 8, 'close code 1007'],
    [1009, 'closed-for-protocol', 8, 'close code 1009'],
    [1010, 'closed-for-protocol', 8, 'close code 1010'],
  ])('close %s is %s', async (code, kind, exitCode, detail) => {
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        webSocket.close(code);
      },
    });
    const run = startRun(server.url, ONCE);
    const end = await gaveUp(run);
    expect(end).toMatchObject({ exitCode, cause: { kind, detail, closeCode: code ?? 1005 } });
    expect(run.items.map((item) => item.kind)).toEqual(['connecting', 'connected', 'lost', 'gave-up']);
  });

  test.each<[string, Buffer, CauseKind, RegExp]>([
    ['the end of the stream', Buffer.alloc(0), 'dropped', /without a close frame/],
    ['text that is not UTF-8', Buffer.from([0x81, 0x01, 0xff]), 'bad-frames', /not UTF-8/],
    ['a masked frame', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0x31]), 'bad-frames', /masked frame/],
    ['a compressed frame', Buffer.from([0xc1, 0x01, 0x31]), 'bad-frames', /compressed frame/],
    ['a reserved bit', Buffer.from([0xa1, 0x01, 0x31]), 'bad-frames', /reserved bit/],
    ['opcode 3', Buffer.from([0x83, 0x00]), 'bad-frames', /opcode/],
    ['close 1006 on the wire', Buffer.from([0x88, 0x02, 0x03, 0xee]), 'bad-frames', /close code/],
    ['a frame of 2^63 bytes', Buffer.from([0x81, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0]), 'bad-frames', /length/],
    ['a message of 20 MiB', Buffer.from([0x81, 0x7f, 0, 0, 0, 0, 1, 0x40, 0, 0]), 'bad-frames', /16 MiB/],
  ])(
    'row 37, row 38: %s ends the connection, and nothing of it is delivered',
    async (_, bytes, kind, words) => {
      const server = await startStreamServer({
        play: (webSocket) => {
          webSocket.send(WELCOME);
          webSocket.send('{"before":1}', () => {
            const { socket } = server.requests[0] ?? {};
            socket?.write(Buffer.concat([bytes, Buffer.from([0x81, 0x04]), Buffer.from('"no"')]));
            if (bytes.length === 0) socket?.destroySoon();
          });
        },
      });
      const run = startRun(server.url, ONCE);
      const end = await gaveUp(run);
      const requestId = server.requests[0]?.headers['x-request-id'];
      expect(end.cause).toMatchObject({ kind, detail: expect.stringMatching(words), requestId });
      expect(end.exitCode).toBe(kind === 'dropped' ? 7 : 8);
      const texts = run.items.flatMap((item) =>
        item.kind === 'events' ? textsOf(item.batch).map(String) : [],
      );
      expect(texts).toEqual(kind === 'dropped' ? ['{"before":1}', '"no"'] : ['{"before":1}']);
      await untilEmpty(server);
    },
  );

  test('K2: a server that answers no ping counts as dead, and its socket is destroyed', async () => {
    const server = await startStreamServer();
    const run = startRun(server.url, {
      ...ONCE,
      dial: { keepalive: { pingIntervalMs: 50, pongTimeoutMs: 200 } },
    });
    const end = await gaveUp(run);
    expect(end).toMatchObject({ exitCode: 7, cause: { kind: 'silent' } });
    expect(end.cause.detail).toMatch(/^no data for \d+ ms after a ping$/);
    await untilEmpty(server);
    expect(server.closeCodes).toEqual([1006]);
  });

  test('C8, G1: after a loss the items are lost, retrying, connecting, connected, gap, and only one socket is open at a time', async () => {
    const server = await startStreamServer({
      play: (webSocket, connection) => {
        webSocket.send(WELCOME);
        webSocket.send(`{"connection":${connection}}`);
        if (connection < 4) webSocket.close(1001);
      },
    });
    const run = startRun(server.url);
    expect(await run.takeEvents(4)).toEqual([1, 2, 3, 4].map((n) => `{"connection":${n}}`));
    expect(server.mostSockets).toBe(1);
    const kinds = run.items.map(({ kind }) => kind);
    expect(kinds.slice(0, 8)).toEqual([
      'connecting',
      'connected',
      'events',
      'lost',
      'retrying',
      'connecting',
      'connected',
      'gap',
    ]);
    const [lost, gap] = [run.items[3], run.items[7]];
    if (lost?.kind !== 'lost' || gap?.kind !== 'gap') throw new Error('the order is another one');
    expect(gap).toMatchObject({ fromMs: lost.lastByteAtMs, cause: lost.cause });
    expect(gap.toMs).toBeGreaterThanOrEqual(gap.fromMs + 250);
    expect(run.items.filter(({ kind }) => kind === 'retrying')).toMatchObject(
      [2, 3, 4].map((attempt) => ({ attempt, wasLive: true, delayMs: 250 })),
    );
  });

  test('C8: a dead connection is closed before the next attempt, and its data is ignored', async () => {
    const server = await startStreamServer({
      play: (webSocket, connection) => {
        webSocket.send(WELCOME);
        if (connection === 1) return;
        webSocket.on('message', () => webSocket.send('pong'));
        webSocket.send('{"second":true}');
      },
    });
    const run = startRun(server.url, { dial: { keepalive: { pingIntervalMs: 50, pongTimeoutMs: 200 } } });
    expect(await run.takeEvents(1)).toEqual(['{"second":true}']);
    expect(server.mostSockets).toBe(1);
  });
});

describe('refusals', () => {
  const refuseWith =
    (answer: string) =>
    (_request: unknown, socket: Socket): boolean => {
      socket.end(answer);
      return true;
    };

  test('row 19: a 401 of the API ends the run after one attempt, with its code, message and request id', async () => {
    const body = '{"error":{"code":"unauthorized","message":"No such key."}}';
    const server = await startStreamServer({
      refuse: refuseWith(
        `HTTP/1.1 401 Unauthorized\r\nX-Request-Id: req_7\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    });
    const end = await gaveUp(startRun(server.url));
    expect(end).toMatchObject({
      exitCode: 3,
      why: 'not-retryable',
      cause: {
        kind: 'unauthorized',
        httpStatus: 401,
        errorCode: 'unauthorized',
        requestId: 'req_7',
        detail: 'HTTP 401 unauthorized: No such key, request id req_7',
      },
    });
    expect(server.requests).toHaveLength(1);
    await untilEmpty(server);
  });

  test('row 25: a redirect is not followed', async () => {
    const second = await startStreamServer();
    const server = await startStreamServer({
      refuse: refuseWith(`HTTP/1.1 301 Moved\r\nLocation: ${second.url}\r\nContent-Length: 0\r\n\r\n`),
    });
    expect(await gaveUp(startRun(server.url))).toMatchObject({ exitCode: 5, cause: { kind: 'redirect' } });
    expect(second.mostSockets).toBe(0);
  });

  test('row 21: the retry waits for Retry-After', async () => {
    let refusals = 0;
    const times: number[] = [];
    const server = await startStreamServer({
      refuse: (_request, socket) => {
        times.push(performance.now());
        refusals += 1;
        if (refusals > 1) return false;
        socket.end('HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n');
        return true;
      },
    });
    const run = startRun(server.url);
    const retrying = await run.until('retrying');
    expect(retrying).toMatchObject({ wasLive: false, cause: { kind: 'rate-limited', retryAfterMs: 1_000 } });
    await run.until('connected');
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test.each<[string, string, RegExp]>([
    [
      '200 with HTML',
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html',
      /HTTP 200/,
    ],
    [
      'a wrong Sec-WebSocket-Accept',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      /Sec-WebSocket-Accept/,
    ],
    ['an SSH banner', 'SSH-2.0-OpenSSH_9.2\r\n', /not an HTTP response/],
  ])('row 26: %s: exit 8 after one attempt', async (_, answer, words) => {
    const server = await startStreamServer({ refuse: refuseWith(answer) });
    const end = await gaveUp(startRun(server.url));
    expect(end).toMatchObject({
      exitCode: 8,
      cause: { kind: 'not-websocket', detail: expect.stringMatching(words) },
    });
    expect(server.requests).toHaveLength(1);
  });

  test('row 16: a response header that trickles in endlessly is given up at the connect timeout', async () => {
    const port = await listenTcp((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Drip: ');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    const end = await gaveUp(
      startRun(`ws://127.0.0.1:${port}/v1/stream`, { ...ONCE, dial: { connectTimeoutMs: 200 } }),
    );
    expect(end).toMatchObject({
      exitCode: 7,
      cause: {
        kind: 'timed-out',
        detail: 'no response within 200 ms, waiting for the response to the upgrade',
      },
    });
  });

  test('row 28: a port without a listener: the cause is "refused"', async () => {
    const server = createTcpServer();
    const port = await listen(server, () => undefined);
    await new Promise((resolve) => server.close(resolve));
    const end = await gaveUp(startRun(`ws://127.0.0.1:${port}/v1/stream`, ONCE));
    expect(end).toMatchObject({ exitCode: 7, cause: { kind: 'refused' } });
    expect(end.cause.detail).toContain(`127.0.0.1:${port}`);
  });

  test('row 32: wss: to a plaintext port is exit 8', async () => {
    const port = await listenTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const end = await gaveUp(startRun(`wss://127.0.0.1:${port}/v1/stream`));
    expect(end).toMatchObject({ exitCode: 8, cause: { kind: 'tls-to-plaintext' } });
  });

  test('row 32: ws: to a TLS port that closes the connection: a TLS probe finds the cause after one attempt', async () => {
    const server = createTlsServer();
    server.on('tlsClientError', () => undefined);
    const port = await listen(server, () => undefined);
    const run = startRun(`ws://127.0.0.1:${port}/v1/stream`);
    const end = await gaveUp(run);
    expect(end).toMatchObject({
      exitCode: 8,
      cause: { kind: 'plaintext-to-tls', detail: 'it accepts a TLS handshake' },
    });
    expect(run.items.filter(({ kind }) => kind === 'connecting')).toHaveLength(1);
  });

  test('row 32: a port that closes the connection and does not speak TLS: the cause is "reset"', async () => {
    const port = await listenTcp((socket) => socket.once('data', () => socket.destroy()));
    const end = await gaveUp(startRun(`ws://127.0.0.1:${port}/v1/stream`, ONCE));
    expect(end).toMatchObject({ exitCode: 7, cause: { kind: 'reset' } });
  });
});

describe('R2: an abort ends the run within 0.5 s and leaves no socket', () => {
  test('during the name lookup', async () => {
    const { lookup } = dns;
    registerCleanup(() => {
      dns.lookup = lookup;
    });
    const asked = new Promise<void>((resolve) => {
      // A resolver that never responds.
      dns.lookup = ((name: string) => {
        if (name === 'black-hole.example') resolve();
      }) as unknown as typeof dns.lookup;
    });
    const run = startRun('ws://black-hole.example/v1/stream');
    await run.until('connecting');
    const pending = run.next();
    await asked;
    expect(await measureEnd(run)).toBeLessThan(500);
    expect(await pending).toBeUndefined();
  });

  test.each(['ws:', 'wss:'])('during the handshake of %s', async (scheme) => {
    let noteClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      noteClosed = resolve;
    });
    const accepted = new Promise<void>((resolve) => {
      void listenTcp((socket) => {
        socket.resume();
        socket.once('close', noteClosed);
        resolve();
      }).then((port) => {
        run = startRun(`${scheme}//127.0.0.1:${port}/v1/stream`);
        void run.finish();
      });
    });
    let run: Run | undefined;
    await accepted;
    if (run === undefined) throw new Error('it has not begun');
    expect(await measureEnd(run)).toBeLessThan(500);
    await closed;
    expect(run.items.map(({ kind }) => kind)).toEqual(['connecting']);
  });

  test('while a refusal is read', async () => {
    const server = await startStreamServer({
      refuse: (_request, socket) => {
        socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n{"error":');
        return true;
      },
    });
    const run = startRun(server.url);
    await run.until('connecting');
    const pending = run.next();
    await server.watch.until(() => server.requests[0], 'the request');
    await pauseFor(50);
    expect(await measureEnd(run)).toBeLessThan(500);
    expect(await pending).toBeUndefined();
    await untilEmpty(server);
  });

  test('while waiting for the welcome', async () => {
    let isUpgraded = false;
    const server = await startStreamServer({
      play(webSocket) {
        webSocket.once('pong', () => {
          isUpgraded = true;
        });
        webSocket.ping();
      },
    });
    const run = startRun(server.url);
    await run.until('connecting');
    const pending = run.next();
    await server.watch.until(() => server.requests[0], 'the request');
    await untilTrue(() => isUpgraded, 'the pong');
    expect(await measureEnd(run)).toBeLessThan(500);
    expect(await pending).toBeUndefined();
    await untilEmpty(server);
    expect(server.closeCodes).toEqual([1000]);
  });

  test('while streaming, with close code 1000', async () => {
    const server = await startStreamServer();
    const run = startRun(server.url);
    await run.until('connected');
    const pending = run.next();
    expect(await measureEnd(run)).toBeLessThan(500);
    expect(await pending).toBeUndefined();
    await untilEmpty(server);
    expect(server.closeCodes).toEqual([1000]);
  });

  test('while streaming, even if the server ignores the close', async () => {
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        webSocket.pause();
      },
    });
    const run = startRun(server.url);
    await run.until('connected');
    expectSoon(await measureEnd(run), 1_000);
    await run.finish();
  });

  test('while the consumer is busy: the close is sent, and events that were read are delivered', async () => {
    const server = await startStreamServer({
      play: (webSocket) => {
        webSocket.send(WELCOME);
        for (let n = 0; n < 5_000; n += 1) webSocket.send(`{"n":${n}}`);
      },
    });
    const run = startRun(server.url);
    await run.until('events');
    await pauseFor(50);
    run.abort();
    await untilEmpty(server);
    expect(server.closeCodes).toEqual([1000]);
    await run.finish();
    const texts = run.items.flatMap((item) =>
      item.kind === 'events' ? textsOf(item.batch).map(String) : [],
    );
    expect(texts).toEqual(texts.map((_, n) => `{"n":${n}}`));
    expect(run.items.every(({ kind }) => ['connecting', 'connected', 'events'].includes(kind))).toBe(true);
  });

  test('while waiting to retry', async () => {
    const server = await startStreamServer({
      refuse: (_request, socket) => {
        socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n');
        return true;
      },
    });
    const run = startRun(server.url);
    await run.until('retrying');
    const pending = run.next();
    expect(await measureEnd(run)).toBeLessThan(500);
    expect(await pending).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  test('before the first attempt', async () => {
    const server = await startStreamServer();
    const run = startRun(server.url);
    run.abort();
    expect(await run.finish()).toEqual([]);
    expect(server.mostSockets).toBe(0);
  });

  test('a consumer that stops iterating closes the connection too', async () => {
    const server = await startStreamServer();
    const run = startRun(server.url);
    await run.until('connected');
    await run.stopPulling();
    await untilEmpty(server);
    expect(server.closeCodes).toEqual([1000]);
  });
});
