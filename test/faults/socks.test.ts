// SOCKS 5 proxies between client and service: microsocks, and its refusals.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { findClosedPort } from '../helpers/closed-port.ts';
import { canUnshare } from '../helpers/netns.ts';
import { hasMicrosocks, startMicrosocks } from '../helpers/real-components.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';

const NAME = 'stream.atlantis.test';
const HOSTS = `127.0.0.1 ${NAME}\n`;
const USER = 'agent-7';
const PASSWORD = 'pa55#w0rd/of the-proxy';
const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];

const describeSocks = hasMicrosocks() && hasOpenssl() ? describe : describe.skip;
describeSocks('row 99 (C6): microsocks as SOCKS 5 proxy (needs microsocks and openssl)', () => {
  let made: Certificates;
  let identity: { cert: string; key: string };
  beforeAll(() => {
    made = makeCertificates();
    const { cert, key } = made.issue({ names: `DNS:${NAME}` });
    identity = { cert, key };
  });

  const startService = () => startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: identity });
  const limitOne = (): string[] => ['--limit', '1', '--ca-cert', made.caFile];

  (canUnshare() ? test : test.skip)(
    'row 99: socks5h: the proxy looks the name up (needs unshare)',
    async () => {
      const service = await startService();
      const proxy = await startMicrosocks({ hosts: HOSTS });
      const env = { ALL_PROXY: proxy.url };
      const { code, stdout } = await runTail(`https://${NAME}:${service.port}`, limitOne(), { env });
      expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
    },
  );

  test('row 99: with socks5:// this machine looks up the name', async () => {
    const service = await startService();
    const proxy = await startMicrosocks();
    const env = { HTTPS_PROXY: proxy.url.replace('socks5h', 'socks5') };
    const url = `https://${NAME}:${service.port}`;
    const here = await runTail(url, limitOne(), { env, hosts: { [NAME]: ['127.0.0.1'] } });
    expect([here.stdout, here.code]).toEqual(['{"n":1}\n', 0]);
    const nowhere = await runTail(url, [...limitOne(), '--no-reconnect'], { env });
    expect(nowhere.stderr).toContain('with socks5h:// the proxy looks it up');
    expect(nowhere.code).toBe(7);
  });

  test('row 99: with a login, which is not printed, works; a wrong login or none is exit 5 after one attempt', async () => {
    const service = await startService();
    const proxy = await startMicrosocks({ login: [USER, PASSWORD] });
    const hosts = { [NAME]: ['127.0.0.1'] };
    const run = (login: string) => {
      const proxyUrl = `socks5://${login}127.0.0.1:${proxy.port}`;
      return runTail(`https://${NAME}:${service.port}`, limitOne(), {
        env: { ALL_PROXY: proxyUrl },
        hosts,
        log: 'json',
      });
    };
    const right = await run(`${USER}:${encodeURIComponent(PASSWORD)}@`);
    expect([right.stdout, right.code]).toEqual(['{"n":1}\n', 0]);
    for (const login of [`${USER}:wrong-0ne@`, '']) {
      const exit = await run(login);
      expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'proxy-refused', exit_code: 5 }]);
      expect(pickRecords(exit, 'retrying')).toEqual([]);
      expect(exit.stderr).not.toMatch(/wrong-0ne|pa55/);
      expect(exit.code).toBe(5);
    }
    expect(service.attempts).toHaveLength(1);
  });

  test('row 99: that cannot reach the service is retried, then exit 7, and the error names the proxy', async () => {
    const proxy = await startMicrosocks();
    const url = `https://0.0.0.0:${await findClosedPort()}`;
    const args = ['--max-reconnects', '1', ...FAST];
    const exit = await runTail(url, args, { env: { ALL_PROXY: proxy.url }, log: 'json' });
    expect(pickRecords(exit, 'retrying')).toHaveLength(1);
    expect(pickRecords(exit, 'error')).toMatchObject([
      { cause: 'proxy-failed', proxy: `127.0.0.1:${proxy.port}`, exit_code: 7 },
    ]);
  });

  test('row 99: works for an HTTP sink', async () => {
    const endpoint = await startScriptedServer(
      async (peer) => {
        await peer.readRequest();
        await peer.respond(200);
      },
      { tls: identity },
    );
    const proxy = await startMicrosocks();
    const to = `https://${NAME}:${endpoint.port}`;
    const args = ['--simulate', '--to', to, '--limit', '1', '--ca-cert', made.caFile];
    const { code } = await runTail('', args, {
      command: 'relay',
      env: { ALL_PROXY: proxy.url.replace('socks5h', 'socks5') },
      hosts: { [NAME]: ['127.0.0.1'] },
    });
    expect(code).toBe(0);
    expect(endpoint.attempts.filter(({ request }) => request !== undefined)).toHaveLength(1);
  });

  test('row 99: works for check, which reports the tunnel', async () => {
    const service = await startService();
    const proxy = await startMicrosocks();
    const env = { ALL_PROXY: proxy.url.replace('socks5h', 'socks5') };
    const { code, stdout } = await runTail(`https://${NAME}:${service.port}`, ['--ca-cert', made.caFile], {
      command: 'check',
      env,
      hosts: { [NAME]: ['127.0.0.1'] },
    });
    expect(stdout).toContain(`127.0.0.1:${proxy.port} opened a tunnel`);
    expect(code).toBe(0);
  });
});

describe('row 99 (R2, C8): a SOCKS proxy that never answers', () => {
  test('row 99: is given up at the connect timeout, and its socket is closed', async () => {
    const proxy = await startScriptedServer(async (peer) => peer.untilClosed());
    const env = { ALL_PROXY: `socks5h://127.0.0.1:${proxy.port}` };
    const args = ['--connect-timeout', '300ms', '--no-reconnect'];
    const exit = await runTail(`https://${NAME}`, args, { env, log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'timed-out', exit_code: 7 }]);
    await proxy.waitUntil(() => (proxy.countOpen() === 0 ? true : undefined), 'the socket to be closed');
  });
});
