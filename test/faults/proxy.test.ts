// HTTP proxies, used by CONNECT: the requests to them, and their answers.

import { beforeAll, describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { countEstablished } from '../helpers/established.ts';
import {
  type Peer,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import { expectSoon } from '../helpers/soon.ts';
import { measureGaps, pickRecords, runTail, startTail, type TailOptions } from '../helpers/tail.ts';
import { tunnelTo } from '../helpers/tunnel.ts';

const NAME = 'stream.atlantis.test';
const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
const MIB = 1024 * 1024;
const SECRET = 'pa55w0rd-0f-the-proxy';
const describeTls = hasOpenssl() ? describe : describe.skip;

describeTls('row 33 (C6): a proxy (needs the openssl command)', () => {
  let made: Certificates;
  let identity: { cert: string; key: string };
  beforeAll(() => {
    made = makeCertificates();
    const { cert, key } = made.issue({ names: `DNS:${NAME}` });
    identity = { cert, key };
  });

  /** Starts the service with TLS. Its name does not resolve, so only the proxy leads to it. */
  function startService(): Promise<ScriptedServer> {
    return startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: identity });
  }

  function run(proxyUrl: string, args: readonly string[] = [], options: TailOptions = {}) {
    const env = { HTTPS_PROXY: proxyUrl, ...options.env };
    return runTail(`https://${NAME}/v1/stream`, ['--limit', '1', '--ca-cert', made.caFile, ...args], {
      log: 'json',
      ...options,
      env,
    });
  }

  const httpUrl = (server: ScriptedServer, userinfo = ''): string =>
    `http://${userinfo}127.0.0.1:${server.port}`;

  test('row 33 (C6): opens a tunnel; the CONNECT contains neither a key nor a User-Agent', async () => {
    const service = await startService();
    const proxy = await startScriptedServer(tunnelTo(service.port));
    const exit = await run(httpUrl(proxy));
    expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
    const asked = proxy.attempts[0]?.request;
    expect([asked?.method, asked?.path]).toEqual(['CONNECT', `${NAME}:443`]);
    expect(findKeyIn(asked?.raw ?? '')).toEqual([]);
    expect(asked?.raw).not.toContain(CANARY_KEY.slice(0, 16));
    expect(Object.keys(asked?.headers ?? {}).sort()).toEqual(['host', 'proxy-connection']);
    expect(service.attempts[0]?.request?.headers['x-api-key']).toBe(CANARY_KEY);
    expect(service.attempts[0]?.request?.headers['host']).toBe(NAME);
  });

  test.each(['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])(
    'C6: is given by the variable %s',
    async (name) => {
      const service = await startService();
      const proxy = await startScriptedServer(tunnelTo(service.port));
      const exit = await run('', [], { env: { HTTPS_PROXY: undefined, [name]: httpUrl(proxy) } });
      expect(exit.code).toBe(0);
      expect(proxy.attempts).toHaveLength(1);
    },
  );

  test('C6: given without a scheme is an HTTP proxy', async () => {
    const service = await startService();
    const proxy = await startScriptedServer(tunnelTo(service.port));
    expect((await run(`127.0.0.1:${proxy.port}`)).code).toBe(0);
    expect(proxy.attempts).toHaveLength(1);
  });

  test('C6: is the only receiver of its credentials, which are never printed', async () => {
    const service = await startService();
    const proxy = await startScriptedServer(async (peer, index) => {
      const { headers } = await peer.readRequest();
      const basic = Buffer.from(`user:${SECRET}`).toString('base64');
      if (headers['proxy-authorization'] !== `Basic ${basic}`) return peer.respond(407);
      return tunnelTo(service.port)(peer, index);
    });
    const right = await run(httpUrl(proxy, `user:${SECRET}@`), [], { log: 'text' });
    expect(right.code).toBe(0);
    expect(service.attempts[0]?.request?.raw).not.toMatch(/proxy-/i);
    const wrong = await run(httpUrl(proxy, `other:${SECRET}@`), [], { log: 'text' });
    expect(wrong.code).toBe(5);
    for (const { stdout, stderr } of [right, wrong]) {
      expect(stdout + stderr).not.toContain(SECRET);
      for (const user of ['user', 'other']) {
        expect(stderr).not.toContain(Buffer.from(`${user}:${SECRET}`).toString('base64'));
      }
    }
  });

  test('row 33: that answers 407 is exit 5 after one attempt, and the error names the proxy', async () => {
    const proxy = await startScriptedServer((peer) =>
      peer.respond(407, { 'Proxy-Authenticate': 'Basic realm="x"' }, '<html>Proxy Authentication Required'),
    );
    const exit = await run(httpUrl(proxy));
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'proxy-refused', exit_code: 5, proxy: `127.0.0.1:${proxy.port}` });
    expect(error?.message).toContain(
      `the proxy 127.0.0.1:${proxy.port}, not Atlantis, refused the tunnel to ${NAME}`,
    );
    expect(error?.message).toContain('HTTP 407');
    expect(error?.hint).toContain('HTTPS_PROXY');
    expect([exit.stdout, exit.code]).toEqual(['', 5]);
    expect(proxy.attempts).toHaveLength(1);
  });

  test('row 33: that answers 403 like the API is exit 5 with the cause proxy-refused', async () => {
    const body = JSON.stringify({ error: { code: 'forbidden', message: 'blocked' } });
    const proxy = await startScriptedServer((peer) => peer.respond(403, { 'X-Request-Id': 'r' }, body));
    const exit = await run(httpUrl(proxy));
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'proxy-refused', exit_code: 5 }]);
    expect(proxy.attempts).toHaveLength(1);
  });

  test('row 33: that answers 502 is retried until it opens a tunnel', async () => {
    const service = await startService();
    const proxy = await startScriptedServer((peer, index) =>
      index < 2 ? peer.respond(502, {}, 'Bad Gateway') : tunnelTo(service.port)(peer, index),
    );
    const exit = await run(httpUrl(proxy), FAST);
    expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
    expect(pickRecords(exit, 'retrying')).toMatchObject([
      { cause: 'proxy-failed' },
      { cause: 'proxy-failed' },
    ]);
    for (const gapMs of measureGaps(proxy)) expect(gapMs).toBeGreaterThan(249);
  });

  const failures: { what: string; play: (peer: Peer) => unknown }[] = [
    { what: 'closes at once', play: (peer) => peer.end() },
    {
      what: 'closes after the CONNECT',
      play: async (peer) => {
        await peer.readRequest();
        peer.end();
      },
    },
    {
      what: 'resets after the CONNECT',
      play: async (peer) => {
        await peer.readRequest();
        peer.reset();
      },
    },
    { what: 'answers 503', play: (peer) => peer.respond(503) },
    {
      what: 'opens the tunnel and closes it',
      play: async (peer) => {
        await peer.readRequest();
        await peer.sendRaw('HTTP/1.1 200 Connection established\r\n\r\n');
        peer.end();
      },
    },
  ];
  test.each(failures)(
    'row 33: that $what is retried, then exit 7, and the error names the proxy',
    async ({ play }) => {
      const proxy = await startScriptedServer(async (peer) => {
        await play(peer);
      });
      const exit = await run(httpUrl(proxy), ['--max-reconnects', '1', ...FAST]);
      const [error] = pickRecords(exit, 'error');
      expect(error).toMatchObject({ exit_code: 7, proxy: `127.0.0.1:${proxy.port}` });
      expect(error?.message).toContain(NAME);
      expect([exit.stdout, exit.code]).toEqual(['', 7]);
      expect(pickRecords(exit, 'connecting')).toHaveLength(2);
    },
  );

  test.each([
    {
      what: 'sends a header without an end',
      begin: 'HTTP/1.1 200 OK\r\n',
      words: 'its response header is too long',
    },
    { what: 'sends no line end at all', begin: '', words: 'its response is not HTTP' },
  ])('row 33: that $what is read up to 64 KiB and retried, then exit 7', async ({ begin, words }) => {
    const sent: number[] = [];
    const portion = Buffer.from(`X-Filler: ${'x'.repeat(16_371)}${begin === '' ? 'xx' : '\r\n'}`);
    const proxy = await startScriptedServer(async (peer, index) => {
      sent[index] = 0;
      await peer.readRequest();
      await peer.sendRaw(begin);
      for (; (sent[index] ?? 0) < 256 * MIB; sent[index] = (sent[index] ?? 0) + portion.length) {
        await peer.sendRaw(portion);
      }
    });
    const exit = await run(httpUrl(proxy), ['--max-reconnects', '1', ...FAST]);
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'proxy-failed', exit_code: 7 });
    expect(error?.message).toContain(words);
    expect(proxy.attempts).toHaveLength(2);
    // The proxy can send what fits in the buffers of the kernel, but not what a reader without a limit would read.
    for (const bytes of sent) expect(bytes).toBeLessThan(32 * MIB);
  });

  test('row 33: that speaks another protocol is retried, then exit 7', async () => {
    const proxy = await startScriptedServer((peer) => peer.sendRaw('SSH-2.0-OpenSSH_9.6\r\n\r\n'));
    const exit = await run(httpUrl(proxy), ['--max-reconnects', '1', ...FAST]);
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'proxy-failed', exit_code: 7 });
    expect(error?.message).toContain('its response is not HTTP');
    expect(proxy.attempts).toHaveLength(2);
  });

  test('row 33: that answers byte by byte still opens the tunnel', async () => {
    const service = await startService();
    const proxy = await startScriptedServer(tunnelTo(service.port, { isDripped: true }));
    const exit = await run(httpUrl(proxy));
    expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
  });

  test('row 33: that does not listen is exit 7, and the error names the proxy', async () => {
    const proxy = await startScriptedServer(async () => {});
    await proxy.close();
    const exit = await run(httpUrl(proxy), ['--no-reconnect']);
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'proxy-failed', exit_code: 7 });
    expect(error?.message).toContain(`127.0.0.1:${proxy.port}`);
    expect(error?.message).toContain('ECONNREFUSED');
    expect(exit.code).toBe(7);
  });

  test.each([
    { what: 'says nothing', answer: '' },
    { what: 'begins an answer', answer: 'HTTP/1.1 200 OK\r\nX-Slow: ' },
    { what: 'opens the tunnel and passes nothing', answer: 'HTTP/1.1 200 OK\r\n\r\n' },
  ])(
    'row 16 (C1, C8): that $what is given up at the connect timeout, and its socket is closed',
    async ({ answer }) => {
      const openAtStart: number[] = [];
      const proxy: ScriptedServer = await startScriptedServer(async (peer) => {
        openAtStart.push(countEstablished(proxy));
        await peer.readRequest();
        if (answer !== '') await peer.sendRaw(answer);
        peer.socket.on('data', () => undefined);
        await peer.untilClosed();
      });
      const args = ['--connect-timeout', '500ms', '--max-reconnects', '1', ...FAST];
      const exit = await run(httpUrl(proxy), args, { limitMs: 10_000 });
      const [error] = pickRecords(exit, 'error');
      expect(error).toMatchObject({ cause: 'timed-out', exit_code: 7 });
      expect(error?.message).toMatch(
        new RegExp(`no response within 500 ms, .* the proxy 127.0.0.1:${proxy.port}\\)`),
      );
      expect(exit.code).toBe(7);
      expect(openAtStart).toEqual([1, 1]);
    },
  );

  test('row 16 (R2): that sends nothing does not delay the end by a signal', async () => {
    const proxy = await startScriptedServer((peer) => peer.untilClosed());
    const tail = startTail(`https://${NAME}`, [], { env: { HTTPS_PROXY: httpUrl(proxy) } });
    await proxy.waitForAttempt(1);
    const sentAtMs = performance.now();
    tail.child.kill('SIGTERM');
    const { signal } = await tail.finish();
    expect(signal).toBe('SIGTERM');
    expectSoon(performance.now() - sentAtMs, 1_000);
  });

  test.each([
    {
      what: 'a 401 of the API',
      status: 401,
      code: 3,
      body: '{"error":{"code":"unauthorized","message":"x"}}',
    },
    { what: 'a 403 from beyond the proxy', status: 403, code: 5, body: '<html>' },
  ])('C3: through the tunnel, $what is exit $code', async ({ status, code, body }) => {
    const service = await startScriptedServer((peer) => peer.respond(status, {}, body), { tls: identity });
    const proxy = await startScriptedServer(tunnelTo(service.port));
    const exit = await run(httpUrl(proxy), [], { log: 'text' });
    expect(exit.code).toBe(code);
    expect(exit.stderr).toContain(`through the proxy 127.0.0.1:${proxy.port}`);
    expect(proxy.attempts).toHaveLength(1);
  });
});
