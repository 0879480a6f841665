// Connections through a proxy by CONNECT, on loopback: what the proxy sees, and the causes of its faults (contract C6).
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { FollowItem } from '../../src/connection/follow.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { findClosedPort } from '../helpers/closed-port.ts';
import { KEY, type Run, startRun, startStreamServer } from './stream-server.ts';

interface Proxy {
  readonly host: string;
  readonly requests: readonly IncomingMessage[];
}

type Answer = (request: IncomingMessage, socket: Socket) => void;

/** Opens the requested tunnel. */
const tunnel: Answer = (request, socket) => {
  const [host, port] = (request.url ?? '').split(':');
  const upstream = connect(Number(port), host);
  upstream.once('connect', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(upstream).pipe(socket);
  });
  for (const [one, other] of [
    [socket, upstream],
    [upstream, socket],
  ] as const) {
    one.on('error', () => other.destroy());
    one.once('close', () => other.destroy());
  }
};

async function startProxy(answer: Answer): Promise<Proxy> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connect', (request, socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    requests.push(request);
    answer(request, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A promise, and the function that resolves it. */
function createNote(): { note: () => void; noted: Promise<void> } {
  let note: () => void = () => undefined;
  const noted = new Promise<void>((resolve) => {
    note = resolve;
  });
  return { note, noted };
}

const through = (url: string, proxyUrl: string): Run =>
  startRun(url, { dial: { proxyUrl }, policy: { maxReconnects: 0 } });

async function gaveUp(run: Run): Promise<Extract<FollowItem, { kind: 'gave-up' }>> {
  const last = (await run.finish()).at(-1);
  if (last?.kind !== 'gave-up') throw new Error(`it ended with ${last?.kind}`);
  return last;
}

describe('row 33: a proxy', () => {
  test('that works gets no key in the CONNECT, and its credentials are not in the request to the server', async () => {
    const server = await startStreamServer();
    const proxy = await startProxy(tunnel);
    const run = through(server.url, `http://user:s%20cret@${proxy.host}`);
    await run.until('connected');
    const [request] = proxy.requests;
    expect(request?.url).toBe(`127.0.0.1:${server.port}`);
    expect(JSON.stringify(request?.rawHeaders)).not.toContain(KEY.slice(0, 12));
    expect(request?.headers['proxy-authorization']).toBe(
      `Basic ${Buffer.from('user:s cret').toString('base64')}`,
    );
    const [upgrade] = server.requests;
    expect(upgrade?.headers['x-api-key']).toBe(KEY);
    expect(upgrade?.headers).not.toHaveProperty('proxy-authorization');
  });

  test.each([
    [407, 'proxy-refused', 5],
    [403, 'proxy-refused', 5],
    [502, 'proxy-failed', 7],
    [503, 'proxy-failed', 7],
  ])(
    'that responds with %i: the cause is %s, and names the proxy without its credentials',
    async (status, kind, exitCode) => {
      const server = await startStreamServer();
      const proxy = await startProxy((_request, socket) =>
        socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`),
      );
      const end = await gaveUp(through(server.url, `http://user:secret@${proxy.host}`));
      expect(end).toMatchObject({ exitCode, cause: { kind, proxy: proxy.host, httpStatus: status } });
      expect(JSON.stringify(end)).not.toMatch(/secret/);
      expect(server.mostSockets).toBe(0);
    },
  );

  test('that closes the connection without a response is named as the cause', async () => {
    const server = await startStreamServer();
    const proxy = await startProxy((_request, socket) => socket.destroy());
    const end = await gaveUp(through(server.url, `http://${proxy.host}`));
    expect(end).toMatchObject({ exitCode: 7, cause: { kind: 'proxy-failed', proxy: proxy.host } });
    expect(end.cause.detail).toContain('waiting for the proxy');
  });

  test('that does not listen is named as the cause', async () => {
    const server = await startStreamServer();
    const proxy = `127.0.0.1:${await findClosedPort()}`;
    const end = await gaveUp(through(server.url, `http://${proxy}`));
    expect(end).toMatchObject({ exitCode: 7, cause: { kind: 'proxy-failed', proxy } });
    expect(end.cause.detail).toContain('ECONNREFUSED');
  });

  test('that never responds is named at the connect timeout, and no socket is left', async () => {
    const server = await startStreamServer();
    const gone = createNote();
    const proxy = await startProxy((_request, socket) => socket.once('end', gone.note).resume());
    const dial = { proxyUrl: `http://${proxy.host}`, connectTimeoutMs: 150 };
    expect(await gaveUp(startRun(server.url, { dial, policy: { maxReconnects: 0 } }))).toMatchObject({
      exitCode: 7,
      cause: {
        kind: 'timed-out',
        proxy: proxy.host,
        detail: `no response within 150 ms, waiting for the proxy ${proxy.host}`,
      },
    });
    await gone.noted;
  });

  test('in front of a server that never starts TLS is named at the connect timeout, and no socket is left', async () => {
    const gone = createNote();
    // The proxy opens a tunnel that leads nowhere.
    const proxy = await startProxy((_request, socket) => {
      socket.once('end', gone.note).resume();
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    });
    const dial = { proxyUrl: `http://${proxy.host}`, connectTimeoutMs: 150 };
    const run = startRun('wss://127.0.0.1:9/v1/stream', { dial, policy: { maxReconnects: 0 } });
    expect(await gaveUp(run)).toMatchObject({
      cause: {
        kind: 'timed-out',
        detail: `no response within 150 ms, in the TLS handshake through the proxy ${proxy.host}`,
      },
    });
    await gone.noted;
  });

  test('R2: an abort while the code for proxies is loaded ends the attempt', async () => {
    const server = await startStreamServer();
    const proxy = await startProxy(() => undefined);
    const run = through(server.url, `http://${proxy.host}`);
    await run.until('connecting');
    const pending = run.next();
    run.abort();
    expect(await pending).toBeUndefined();
  });

  test('R2: an abort during the CONNECT ends the attempt and closes its socket', async () => {
    const server = await startStreamServer();
    const asked = createNote();
    const gone = createNote();
    const proxy = await startProxy((_request, socket) => {
      socket.once('end', gone.note).resume();
      asked.note();
    });
    const run = through(server.url, `http://${proxy.host}`);
    await run.until('connecting');
    const pending = run.next();
    await asked.noted;
    run.abort();
    expect(await pending).toBeUndefined();
    await gone.noted;
  });
});
