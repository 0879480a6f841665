// A plaintext request to a TLS port: the message names TLS, whatever the port answers. Also faults in the TLS handshake
// with a proxy or a server.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import {
  hasNginx,
  hasTlsListener,
  startNginx,
  startTlsListener,
  TLS_LISTENER_NAMES,
} from '../helpers/real-components.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';

/** A fatal TLS alert (RFC 8446 § 6). */
const makeAlert = (description: number): Buffer => Buffer.from([0x15, 3, 3, 0, 2, 2, description]);

const ALERTS = [
  { name: 'unexpected message', alert: makeAlert(10) },
  { name: 'protocol version', alert: makeAlert(70) },
];

(hasOpenssl() ? describe : describe.skip)('a TLS port (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  async function expectNamed(url: string): Promise<void> {
    const exit = await runTail(url, [], { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'plaintext-to-tls', exit_code: 8 }]);
    expect(pickRecords(exit, 'error')[0]?.hint).toBe('use https:// in the URL');
    expect(pickRecords(exit, 'connecting')).toHaveLength(1);
  }

  for (const name of TLS_LISTENER_NAMES) {
    (hasTlsListener(name) ? test : test.skip)(`row 119: http:// to ${name} (needs ${name})`, async () => {
      const { url } = await startTlsListener(name, made.good);
      await expectNamed(url);
    });
  }

  (hasNginx() ? test : test.skip)('row 119: http:// to nginx (needs nginx)', async () => {
    const { port } = await startNginx({ targetPort: 9, identity: made.good });
    await expectNamed(`ws://127.0.0.1:${port}`);
  });

  test.each(ALERTS)(
    'row 119: http:// to a port that answers with the TLS alert $name is exit 8',
    async ({ alert }) => {
      await using server = await startScriptedServer(async (peer) => {
        await peer.readRequest();
        await peer.sendRaw(alert);
        peer.end();
      });
      await expectNamed(server.url);
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('row 119: http:// to a TLS port that resets plaintext connections is exit 8', async () => {
    const { cert, key } = made.good;
    await using inner = await startScriptedServer(streamHandler(), { tls: { cert, key } });
    const { connect } = await import('node:net');
    await using server = await startScriptedServer(async (peer, index) => {
      if (index === 0) {
        await peer.readRequest();
        peer.reset();
        return;
      }
      const early = peer.takeOver();
      const target = connect(inner.port, '127.0.0.1');
      target.on('error', () => peer.reset()).write(early);
      peer.socket.pipe(target).pipe(peer.socket);
      await peer.untilClosed();
    });
    await expectNamed(server.url);
  });

  test('row 119: http:// for a proxy that expects TLS is exit 8, and the hint is to use https://', async () => {
    await using proxy = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw(makeAlert(10));
      peer.end();
    });
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const exit = await runTail('https://stream.atlantis.test', [], { env });
    expect(exit.stderr).toContain('use https:// in the URL of the proxy');
    expect(exit.code).toBe(8);
    expect(proxy.attempts).toHaveLength(1);
  });

  test('row 119: http:// for an HTTP sink that expects TLS is exit 8', async () => {
    await using service = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    await using sink = await startScriptedServer(async (peer, index) => {
      // The first connection only shows that the sink can be reached.
      if (index === 0) return;
      await peer.readRequest();
      await peer.sendRaw(makeAlert(10));
      peer.end();
    });
    const to = ['--to', `http://127.0.0.1:${sink.port}`, '--limit', '1'];
    const exit = await runTail(service.url, [...to, '--retry-max', '250ms'], { command: 'relay' });
    expect(exit.stderr).toContain('expects TLS on this port (it answered with a TLS alert)');
    expect(exit.code).toBe(8);
  });

  test('row 120: https:// for a proxy without TLS is exit 8 after one attempt', async () => {
    await using proxy = await startScriptedServer((peer) => peer.sendRaw('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const env = { HTTPS_PROXY: `https://127.0.0.1:${proxy.port}` };
    const exit = await runTail('https://stream.atlantis.test', [], { log: 'json', env });
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'tls-to-plaintext', exit_code: 8 });
    expect(error?.message).toContain(`127.0.0.1:${proxy.port} does not speak TLS on this port`);
    expect(error?.hint).toContain('needs an http:// URL');
    expect(proxy.attempts).toHaveLength(1);
  });

  test.each([
    {
      what: 'a host name that the server does not know',
      description: 112,
      says: 'the server does not recognize this host name',
    },
    { what: 'no cipher in common', description: 40, says: 'no TLS cipher in common' },
    { what: 'an error of the server', description: 80, says: 'an internal error of the server' },
    { what: 'access denied', description: 49, says: /access denied|ACCESS_DENIED/ },
  ])('row 120: $what: the TLS alert is named, exit 11 after one attempt', async ({ description, says }) => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.sendRaw(makeAlert(description));
      peer.end();
    });
    const exit = await runTail(`https://127.0.0.1:${server.port}`, [], { log: 'json' });
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'tls-handshake', exit_code: 11 });
    expect(error?.message).toMatch(says);
    expect(error?.hint).toContain('server names');
    expect(server.attempts).toHaveLength(1);
  });
});
