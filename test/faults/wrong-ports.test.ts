// A port on which another kind of server listens: the errors of the stream and of an HTTP sink.
import { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { type Script, type ScriptedServer, startScriptedServer } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';
import { runSink } from './run-sink.ts';

type Peer = Parameters<Script>[0];

/** Sends these bytes at once, before any request. */
const greet =
  (bytes: string | Uint8Array): Script =>
  async (peer) => {
    await peer.sendRaw(bytes);
    await peer.untilClosed();
  };

/** Sends these bytes after it has received any bytes, then closes the connection. */
const reply =
  (bytes: string | Uint8Array): Script =>
  async (peer) => {
    await untilAsked(peer);
    if (bytes.length > 0) await peer.sendRaw(bytes);
    peer.end();
  };

const untilAsked = (peer: Peer): Promise<unknown> =>
  new Promise((resolve) => peer.socket.once('data', resolve).once('close', resolve));

const MYSQL = Buffer.from('4a0000000a382e302e3336000800000025', 'hex');
/** An empty SETTINGS frame (RFC 9113 § 6.5). */
const HTTP2_SETTINGS = Buffer.from('000000040000000000', 'hex');

interface Verdict {
  /** The cause that the stream reports in `--log-format json`. */
  readonly cause: string;
  /** A part of the messages of the stream and of the sink. */
  readonly words: string;
  /** The exit code; undefined if stream and sink retry. */
  readonly code: number | undefined;
  /** A part of the message of the sink, if that differs. */
  readonly sinkWords?: string;
}

const NOT_HTTP: Verdict = {
  cause: 'not-websocket',
  words: 'not an HTTP response, HPE_',
  code: 8,
  sinkWords: 'did not answer with HTTP (not an HTTP response, HPE_',
};
const NO_TLS: Verdict = { cause: 'tls-to-plaintext', words: 'does not speak TLS on this port', code: 8 };
const RESET: Verdict = { cause: 'reset', words: 'reset the connection (', code: undefined };
const SILENT: Verdict = {
  cause: 'timed-out',
  words: 'did not answer in time (no ',
  code: undefined,
};

/** Servers, with the expected errors for an http:// URL (`plain`) and for an https:// URL (`tls`). */
const LISTENERS: readonly {
  readonly name: string;
  readonly script: Script;
  readonly plain?: Verdict;
  readonly tls?: Verdict;
}[] = [
  { name: 'SSH', script: greet('SSH-2.0-OpenSSH_9.6\r\n'), plain: NOT_HTTP, tls: NO_TLS },
  { name: 'SMTP', script: greet('220 mail.example ESMTP Postfix\r\n'), plain: NOT_HTTP, tls: NO_TLS },
  { name: 'MySQL', script: greet(MYSQL), plain: NOT_HTTP, tls: NO_TLS },
  // PostgreSQL closes the connection because of an invalid length.
  { name: 'PostgreSQL', script: reply(''), plain: RESET, tls: RESET },
  {
    name: 'Redis',
    script: reply("-ERR wrong number of arguments for 'get' command\r\n"),
    plain: NOT_HTTP,
    tls: NO_TLS,
  },
  { name: 'HTTP/2 only', script: greet(HTTP2_SETTINGS), plain: NOT_HTTP, tls: NO_TLS },
  { name: 'HTTP without TLS', script: reply('HTTP/1.1 400 Bad Request\r\n\r\n'), tls: NO_TLS },
  { name: 'nothing that speaks', script: (peer) => peer.untilClosed(), plain: SILENT, tls: SILENT },
  { name: 'RST after accept', script: async (peer) => peer.reset(), plain: RESET, tls: RESET },
  {
    name: 'RST after the first bytes',
    script: async (peer) => {
      await untilAsked(peer);
      peer.reset();
    },
    plain: RESET,
    tls: RESET,
  },
];

const LIMITS = {
  stream: ['--connect-timeout', '600ms', '--no-reconnect'],
  sink: ['--send-timeout', '600ms'],
};

async function expectVerdict(
  url: string,
  { cause, words, code, sinkWords = words }: Verdict,
  env: Record<string, string> = {},
): Promise<void> {
  const stream = await runTail(url, LIMITS.stream, { log: 'json', env });
  const [error] = pickRecords(stream, 'error');
  expect(error).toMatchObject({ cause, exit_code: code ?? 7 });
  expect(error?.message).toContain(words);
  const sink = await runSink(url, LIMITS.sink, { env });
  expect(sink.message).toContain(sinkWords);
  expect(sink.hint).not.toBe('');
  expect(sink.code).toBe(code);
}

const hostOf = ({ port }: ScriptedServer): string => `127.0.0.1:${port}`;

describe('row 119: the stream and an HTTP sink name the fault of a port', () => {
  const cases = LISTENERS.flatMap(({ name, script, plain, tls }) => [
    ...(plain === undefined ? [] : [{ name, script, scheme: 'http', verdict: plain }]),
    ...(tls === undefined ? [] : [{ name, script, scheme: 'https', verdict: tls }]),
  ]);
  test.each(cases)('row 119: $scheme:// to $name', async ({ script, scheme, verdict }) => {
    const server = await startScriptedServer(script);
    await expectVerdict(`${scheme}://${hostOf(server)}`, verdict);
  });
});

describe('row 119: tail --from names the fault of a port', () => {
  test.each<[string, Script, string, number]>([
    ['SSH', greet('SSH-2.0-OpenSSH_9.6\r\n'), 'not-nats', 8],
    ['HTTP', greet('HTTP/1.1 400 Bad Request\r\n\r\n'), 'not-nats', 8],
    ['a damaged INFO', greet('INFO {"max_payload":\r\n'), 'not-nats', 8],
    ['an INFO that is not an object', greet('INFO null\r\n'), 'not-nats', 8],
    ['MySQL, which sends no line end', greet(MYSQL), 'timed-out', 7],
    ['nothing that speaks', (peer) => peer.untilClosed(), 'timed-out', 7],
    ['RST after accept', async (peer) => peer.reset(), 'reset', 7],
    ['the end after accept', async (peer) => peer.end(), 'reset', 7],
  ])('row 119: nats:// to %s', async (_what, script, cause, code) => {
    const server = await startScriptedServer(script);
    const args = ['--from', `nats://${hostOf(server)}/S`, ...LIMITS.stream];
    const exit = await runTail('', args, { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause, exit_code: code }]);
  });
});

const describeTls = hasOpenssl() ? describe : describe.skip;
describeTls('a port with TLS (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  const TLS_PORT: Verdict = { cause: 'plaintext-to-tls', words: 'expects TLS on this port', code: 8 };

  test('row 119: http:// to a TLS port that answers with an alert', async () => {
    const { cert, key } = made.good;
    const server = await startScriptedServer(async () => {}, { tls: { cert, key } });
    await expectVerdict(`http://${hostOf(server)}`, TLS_PORT);
  });

  test.each(['resets', 'ends'] as const)(
    'row 119: http:// to a TLS port that %s plaintext connections',
    async (how) => {
      const { cert, key } = made.good;
      const inner = await startScriptedServer(async () => {}, { tls: { cert, key } });
      const { connect } = await import('node:net');
      const server = await startScriptedServer(async (peer) => {
        const first = await firstBytes(peer);
        // 0x16 is the first byte of a TLS handshake.
        if (first?.[0] !== 0x16) {
          if (how === 'resets') peer.reset();
          else peer.end();
          return;
        }
        const target = connect(inner.port, '127.0.0.1');
        target.on('error', () => peer.reset()).write(first);
        peer.socket.pipe(target).pipe(peer.socket);
        await peer.untilClosed();
      });
      await expectVerdict(`http://${hostOf(server)}`, TLS_PORT);
    },
  );

  test('row 119: https:// through a proxy to a server that resets the connection', async () => {
    const proxy = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('HTTP/1.1 200 Connection established\r\n\r\n');
      await untilAsked(peer);
      peer.reset();
    });
    const words =
      'sink.atlantis.test reset the connection (ECONNRESET, in the TLS handshake through the proxy 127.0.0.1:';
    await expectVerdict(
      'https://sink.atlantis.test',
      { ...RESET, words },
      { HTTPS_PROXY: `http://${hostOf(proxy)}` },
    );
  });

  test.each([
    [
      'a host name that it does not know',
      112,
      'the server does not recognize this host name',
      'tls-handshake',
    ],
    ['no cipher in common', 40, 'no TLS cipher in common', 'tls-handshake'],
    ['an old version', 70, 'does not support a secure TLS version', 'tls-version'],
    ['a bad certificate of the client', 42, 'requires a client certificate', 'client-certificate-demanded'],
  ])(
    'row 120: https:// to a port that answers with the TLS alert for %s',
    async (_what, description, words, cause) => {
      const server = await startScriptedServer(async (peer) => {
        await peer.sendRaw(Buffer.from([0x15, 3, 3, 0, 2, 2, description]));
        peer.end();
      });
      await expectVerdict(`https://${hostOf(server)}`, { cause, words, code: 11 });
    },
  );

  test('row 120: nats:// to a server that requires a client certificate in TLS 1.2: exit 11', async () => {
    const tls = { ...made.clientCertificateOptions(), maxVersion: 'TLSv1.2' as const };
    const server = await startScriptedServer(async (peer) => {
      await peer.sendRaw(`INFO {"tls_required":true,"max_payload":1048576}\r\n`);
      new TLSSocket(peer.socket, { ...tls, isServer: true }).on('error', () => peer.end());
      await peer.untilClosed();
    });
    const args = ['--from', `nats://${hostOf(server)}/S`, '--ca-cert', made.caFile, '--no-reconnect'];
    const exit = await runTail('', args, { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([
      { cause: 'client-certificate-demanded', exit_code: 11 },
    ]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'row 120: https:// to a sink that requires a client certificate is exit 11: %s',
    async (maxVersion) => {
      const tls = { ...made.clientCertificateOptions(), maxVersion };
      const server = await startScriptedServer(async () => {}, { tls });
      const { message, code } = await runSink(`https://localhost:${server.port}`, ['--ca-cert', made.caFile]);
      expect(message).toContain(`localhost:${server.port} requires a client certificate`);
      expect(code).toBe(11);
    },
  );
});

function firstBytes(peer: Peer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    peer.socket.once('data', resolve).once('close', () => resolve(undefined));
  });
}
