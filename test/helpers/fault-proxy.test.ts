// Self-test of the fault proxy, between plain sockets.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { registerCleanup } from './cleanup.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { pauseFor, Watch } from './watch.ts';

/** A client's end of a connection: what it read, and how it ended. */
interface Line {
  readonly socket: Socket;
  readonly seen: { text: string; ended: string };
  waitFor<T>(probe: (seen: { text: string; ended: string }) => T | undefined | false): Promise<T>;
}

/** A server that greets, echoes and ends when the client does. */
async function startEcho(greeting: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).pipe(socket);
    socket.write(greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function connect(port: number): Line {
  const watch = new Watch();
  const seen = { text: '', ended: '' };
  const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
  registerCleanup(() => void socket.destroy());
  socket.on('data', (chunk) => {
    seen.text += chunk.toString();
    watch.notify();
  });
  const note = (how: string): void => {
    seen.ended ||= how;
    watch.notify();
  };
  socket.on('end', () => note('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => note(error.code ?? 'error'));
  return { socket, seen, waitFor: (probe) => watch.until(() => probe(seen) || undefined, 'the line') };
}

describe('startFaultProxy', () => {
  test('passes bytes and the end of each direction both ways', async () => {
    await using proxy = await startFaultProxy(await startEcho('hi '));
    const line = connect(proxy.port);
    line.socket.end('x'.repeat(100_000));
    await line.waitFor(({ ended }) => ended === 'end');
    expect(line.seen.text).toHaveLength(100_003);
    expect([proxy.countPassed('up'), proxy.countPassed('down')]).toEqual([100_000, 100_003]);
    expect(proxy.countAccepted()).toBe(1);
  });

  test.each(['up', 'down', undefined] as const)(
    'drop %s holds back all data, pass delivers it',
    async (way) => {
      await using proxy = await startFaultProxy(await startEcho('hi '));
      const line = connect(proxy.port);
      await line.waitFor(({ text }) => text === 'hi ');
      proxy.drop(way);
      line.socket.end('later');
      await pauseFor(150);
      expect(line.seen).toEqual({ text: 'hi ', ended: '' });
      expect(proxy.countPassed('up')).toBe(way === 'down' ? 5 : 0);
      proxy.pass();
      await line.waitFor(({ ended }) => ended === 'end');
      expect(line.seen.text).toBe('hi later');
    },
  );

  test('a connection that is made during a black hole gets through after it', async () => {
    await using proxy = await startFaultProxy(await startEcho('hi'));
    proxy.drop();
    const line = connect(proxy.port);
    await proxy.waitForConnection(1);
    await pauseFor(50);
    expect(line.seen.text).toBe('');
    proxy.pass();
    await line.waitFor(({ text }) => text === 'hi');
  });

  test('drip sends the given number of bytes at a time, and can be switched to pass', async () => {
    await using proxy = await startFaultProxy(await startEcho('x'.repeat(1000)));
    proxy.drip({ bytes: 2, everyMs: 20, direction: 'down' });
    const startedAtMs = performance.now();
    const line = connect(proxy.port);
    await line.waitFor(({ text }) => text.length >= 10);
    expect(performance.now() - startedAtMs).toBeGreaterThan(75);
    expect(line.seen.text.length).toBeLessThan(100);
    proxy.pass();
    await line.waitFor(({ text }) => text.length === 1000);
  });

  test('limitRate keeps to the rate', async () => {
    await using proxy = await startFaultProxy(await startEcho('x'.repeat(50_000)));
    proxy.limitRate(100_000);
    const startedAtMs = performance.now();
    const line = connect(proxy.port);
    await proxy.waitForBytes('down', 50_000);
    const tookMs = performance.now() - startedAtMs;
    expect(tookMs).toBeGreaterThan(450);
    await line.waitFor(({ text }) => text.length === 50_000);
  });

  test.each(['reset', 'end'] as const)(
    'cutAfter passes exactly the given number of bytes on each connection, then does a %s',
    async (how) => {
      await using proxy = await startFaultProxy(await startEcho('0123456789'));
      proxy.cutAfter(7, how);
      for (let round = 0; round < 2; round++) {
        const line = connect(proxy.port);
        await line.waitFor(({ ended }) => ended !== '');
        expect(line.seen.text).toBe('0123456');
      }
      const line = connect(proxy.port);
      proxy.pass();
      await line.waitFor(({ text }) => text === '0123456789');
    },
  );

  test('reset sends an RST to the client and lets the next connection pass; refuse resets every new connection', async () => {
    await using proxy = await startFaultProxy(await startEcho('hi'));
    const line = connect(proxy.port);
    await line.waitFor(({ text }) => text === 'hi');
    proxy.reset();
    await line.waitFor(({ ended }) => ended === 'ECONNRESET');
    await connect(proxy.port).waitFor(({ text }) => text === 'hi');
    proxy.refuse();
    const refused = connect(proxy.port);
    await refused.waitFor(({ ended }) => ended === 'ECONNRESET');
    expect(refused.seen.text).toBe('');
  });

  test('a client is reset if nothing listens on the target port', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await using proxy = await startFaultProxy(port);
    await connect(proxy.port).waitFor(({ ended }) => ended === 'ECONNRESET');
    expect(proxy.countPassed('down')).toBe(0);
  });
});
