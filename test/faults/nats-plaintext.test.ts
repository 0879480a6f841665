// NATS without TLS is allowed only on this machine, which the address of the connection decides.
import { createConnection, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';
import { registerCleanup } from '../helpers/cleanup.ts';
import { describeWithNats, startNatsServer } from '../helpers/nats-server.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';

const PASSWORD = 'c0rrect-h0rse';
const ENV = { NATS_USER: 'reader', NATS_PASSWORD: PASSWORD };

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];

/** The first message of a NATS server. */
const INFO = { server_id: 'S', version: '2.10.20', proto: 1, headers: true, max_payload: 1_048_576 };

/** An address of this machine that is not loopback. */
const OTHER = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

/** Forwards a port of that address to one on loopback; `readSent` returns the bytes that clients have sent. */
async function startForwarder(target: number): Promise<{ port: number; readSent(): string }> {
  let sent = '';
  const server = createServer((socket) => {
    const upstream = createConnection(target, '127.0.0.1');
    for (const one of [socket, upstream]) one.on('error', () => undefined);
    socket.on('data', (data) => {
      sent += data.toString('latin1');
    });
    socket.pipe(upstream).pipe(socket);
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, OTHER, resolve));
  registerCleanup(() => void server.close());
  return { port: (server.address() as { port: number }).port, readSent: () => sent };
}

describeWithNats('row 100 (B8): nats:// without TLS (needs nats-server)', () => {
  const testElsewhere = OTHER === undefined ? test.skip : test;
  const start = async () => {
    const nats = await startNatsServer({
      extra: `authorization { user: reader, password: "${PASSWORD}" }`,
    });
    return startForwarder(nats.port);
  };

  testElsewhere.each([
    ['its address', OTHER, {}],
    ['localhost, which resolves to its address', 'localhost', { hosts: { localhost: [OTHER ?? ''] } }],
  ])(
    'row 100: another machine given by %s: exit 11 before the password is sent',
    async (_, host, options) => {
      const { port, readSent } = await start();
      const args = ['--from', `nats://${host}:${port}/S`, '--no-reconnect'];
      const exit = await runTail('', args, { env: ENV, log: 'json', ...options });
      const [error] = pickRecords(exit, 'error');
      expect(error).toMatchObject({ cause: 'nats-no-tls', exit_code: 11 });
      expect(error?.hint).toContain('--allow-plaintext');
      expect(readSent()).toBe('');
    },
  );

  testElsewhere('row 100: another machine with --allow-plaintext: the connection is made', async () => {
    const { port, readSent } = await start();
    const args = ['--from', `nats://${OTHER}:${port}/S`, '--no-reconnect', '--allow-plaintext'];
    const exit = await runTail('', args, { env: ENV, log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'nats-no-stream', exit_code: 5 }]);
    expect(readSent()).toContain(PASSWORD);
  });

  testElsewhere(
    'row 100: the password is not sent to another machine that the first server announces',
    async () => {
      const announced = await startScriptedServer(
        async (peer) => {
          await peer.sendRaw(`INFO ${JSON.stringify(INFO)}\r\n`);
          await peer.untilClosed();
        },
        { host: OTHER ?? '' },
      );
      const info = JSON.stringify({ ...INFO, connect_urls: [`${OTHER}:${announced.port}`] });
      const first = await startScriptedServer(async (peer) => {
        await peer.sendRaw(`INFO ${info}\r\n`);
        await first.waitUntil(() => (peer.attempt.bytesReceived > 0 ? true : undefined), 'CONNECT');
        // The first server accepts the connection, then fails for good.
        await peer.sendRaw('PONG\r\n');
        first.setScript(async (again) => again.reset());
        await first.waitUntil(() => (peer.attempt.bytesReceived > 300 ? true : undefined), 'a request');
        peer.end();
      });
      const args = ['--from', `nats://127.0.0.1:${first.port}/S`, '--max-reconnects', '2', ...FAST];
      const exit = await runTail('', args, { env: ENV, log: 'json' });
      expect(announced.attempts.length).toBeGreaterThan(0);
      expect(announced.attempts.every(({ bytesReceived }) => bytesReceived === 0)).toBe(true);
      expect(exit.stderr).not.toContain(PASSWORD);
      expect(exit.code).not.toBe(0);
    },
  );

  testElsewhere('row 100: a relay to another machine: exit 11 before the password is sent', async () => {
    const { port, readSent } = await start();
    const args = ['--simulate', '--to', `nats://${OTHER}:${port}/S`, '--limit', '1'];
    const exit = await runTail('', args, { command: 'relay', env: ENV, log: 'json' });
    expect(pickRecords(exit, 'error').at(-1)).toMatchObject({ exit_code: 11 });
    expect(readSent()).toBe('');
  });
});
