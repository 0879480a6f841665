// Which connections use a proxy: NO_PROXY, loopback, and invalid proxy URLs.
import { networkInterfaces } from 'node:os';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';
import { tunnelTo } from '../helpers/tunnel.ts';

const NAME = 'stream.atlantis.test';
const SECRET = 'pa55w0rd-0f-the-proxy';
const describeTls = hasOpenssl() ? describe : describe.skip;

describeTls('row 33 (C6): NO_PROXY (needs the openssl command)', () => {
  let made: Certificates;
  let identity: { cert: string; key: string };
  beforeAll(() => {
    made = makeCertificates();
    const { cert, key } = made.issue({ names: `DNS:${NAME}` });
    identity = { cert, key };
  });

  describe('C6: NO_PROXY', () => {
    test.each([
      { names: NAME, direct: true },
      { names: '.atlantis.test', direct: true },
      { names: 'other.example, stream.atlantis.test:443', direct: true },
      { names: '*', direct: true },
      { names: 'atlantis.example,test.atlantis', direct: false },
    ])('row 33: NO_PROXY=$names: direct is $direct', async ({ names, direct }) => {
      const service = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: identity });
      const proxy = await startScriptedServer(tunnelTo(service.port));
      const exit = await runTail(
        `https://${NAME}:${names.includes(':443') ? 443 : service.port}`,
        ['--limit', '1', '--ca-cert', made.caFile, '--no-reconnect'],
        {
          env: { HTTPS_PROXY: httpProxy(proxy), NO_PROXY: names },
          // Nothing listens on port 443; the test only checks that the proxy was not used.
          hosts: { [NAME]: ['127.0.0.1'] },
        },
      );
      expect(proxy.attempts).toHaveLength(direct ? 0 : 1);
      if (!names.includes(':443')) expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
    });

    test('C6: no_proxy in lower case works, too', async () => {
      const service = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: identity });
      const proxy = await startScriptedServer(tunnelTo(service.port));
      const env = { https_proxy: httpProxy(proxy), no_proxy: NAME };
      const args = ['--limit', '1', '--ca-cert', made.caFile];
      const hosts = { [NAME]: ['127.0.0.1'] };
      const { code } = await runTail(`https://${NAME}:${service.port}`, args, { env, hosts });
      expect(code).toBe(0);
      expect(proxy.attempts).toHaveLength(0);
    });
  });
});

describe('C5, C6: loopback hosts and invalid proxy URLs', () => {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const hasIpv6 = all.some(({ address }) => address === '::1');
  test.each(['127.0.0.1', 'localhost', '127.1', ...(hasIpv6 ? ['[::1]'] : [])])(
    'C5: a loopback host never uses a proxy: %s',
    async (host) => {
      const listenOn = host === '[::1]' ? '::1' : '127.0.0.1';
      const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { host: listenOn });
      const proxy = await startScriptedServer((peer) => peer.respond(502));
      const url = httpProxy(proxy);
      const env = { HTTPS_PROXY: url, HTTP_PROXY: url, ALL_PROXY: url, http_proxy: url };
      const { code } = await runTail(`http://${host}:${server.port}`, ['--limit', '1'], { env });
      expect(code).toBe(0);
      expect(proxy.attempts).toHaveLength(0);
    },
  );

  test.each([
    { value: 'socks4://127.0.0.1:1080', says: 'socks4' },
    { value: `http://user:${SECRET}@[oops`, says: 'HTTPS_PROXY' },
    { value: `ftp://user:${SECRET}@host`, says: 'ftp' },
  ])('C6: $value is exit 2, and its credentials are not shown', async ({ value, says }) => {
    const { code, stdout, stderr } = await runTail(`https://${NAME}`, [], { env: { HTTPS_PROXY: value } });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain(SECRET);
    expect([stdout, code]).toEqual(['', 2]);
  });
});

function httpProxy(server: ScriptedServer): string {
  return `http://127.0.0.1:${server.port}`;
}
