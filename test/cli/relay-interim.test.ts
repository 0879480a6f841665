// Interim responses (1xx), 101 and endless responses to a POST of `stream relay`, to CONNECT, and to the handshake of
// the stream. --send-timeout and --connect-timeout always apply.
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { type Answer, answerInTurn, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';
import { Watch } from '../helpers/watch.ts';

const EVENTS = Array.from({ length: 5 }, (_unused, n) => `{"id":"evt_${n}"}`);
const QUICK = ['--retry-min', '250ms', '--retry-max', '250ms', '--send-timeout', '700ms'];
/** A timeout for responses that must be accepted, long enough for a busy machine. */
const PATIENT = ['--send-timeout', '20s'];
const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n';

/** Answers with these bytes, and nothing after them. */
const raw =
  (bytes: string): Answer =>
  (_request, _index, _response, socket) => {
    socket.write(bytes);
  };

/** Answers with `again` repeatedly, as fast as it is read, until the connection is closed. */
const flood =
  (head: string, again: string): Answer =>
  (_request, _index, _response, socket) => {
    const more = again.repeat(4_000);
    const write = (): void => {
      if (!socket.destroyed) socket.write(more, () => setTimeout(write, 2));
    };
    socket.write(head, write);
  };

const relay = async (
  to: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<TailExit> => {
  const server = await startScriptedServer(streamHandler({ events: EVENTS }));
  return await startTail(server.url, ['--to', to, '--limit', '5', ...QUICK, ...args], {
    command: 'relay',
    log: 'json',
    env,
  }).finish();
};

describe('row 68: a response to a POST that is not final, or endless', () => {
  test.each<[string, Answer, string]>([
    ['101', raw(UPGRADE), 'did not accept the events: it answered HTTP 101'],
    ['101 with bytes of another protocol', raw(`${UPGRADE}\0\u0001\u0002`), 'answered HTTP 101'],
    ['101 without its headers', raw('HTTP/1.1 101 Switching Protocols\r\n\r\n'), 'answered HTTP 101'],
    ['100 without an end', flood('', 'HTTP/1.1 100 Continue\r\n\r\n'), 'no complete response within 700 ms'],
    [
      '103 without an end',
      flood('', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
      'no complete response',
    ],
    ['102, then nothing', raw('HTTP/1.1 102 Processing\r\n\r\n'), 'no complete response within 700 ms'],
    ['199, then 101', raw(`HTTP/1.1 199 Later\r\n\r\n${UPGRADE}`), 'answered HTTP 101'],
    ['half a status line', raw('HTTP/1.1 20'), 'no complete response within 700 ms'],
    [
      'a header without an end',
      flood('HTTP/1.1 204 No\r\n', 'a: b\r\n'),
      'not an HTTP response, HPE_HEADER_OVERFLOW',
    ],
    [
      'a body that never arrives',
      raw('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
      'no complete response',
    ],
  ])('%s is a failure, and is retried over another connection', async (_what, answer, message) => {
    const watch = new Watch();
    const sockets: Socket[] = [];
    const noted: Answer = (request, index, response, socket) => {
      sockets.push(socket.on('close', () => watch.notify()));
      answer(request, index, response, socket);
    };
    // The sink has accepted an event before the first bad response, which therefore does not end the run.
    const endpoint = await startHttpEndpoint(answerInTurn(204, noted, noted));
    const exit = await relay(endpoint.url, []);
    expect(exit.code).toBe(0);
    expect(endpoint.accepted.map(({ body }) => body)).toEqual(EVENTS);
    const failed = pickRecords(exit, 'sink').filter(({ state }) => state === 'failed');
    expect(failed.map((record) => record.message)).toEqual([
      expect.stringContaining(message),
      expect.stringContaining(message),
    ]);
    await watch.until(() => (sockets.every(({ destroyed }) => destroyed) ? true : undefined), 'the sockets');
  });

  test('101 at the start ends the run like any other unexpected status', async () => {
    const endpoint = await startHttpEndpoint(raw(UPGRADE));
    const exit = await relay(endpoint.url, []);
    expect(exit.code).toBe(5);
    expect(pickRecords(exit, 'error').at(-1)?.hint).not.toContain('redirects');
  });

  test('an endless body after a 2xx accepts the event', async () => {
    const answer = flood('HTTP/1.1 200 OK\r\n\r\n', 'more');
    const endpoint = await startHttpEndpoint(answerInTurn(answer));
    expect((await relay(endpoint.url, PATIENT)).code).toBe(0);
    expect(endpoint.requests.map(({ body }) => body)).toEqual(EVENTS);
  });

  test('interim responses before a final response are ignored', async () => {
    const good =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
    const endpoint = await startHttpEndpoint(raw(good));
    expect((await relay(endpoint.url, PATIENT)).code).toBe(0);
    expect(endpoint.requests.map(({ body }) => body)).toEqual(EVENTS);
  });

  test.each([
    ['101', UPGRADE],
    ['100 without an end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000)],
  ])('%s from a proxy, in response to CONNECT, is a failure that is retried', async (_what, answer) => {
    const proxy = await startScriptedServer(async (peer) => {
      await peer.sendRaw(answer);
    });
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.1' };
    const { child, finish } = startTail(server.url, ['--to', 'https://sink.example/hook', ...QUICK], {
      command: 'relay',
      log: 'json',
      env,
    });
    await child.waitForStderr(/("failed".*){2}/s);
    expect(child.stderrText).toContain(`the proxy 127.0.0.1:${proxy.port} did not open a tunnel`);
    child.kill('SIGTERM');
    await finish();
    await proxy.waitUntil(() => (proxy.countOpen() === 0 ? true : undefined), 'the socket');
  });
});

describe('row 68: the handshake of the stream', () => {
  test.each<[string, string]>([
    ['100 without an end', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['103 without an end', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('%s: the attempt is given up after --connect-timeout', async (_what, again) => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      for (;;) await peer.sendRaw(again.repeat(200));
    });
    const exit = await startTail(server.url, ['--no-reconnect', '--connect-timeout', '700ms'], {
      log: 'json',
    }).finish();
    expect(exit.code).toBe(7);
    expect(pickRecords(exit, 'error')[0]?.message).toContain('no response within 700 ms');
    await server.waitUntil(() => (server.countOpen() === 0 ? true : undefined), 'the socket');
  });

  test('101 without a WebSocket is exit 8', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw(UPGRADE);
    });
    const exit = await startTail(server.url, ['--no-reconnect'], { log: 'json' }).finish();
    expect(exit.code).toBe(8);
    await server.waitUntil(() => (server.countOpen() === 0 ? true : undefined), 'the socket');
  });
});
