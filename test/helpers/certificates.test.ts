// Self-test of the certificates, between node's own TLS client and the raw server.
import { X509Certificate } from 'node:crypto';
import { type ConnectionOptions, connect } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, type Identity, makeCertificates } from './certificates.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from './scripted-server.ts';

/** 'ok: answer' or the code of the failure, as a strict client sees it. */
function tryTls(port: number, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...options });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
    socket.on('data', (data) => {
      resolve(`ok: ${data}`);
      socket.destroy();
    });
    socket.on('close', () => resolve('closed'));
  });
}

const greet = (tls: object): Promise<ScriptedServer> =>
  startScriptedServer(
    async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('hi');
    },
    { tls },
  );

(hasOpenssl() ? describe : describe.skip)('makeCertificates (needs openssl)', () => {
  const certificates = makeCertificates();

  test.each<[string, (all: Certificates) => Identity, string]>([
    ['good', (all) => all.good, 'ok: hi'],
    ['wrongHost', (all) => all.wrongHost, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', (all) => all.expired, 'CERT_HAS_EXPIRED'],
    ['notYetValid', (all) => all.notYetValid, 'CERT_NOT_YET_VALID'],
    ['selfSigned', (all) => all.selfSigned, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])(
    'a strict client accepts or refuses the certificate "%s" with the expected result',
    async (_name, choose, seen) => {
      const { ca } = certificates;
      const { cert, key } = choose(certificates);
      await using server = await greet({ cert, key });
      expect(await tryTls(server.port, { ca })).toBe(seen);
      expect(server.url).toBe(`wss://localhost:${server.port}`);
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('a client that does not trust the authority refuses, and a server that requires a client certificate refuses without one', async () => {
    const { ca } = certificates;
    await using server = await greet(certificates.good);
    expect(await tryTls(server.port)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await using strict = await greet(certificates.clientCertificateOptions());
    expect(await tryTls(strict.port, { ca })).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    const { cert, key } = certificates.client;
    expect(await tryTls(strict.port, { ca, cert, key })).toBe('ok: hi');
  });

  test('a server with only TLS 1.1 is refused by a current client, and the attempt records a TLS failure', async () => {
    const { ca } = certificates;
    await using server = await greet(certificates.tls11Options());
    expect(await tryTls(server.port, { ca })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    const { how } = await server.waitUntil(() => server.attempts[0]?.ended, 'the end');
    expect(how).toBe('tls-failure');
    const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await tryTls(server.port, old)).toBe('ok: hi');
  });

  test('a certificate is issued by the authority for localhost and 127.0.0.1, and is made only once', () => {
    const { ca, good } = certificates;
    const leaf = new X509Certificate(good.cert);
    expect(leaf.checkIssued(new X509Certificate(ca))).toBe(true);
    expect(leaf.checkHost('localhost')).toBe('localhost');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificates.good).toBe(good);
  });

  test('the raw server resets and streams over TLS too', async () => {
    const { ca, good } = certificates;
    await using server = await startScriptedServer(streamHandler({ finish: (peer) => peer.reset() }), {
      tls: good,
    });
    expect(await tryTls(server.port, { ca })).toMatch(/^ok: HTTP\/1.1 101/);
    const ended = await server.waitUntil(() => server.attempts[0]?.ended, 'the end');
    expect(ended.how).toBe('server-reset');
  });
});
