// An HTTP sink behind a proxy: a fault of the proxy has the same message and exit code as for the stream.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { findClosedPort } from '../helpers/closed-port.ts';
import { type Answer, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { hasMicrosocks, startMicrosocks } from '../helpers/real-components.ts';
import { type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, startTail } from '../helpers/tail.ts';
import { tunnelTo } from '../helpers/tunnel.ts';
import { runSink } from './run-sink.ts';

const URL = 'https://sink.atlantis.test';
const SECRET = 'pa55w0rd-0f-the-proxy';

const answer =
  (status: number, headers: Record<string, string> = {}): Script =>
  async (peer) => {
    await peer.readRequest();
    await peer.respond(status, headers, 'no');
  };

/** The end of a message, which says whether the fault is retried. */
const ENDING = /; (?:retrying|not retrying).*$/;

describe('row 33, row 98 (B7, C6): a fault of a proxy', () => {
  test.each([
    { name: '407', script: answer(407), words: '(HTTP 407', code: 5 },
    {
      name: '407, NTLM only',
      script: answer(407, { 'Proxy-Authenticate': 'NTLM' }),
      words: 'requires a login that is not supported (HTTP 407, the proxy offers NTLM)',
      code: 5,
    },
    { name: '403', script: answer(403), words: 'refused the tunnel', code: 5 },
    { name: '302', script: answer(302, { Location: 'http://login.test/' }), words: '(HTTP 302', code: 5 },
    { name: '502', script: answer(502), words: 'did not open a tunnel to', code: undefined },
    { name: '503', script: answer(503), words: '(HTTP 503', code: undefined },
    {
      name: 'a closed connection',
      script: (async (peer) => peer.end()) as Script,
      words: 'did not open',
      code: undefined,
    },
  ])(
    'row 98: $name has the same message for the stream and for an HTTP sink',
    async ({ script, words, code }) => {
      const proxy = await startScriptedServer(script);
      const host = `127.0.0.1:${proxy.port}`;
      const env = { HTTPS_PROXY: `http://user:${SECRET}@${host}` };
      const stream = await runTail(URL, ['--no-reconnect'], { env, log: 'json' });
      const sink = await runSink(URL, [], { env });
      expect(sink.message).toContain(words);
      expect(sink.message).toContain(host);
      const [error] = pickRecords(stream, 'error');
      expect(sink.message.replace(ENDING, '')).toBe(error?.message.replace(ENDING, ''));
      expect(sink.hint).toBe(error?.hint);
      // A fault that ends a run of the stream also ends the relay.
      expect([sink.code, stream.code]).toEqual([code, code ?? 7]);
      expect(sink.stderr).not.toMatch(/pa55w0rd|connection to \S+ was lost/);
    },
  );

  test('row 98: a proxy that does not listen is named and retried', async () => {
    const host = `127.0.0.1:${await findClosedPort()}`;
    const { message, code } = await runSink(URL, [], { env: { HTTPS_PROXY: `http://${host}` } });
    expect(message).toContain(`the proxy ${host} did not open a tunnel to sink.atlantis.test (ECONNREFUSED`);
    expect(code).toBeUndefined();
  });

  test('row 98 (B7): a relay does not connect to the service before the proxy has opened a tunnel', async () => {
    const service = await startScriptedServer(streamHandler());
    const proxy = await startScriptedServer(answer(403));
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const exit = await runTail(service.url, ['--to', URL], { command: 'relay', env });
    expect([exit.code, service.attempts.length]).toEqual([5, 0]);
  });
});

const describeTls = hasOpenssl() ? describe : describe.skip;
describeTls('an HTTP sink behind a proxy (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  test('row 98: a proxy that refuses a tunnel to a sink that has worked is named, and retried until it opens one', async () => {
    // The endpoint closes each connection, so each event needs a new tunnel.
    const close: Answer = (_request, _index, response) => {
      response.writeHead(204, { Connection: 'close' }).end();
    };
    const endpoint = await startHttpEndpoint(close, made.wrongHost);
    const through = tunnelTo(endpoint.port);
    let isRefusing = false;
    const proxy = await startScriptedServer((peer, index) =>
      isRefusing ? answer(407)(peer, index) : through(peer, index),
    );
    const service = await startScriptedServer(
      streamHandler({
        events: (async function* () {
          yield '{"id":"evt_1"}';
          await endpoint.waitForRequests(1);
          isRefusing = true;
          yield '{"id":"evt_2"}';
        })(),
      }),
    );
    const { child, finish } = startTail(
      service.url,
      ['--to', 'https://wrong.example', '--limit', '2', '--ca-cert', made.caFile, '--retry-max', '250ms'],
      { command: 'relay', log: 'json', env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } },
    );
    await child.waitForStderr('refused the tunnel to wrong.example (HTTP 407');
    isRefusing = false;
    expect((await finish()).code).toBe(0);
    expect(endpoint.accepted.map(({ key }) => key)).toEqual(['evt_1', 'evt_2']);
  });

  test.each([
    ['http', 'that resets the connection, and speaks TLS', 'it accepts a TLS handshake'],
    ['http', 'that answers with a TLS alert', 'it answered with a TLS alert'],
  ] as const)(
    'row 119: an %s:// proxy %s is exit 8, for the stream and for a sink',
    async (scheme, how, words) => {
      for (const run of ['stream', 'sink']) {
        const proxy = await startScriptedServer(
          how.startsWith('that resets')
            ? resetFirst(made)
            : (peer) => peer.readRequest().then(() => alert(peer)),
        );
        const host = `127.0.0.1:${proxy.port}`;
        const env = { HTTPS_PROXY: `${scheme}://user:${SECRET}@${host}` };
        const {
          message = '',
          hint,
          code,
        } = run === 'sink' ? await runSink(URL, [], { env }) : await tailToError(env);
        expect(message).toContain(`the proxy ${host} expects TLS on this port (${words})`);
        expect(hint).toBe('use https:// in the URL of the proxy');
        expect(code).toBe(8);
      }
    },
  );

  test('row 120: the error about an https:// proxy without TLS names the proxy, not the sink', async () => {
    for (const run of ['stream', 'sink']) {
      const proxy = await startScriptedServer((peer) => peer.sendRaw('HTTP/1.1 400 Bad Request\r\n\r\n'));
      const host = `127.0.0.1:${proxy.port}`;
      const env = { HTTPS_PROXY: `https://user:${SECRET}@${host}` };
      const {
        message = '',
        hint,
        code,
      } = run === 'sink' ? await runSink(URL, [], { env }) : await tailToError(env);
      expect(message).toContain(`the proxy ${host} does not speak TLS on this port`);
      expect(hint).toContain('needs an http:// URL');
      expect(code).toBe(8);
    }
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'row 120: an https:// proxy that requires a client certificate is exit 11: %s',
    async (maxVersion) => {
      for (const run of ['stream', 'sink']) {
        const tls = { ...made.clientCertificateOptions(), maxVersion };
        const proxy = await startScriptedServer(async () => {}, { tls });
        const env = { HTTPS_PROXY: `https://localhost:${proxy.port}` };
        const args = ['--ca-cert', made.caFile];
        const { message = '', code } =
          run === 'sink' ? await runSink(URL, args, { env }) : await tailToError(env, args);
        expect(message).toContain(`the proxy localhost:${proxy.port} requires a client certificate`);
        expect(code).toBe(11);
      }
    },
  );
});

/** Resets the first connection, and speaks TLS on the others. */
function resetFirst(made: Certificates): Script {
  return async (peer, index) => {
    if (index === 0) {
      await peer.readRequest();
      peer.reset();
      return;
    }
    const { cert, key } = made.good;
    const inner = await startScriptedServer(async () => {}, { tls: { cert, key } });
    await tunnelRaw(peer, inner.port);
  };
}

/** Forwards all bytes to a port of this machine. */
async function tunnelRaw(peer: Parameters<Script>[0], port: number): Promise<void> {
  const { connect } = await import('node:net');
  const early = peer.takeOver();
  const target = connect(port, '127.0.0.1');
  target.on('error', () => peer.reset()).write(early);
  peer.socket.pipe(target).pipe(peer.socket);
  await peer.untilClosed();
}

async function alert(peer: Parameters<Script>[0]): Promise<void> {
  await peer.sendRaw(Buffer.from([0x15, 3, 3, 0, 2, 2, 10]));
  peer.end();
}

async function tailToError(
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ message?: string; hint?: string | undefined; code: number | null }> {
  const exit = await runTail(URL, args, { env, log: 'json' });
  expect(exit.stderr).not.toContain(SECRET);
  return { ...pickRecords(exit, 'error')[0], code: exit.code };
}

const describeSocks = hasMicrosocks() ? describe : describe.skip;
describeSocks('row 99 (C6): an HTTP sink behind a SOCKS 5 proxy (needs microsocks)', () => {
  test('row 99: that the proxy cannot reach is retried, and the error names the proxy', async () => {
    const proxy = await startMicrosocks();
    const env = { ALL_PROXY: proxy.url };
    const { message, code } = await runSink(`https://0.0.0.0:${await findClosedPort()}`, [], { env });
    expect(message).toContain(`the proxy 127.0.0.1:${proxy.port} did not open a tunnel to 0.0.0.0`);
    expect(code).toBeUndefined();
  });

  test('row 99: if the proxy refuses the login: exit 5, and the error names the proxy', async () => {
    const proxy = await startMicrosocks({ login: ['user', SECRET] });
    const env = { ALL_PROXY: proxy.url.replace('//', '//user:wr0ng-w0rd@') };
    const { message, code, stderr } = await runSink(URL, [], { env });
    expect(message).toContain(`the proxy 127.0.0.1:${proxy.port}, not Atlantis, refused the tunnel`);
    expect(stderr).not.toContain('wr0ng-w0rd');
    expect(code).toBe(5);
  });
});
