// tinyproxy between client and service. The tests are skipped if it is not installed.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CANARY_PREFIX } from '../helpers/canary.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { hasNginx, hasTinyproxy, startNginx, startTinyproxy } from '../helpers/real-components.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, startTail } from '../helpers/tail.ts';
import { startSimulator } from './simulator-process.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
const SECRET = 'pa55w0rd-0f-the-proxy';

const describeProxy = hasTinyproxy() && hasOpenssl() ? describe : describe.skip;
describeProxy('tinyproxy as CONNECT proxy (needs tinyproxy and openssl)', () => {
  let made: Certificates;
  let service: { cert: string; key: string };
  beforeAll(() => {
    made = makeCertificates();
    // The command does not treat 0.0.0.0 as loopback, so it uses the proxy; the kernel connects it to this machine.
    const { cert, key } = made.issue({ names: 'IP:0.0.0.0' });
    service = { cert, key };
  });

  /** Starts the service, which the proxy reaches at 0.0.0.0. */
  const startService = () => startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: service });

  test('row 33 (C6): opens a tunnel, and does not see the key', async () => {
    const server = await startService();
    const proxy = await startTinyproxy({ extra: 'LogLevel Connect' });
    const args = ['--limit', '1', '--ca-cert', made.caFile];
    const env = { HTTPS_PROXY: proxy.url };
    const { code, stdout } = await runTail(`https://0.0.0.0:${server.port}`, args, { env });
    expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
    expect(proxy.readLog()).toContain(`CONNECT 0.0.0.0:${server.port}`);
    expect(proxy.readLog()).not.toContain(CANARY_PREFIX);
  });

  (hasNginx() ? test : test.skip)(
    'row 33: opens a tunnel to nginx in front of the simulator (needs nginx)',
    async () => {
      const simulator = await startSimulator();
      const identity = made.issue({ names: 'IP:0.0.0.0' });
      const nginx = await startNginx({ targetPort: simulator.port, identity });
      const proxy = await startTinyproxy();
      const args = ['--limit', '20', '--ca-cert', made.caFile];
      const { code, lines } = await runTail(`https://0.0.0.0:${nginx.port}`, args, {
        env: { ALL_PROXY: proxy.url },
      });
      expect(lines).toHaveLength(20);
      expect(code).toBe(0);
    },
  );

  test('row 33 (C6): that requires credentials is exit 5 without them and works with them, and they are not printed', async () => {
    const server = await startService();
    const proxy = await startTinyproxy({ basicAuth: `user:${SECRET}` });
    const url = `https://0.0.0.0:${server.port}`;
    const args = ['--limit', '1', '--ca-cert', made.caFile];
    const without = await runTail(url, args, { env: { HTTPS_PROXY: proxy.url } });
    expect(without.stderr).toContain(`the proxy 127.0.0.1:${proxy.port}, not Atlantis, refused the tunnel`);
    expect(without.stderr).toContain('HTTP 407');
    expect(without.code).toBe(5);
    expect(server.attempts).toHaveLength(0);
    const withThem = proxy.url.replace('//', `//user:${SECRET}@`);
    const { code, stdout, stderr } = await runTail(url, args, { env: { HTTPS_PROXY: withThem } });
    expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
    expect(stderr).not.toContain(SECRET);
  });

  test('row 33: that refuses a port is exit 5, and the error names the proxy', async () => {
    const proxy = await startTinyproxy({ extra: 'ConnectPort 443' });
    const { code, stderr } = await runTail('https://0.0.0.0:8443', [], { env: { HTTPS_PROXY: proxy.url } });
    expect(stderr).toContain(
      `the proxy 127.0.0.1:${proxy.port}, not Atlantis, refused the tunnel to 0.0.0.0:8443`,
    );
    expect(code).toBe(5);
  });

  test('row 33: that cannot reach the service is retried, then exit 7', async () => {
    const server = await startService();
    await server.close();
    const proxy = await startTinyproxy();
    const args = ['--max-reconnects', '1', ...FAST];
    const env = { HTTPS_PROXY: proxy.url };
    const exit = await runTail(`https://0.0.0.0:${server.port}`, args, { env, log: 'json' });
    expect(pickRecords(exit, 'retrying')).toHaveLength(1);
    expect(pickRecords(exit, 'error')).toMatchObject([{ proxy: `127.0.0.1:${proxy.port}`, exit_code: 7 }]);
    expect(exit.code).toBe(7);
  });

  test('row 33: is not used if NO_PROXY matches', async () => {
    const server = await startService();
    const proxy = await startTinyproxy();
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: '0.0.0.0' };
    const args = ['--limit', '1', '--ca-cert', made.caFile];
    const { code } = await runTail(`https://0.0.0.0:${server.port}`, args, { env });
    expect(code).toBe(0);
    expect(proxy.readLog()).not.toContain('CONNECT');
  });

  test('row 33: that is killed during a stream causes a loss, then exit 7, and the error names the proxy', async () => {
    const server = await startService();
    const proxy = await startTinyproxy();
    const args = ['--ca-cert', made.caFile, '--max-reconnects', '1', ...FAST];
    const env = { HTTPS_PROXY: proxy.url };
    const tail = startTail(`https://0.0.0.0:${server.port}`, args, { env, log: 'json' });
    await tail.child.waitForLines(1);
    proxy.child.kill('SIGKILL');
    const exit = await tail.finish();
    expect(pickRecords(exit, 'lost')).toMatchObject([{ cause: 'dropped' }]);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'proxy-failed', exit_code: 7 }]);
  });
});
