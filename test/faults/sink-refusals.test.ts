// Answers of an HTTP sink with a body that cannot be read. The status counts after the header is complete, and a
// complete answer counts, whatever bytes follow.
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';
import { runSink } from './run-sink.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** The bytes after the status line, and whether the server then ends the connection. */
const ENDINGS = [
  { what: 'a bad chunk', rest: `${CHUNKED}\r\n\r\n${chunk('a reason')}not a length\r\n`, ends: true },
  {
    what: 'more bytes than Content-Length says',
    rest: 'Content-Length: 8\r\n\r\na reason<html>',
    ends: true,
  },
  {
    what: 'another answer after it',
    rest: 'Content-Length: 8\r\n\r\na reasonHTTP/1.1 200 OK\r\n\r\n',
    ends: true,
  },
  { what: 'an early end', rest: 'Content-Length: 80\r\n\r\na reason', ends: true },
  { what: 'a body that never ends', rest: 'Content-Length: 80\r\n\r\na reason', ends: false },
  { what: 'chunks that never end', rest: `${CHUNKED}\r\n\r\n${chunk('a reason')}`, ends: false },
];
const QUICK = ['--send-timeout', '500ms'];

/** Starts a sink that answers every request with these bytes. */
const startSink = (bytes: string, ends: boolean) =>
  startScriptedServer(async (peer) => {
    await peer.readRequest();
    await peer.sendRaw(bytes);
    if (ends) peer.end();
  });

describe('row 115: a refusal of an HTTP sink counts, even if its body cannot be read', () => {
  const cases = ENDINGS.flatMap((ending) => [400, 401, 403].map((status) => ({ ...ending, status })));
  test.each(cases)(
    'row 115: $status with $what: exit 5 after one request',
    async ({ status, rest, ends }) => {
      const sink = await startSink(`HTTP/1.1 ${status} No\r\n${rest}`, ends);
      const { message, hint, code } = await runSink(`http://127.0.0.1:${sink.port}`, QUICK);
      // 401 and 403 may be about the endpoint; as its first answer, without a spool, they end the run.
      const isAboutEvent = status === 400;
      expect(message).toContain(
        `${isAboutEvent ? 'refused an event:' : 'answered'} HTTP ${status}: a reason`,
      );
      expect(hint).toContain(isAboutEvent ? '--dead-letter' : 'its credentials');
      expect(code).toBe(5);
      expect(sink.attempts.filter(({ request }) => request !== undefined)).toHaveLength(1);
    },
  );

  test.each(ENDINGS)('row 115: 503 with $what is retried because of its status', async ({ rest, ends }) => {
    const sink = await startSink(`HTTP/1.1 503 No\r\n${rest}`, ends);
    const { message, code } = await runSink(`http://127.0.0.1:${sink.port}`, QUICK);
    expect(message).toMatch(/answered HTTP 503: a reason; retrying/);
    expect(code).toBeUndefined();
  });

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\n\r\njunk'],
    ['204 and a second answer', 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 No\r\n\r\n'],
    ['204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n<html></html>'],
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok<html>'],
    ['200 in chunks', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n${chunk('ok')}0\r\n\r\njunk`],
  ])(
    'row 115 (B1): %s, followed by junk: the event counts as delivered, and is not sent again',
    async (_what, bytes) => {
      const sink = await startSink(bytes, true);
      const { message, code } = await runSink(`http://127.0.0.1:${sink.port}`, QUICK);
      expect([message, code]).toEqual(['', 0]);
      expect(sink.attempts.filter(({ request }) => request !== undefined)).toHaveLength(1);
    },
  );

  test('row 115 (B1): 200 with an incomplete body: the event is sent again', async () => {
    const sink = await startSink('HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\nhalf', true);
    const { message, code } = await runSink(`http://127.0.0.1:${sink.port}`, QUICK);
    expect(message).toContain('the response was incomplete');
    expect(code).toBeUndefined();
  });

  test('row 119, row 120: a page of nginx, Go or Apache about TLS counts as a TLS fault, not as a refused event', async () => {
    const pages = [
      ['<title>400 The plain HTTP request was sent to HTTPS port</title>', 8, 'expects TLS on this port'],
      ['Client sent an HTTP request to an HTTPS server.\n', 8, 'expects TLS on this port'],
      [
        `${' '.repeat(900)}Reason: You're speaking plain HTTP to an SSL-enabled server port.`,
        8,
        'expects TLS',
      ],
      ['<title>400 No required SSL certificate was sent</title>', 11, 'requires a client certificate'],
    ] as const;
    for (const [page, exitCode, words] of pages) {
      const sink = await startSink(
        `HTTP/1.1 400 Bad Request\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
        true,
      );
      const { message, code } = await runSink(`http://127.0.0.1:${sink.port}`);
      expect(message).toContain(words);
      expect(code).toBe(exitCode);
    }
  });
});

describe('row 96 (C3): a 401 whose body never ends', () => {
  test('row 96: in the handshake of the stream is exit 3 within 5 s', async () => {
    const service = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw(
        `HTTP/1.1 401 No\r\n${CHUNKED}\r\nX-Request-Id: r\r\nContent-Type: application/json\r\n\r\n`,
      );
      // Too slow to reach the limit on the size of a body.
      for (;;) {
        await peer.sendRaw(chunk('{'));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    const exit = await runTail(service.url, ['--connect-timeout', '1s'], { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'unauthorized', exit_code: 3 }]);
    await service.waitUntil(() => (service.countOpen() === 0 ? true : undefined), 'the socket to be closed');
  });

  test('row 96: from a sink that sends as fast as it is read is exit 5', async () => {
    const sink = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw(`HTTP/1.1 401 No\r\n${CHUNKED}\r\n\r\n`);
      for (;;) await peer.sendRaw(chunk('no '.repeat(1_000)));
    });
    const { message, code } = await runSink(`http://127.0.0.1:${sink.port}`);
    expect(message).toContain('answered HTTP 401: no no');
    expect(code).toBe(5);
    await sink.waitUntil(() => (sink.countOpen() === 0 ? true : undefined), 'the socket to be closed');
  });

  test('row 96: from a sink, with a spool: the event is sent again, and does not become a dead letter', async () => {
    const sink = await startScriptedServer(async (peer, index) => {
      await peer.readRequest();
      // The first connection only shows that the sink can be reached.
      if (index === 1) await peer.sendRaw('HTTP/1.1 401 No\r\nContent-Length: 80\r\n\r\nhalf');
      else await peer.respond(204);
    });
    const service = await startScriptedServer(streamHandler({ events: ['{"id":"a"}', '{"id":"b"}'] }));
    const folder = makeTempFolder();
    const files = ['--dead-letter', `${folder}/dead.ndjson`, '--spool', `${folder}/spool`];
    const args = ['--to', `http://127.0.0.1:${sink.port}`, '--limit', '2', ...QUICK, ...files];
    const exit = await runTail(service.url, args, { command: 'relay', log: 'json' });
    expect(exit.code).toBe(0);
    expect(pickRecords(exit, 'dead-letter')).toEqual([]);
    expect(sink.attempts.map(({ request }) => request?.headers['idempotency-key'])).toEqual([
      undefined,
      'a',
      undefined,
      'a',
      'b',
    ]);
  });
});
