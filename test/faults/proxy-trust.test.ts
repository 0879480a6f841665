// Certificates of connections through a proxy: of the service, inside the tunnel, and of the proxy itself.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';
import { tunnelTo } from '../helpers/tunnel.ts';

const NAME = 'stream.atlantis.test';
const SECRET = 'pa55w0rd-0f-the-proxy';
const describeTls = hasOpenssl() ? describe : describe.skip;

describeTls('row 31 (C6): certificates through a proxy (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  /** Starts the service with TLS. Its name does not resolve, so only the proxy leads to it. */
  function startService(): Promise<ScriptedServer> {
    const { cert, key } = made.issue({ names: `DNS:${NAME}` });
    return startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: { cert, key } });
  }

  function run(proxyUrl: string) {
    const args = ['--limit', '1', '--ca-cert', made.caFile];
    return runTail(`https://${NAME}`, args, { log: 'json', env: { HTTPS_PROXY: proxyUrl } });
  }

  test('row 31: an untrusted certificate inside the tunnel is refused: exit 11', async () => {
    const service = await startScriptedServer(streamHandler(), { tls: made.selfSigned });
    const proxy = await startScriptedServer(tunnelTo(service.port));
    const exit = await run(`http://127.0.0.1:${proxy.port}`);
    expect(pickRecords(exit, 'error')).toMatchObject([{ exit_code: 11 }]);
    expect(exit.code).toBe(11);
    expect(proxy.attempts).toHaveLength(1);
    expect(service.attempts[0]?.request).toBeUndefined();
  });

  test('row 31 (C7): for a service given by address, a certificate for the name of the proxy is refused: exit 11', async () => {
    const { cert, key } = made.good;
    const service = await startScriptedServer(streamHandler(), { tls: { cert, key } });
    const proxy = await startScriptedServer(tunnelTo(service.port));
    const env = { HTTPS_PROXY: `http://localhost:${proxy.port}` };
    const exit = await runTail('https://192.0.2.1', ['--ca-cert', made.caFile], { env, log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'certificate-wrong-host', exit_code: 11 }]);
    expect(exit.code).toBe(11);
    expect(proxy.attempts[0]?.request?.path).toBe('192.0.2.1:443');
    expect(service.attempts[0]?.request).toBeUndefined();
  });

  describe('C6: a proxy that is reached over TLS', () => {
    /** Starts a proxy that speaks TLS itself. */
    const startTlsProxy = (service: ScriptedServer) =>
      startScriptedServer(tunnelTo(service.port), { tls: { cert: made.good.cert, key: made.good.key } });

    test('C6: works with a certificate of an authority in --ca-cert', async () => {
      const service = await startService();
      const proxy = await startTlsProxy(service);
      const exit = await run(`https://localhost:${proxy.port}`);
      expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
    });

    test('C7: with an untrusted certificate gets neither CONNECT nor credentials, and the error names the proxy', async () => {
      const service = await startService();
      const proxy = await startTlsProxy(service);
      const env = { HTTPS_PROXY: `https://user:${SECRET}@localhost:${proxy.port}` };
      const exit = await runTail(`https://${NAME}`, ['--no-reconnect'], { env });
      expect(exit.stderr).toContain(`localhost:${proxy.port}`);
      expect(exit.stderr).toMatch(/certificate|CERT|VERIFY/);
      expect(exit.stderr).not.toContain(SECRET);
      expect(exit.code).toBe(11);
      expect(proxy.attempts[0]?.request).toBeUndefined();
    });
  });
});
