// A live connection ends: what is printed and reported, the next attempt, and never a second socket.
import { describe, expect, test } from '@jest/globals';
import { countEstablished } from '../helpers/established.ts';
import { startFaultProxy } from '../helpers/fault-proxy.ts';
import {
  frame,
  type Peer,
  type Script,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import { measureGaps, pickRecords, runTail, startTail } from '../helpers/tail.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];
const REVOKED = JSON.stringify({ error: { code: 'unauthorized', message: 'no such key' } });

/** Connection n sends the event `{"n":<n>}` and then runs ending n; a connection without an ending stays open. */
function playEndings(endings: readonly ((peer: Peer) => unknown)[]): Script {
  return (peer, index) =>
    streamHandler({ events: [`{"n":${index}}`], finish: (one) => endings[index]?.(one) })(peer, index);
}

describe('row 15: a connection that ends in the middle of a frame', () => {
  test.each(['reset', 'end'] as const)(
    'row 15 (G1, G2): %s: the incomplete event is not printed, and the gap is reported',
    async (how) => {
      let goOn = (): void => {};
      const firstPrinted = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const server = await startScriptedServer(
        playEndings([
          async (peer) => {
            await firstPrinted;
            proxy.cutAfter(60, how);
            void peer.sendRaw(
              Buffer.concat([frame.text('{"n":"whole"}'), frame.text(`{"n":"${'x'.repeat(200)}"}`)]),
            );
            await peer.untilClosed();
          },
        ]),
      );
      const proxy = await startFaultProxy(server.port);
      const tail = startTail(proxy.url, ['--duration', '5m', ...FAST], { log: 'json' });
      await tail.child.waitForStdout('{"n":0}\n');
      goOn();
      await server.waitForAttempt(2);
      proxy.pass();
      await tail.child.waitForStdout('{"n":1}\n');
      tail.child.kill('SIGINT');
      const exit = await tail.finish();
      // A reset may discard bytes before it, so the complete event may be missing.
      expect(exit.lines.filter((line) => line !== '{"n":"whole"}')).toEqual(['{"n":0}', '{"n":1}']);
      expect(pickRecords(exit, 'lost')).toMatchObject([{ cause: 'dropped' }]);
      expect(pickRecords(exit, 'gap')).toHaveLength(1);
      expect(exit.signal).toBe('SIGINT');
      expect(server.attempts).toHaveLength(2);
    },
  );
});

describe('row 18: a key that is revoked while the stream is live', () => {
  test('row 18: close 1008, then 401: exit 3 after one more attempt', async () => {
    const server = await startScriptedServer((peer, index) => {
      if (index === 0) return playEndings([(one) => one.sendClose(1008, 'key revoked')])(peer, index);
      return peer.respond(401, { 'X-Request-Id': 'req-18' }, REVOKED);
    });
    const { code, stdout, stderr } = await runTail(server.url, FAST);
    expect(stdout).toBe('{"n":0}\n');
    expect(stderr).toMatch(/ended the stream on purpose \(close code 1008: key revoked\)/);
    expect(stderr).toMatch(
      /error: .*does not accept the key from ATLANTIS_API_KEY \(HTTP 401 unauthorized: no such key, request id req-18\)/,
    );
    expect(stderr).not.toContain('live again');
    expect(code).toBe(3);
    expect(server.attempts).toHaveLength(2);
  });

  test.each([
    { what: '4001, then 403', close: 4001, status: 403, code: 3 },
    { what: '3000, then 402', close: 3000, status: 402, code: 4 },
    { what: '2999, an unknown code, then 404', close: 2999, status: 404, code: 5 },
  ])('row 18: close $what: exit $code', async ({ close, status, code }) => {
    const server = await startScriptedServer((peer, index) => {
      if (index === 0) return playEndings([(one) => one.sendClose(close)])(peer, index);
      return peer.respond(status, {}, JSON.stringify({ error: { code: 'c', message: 'm' } }));
    });
    const exit = await runTail(server.url, FAST);
    expect(exit.code).toBe(code);
    expect(server.attempts).toHaveLength(2);
  });
});

describe('R3: without reconnects, the first loss ends the run', () => {
  const endings: { what: string; code: number; end: (peer: Peer) => unknown }[] = [
    { what: 'close 1000', code: 7, end: (peer) => peer.sendClose(1000) },
    { what: 'close 1001', code: 7, end: (peer) => peer.sendClose(1001) },
    { what: 'close without code', code: 7, end: (peer) => peer.sendClose() },
    { what: 'close 1008', code: 7, end: (peer) => peer.sendClose(1008) },
    { what: 'close 4000', code: 7, end: (peer) => peer.sendClose(4000, 'go away') },
    { what: 'close 1009', code: 8, end: (peer) => peer.sendClose(1009) },
    { what: 'the end of the stream', code: 7, end: (peer) => peer.end() },
    { what: 'a reset', code: 7, end: (peer) => peer.reset() },
    { what: 'a masked frame', code: 8, end: (peer) => peer.sendFrame({ payload: '{}', mask: true }) },
  ];
  test.each(endings)('R3: $what with --no-reconnect: exit $code', async ({ code, end }) => {
    const server = await startScriptedServer(playEndings([end]));
    const exit = await runTail(server.url, ['--no-reconnect']);
    // A reset may discard the event before it.
    if (!exit.stdout.includes('\n')) expect(exit.stderr).toContain('was lost');
    expect(exit.stderr).toMatch(/; not retrying, as requested/);
    expect(exit.code).toBe(code);
    expect(server.attempts).toHaveLength(1);
  });

  test('R3: --max-reconnects 0 allows no reconnect, 2 allows two', async () => {
    for (const [count, attempts] of [
      ['0', 1],
      ['2', 3],
    ] as const) {
      const server = await startScriptedServer(streamHandler({ finish: (peer) => peer.sendClose(1012) }));
      const { code, stderr } = await runTail(server.url, ['--max-reconnects', count, ...FAST]);
      expect(stderr).toContain('not retrying, as requested');
      expect(code).toBe(7);
      expect(server.attempts).toHaveLength(attempts);
    }
  });

  test('§ 2: --fail-on-gap exits 12 at the first loss', async () => {
    const server = await startScriptedServer(playEndings([(peer) => peer.sendClose(1001)]));
    const { code, stdout, stderr } = await runTail(server.url, ['--fail-on-gap', ...FAST]);
    expect(stdout).toBe('{"n":0}\n');
    expect(stderr).toContain('error: --fail-on-gap');
    expect(code).toBe(12);
    expect(server.attempts).toHaveLength(1);
  });
});

describe('§ 2: --max-silence', () => {
  test('§ 2: no event for this time on a live connection is exit 13, even if pongs arrive', async () => {
    const server = await startScriptedServer(playEndings([]));
    const args = ['--max-silence', '600ms', '--ping-interval', '100ms'];
    const { code, stdout, stderr } = await runTail(server.url, args);
    expect(stdout).toBe('{"n":0}\n');
    expect(stderr).toContain('error: --max-silence');
    expect(code).toBe(13);
  });
});

describe('C8: one socket at a time', () => {
  /** Endings after which the server does not close the connection. */
  const endings: ((peer: Peer) => unknown)[] = [
    (peer) => peer.sendClose(1001),
    (peer) => peer.sendRaw(Buffer.concat([frame.close(1012), frame.text('{"old":true}')])),
    (peer) => peer.sendFrame({ opcode: 3 }),
    (peer) => peer.sendClose(1008),
    (peer) => peer.sendClose(),
  ];

  test('C8: a new attempt begins only after the old socket is closed, and events after an ending are ignored', async () => {
    const openAtStart: number[] = [];
    const server: ScriptedServer = await startScriptedServer(async (peer, index) => {
      openAtStart.push(countEstablished(server));
      await peer.accept();
      await peer.welcome();
      await peer.sendText(`{"n":${index}}`);
      await endings[index]?.(peer);
      // The server does not close the connection, so the client must.
      await peer.untilClosed();
    });
    const tail = startTail(server.url, ['--limit', String(endings.length + 1), ...FAST], { log: 'json' });
    const exit = await tail.finish();
    expect(exit.lines).toEqual([...endings, undefined].map((_, n) => `{"n":${n}}`));
    expect(exit.stdout).not.toContain('old');
    expect(openAtStart).toEqual(openAtStart.map(() => 1));
    expect(exit.code).toBe(0);
    for (const gapMs of measureGaps(server)) expect(gapMs).toBeGreaterThan(249);
  });

  test('C8: after a refused upgrade on a connection that the server keeps open, the client closes it before the next attempt', async () => {
    const openAtStart: number[] = [];
    const server: ScriptedServer = await startScriptedServer(async (peer, index) => {
      openAtStart.push(countEstablished(server));
      await peer.readRequest();
      if (index === 0) await peer.sendRaw('HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}');
      if (index === 1)
        await peer.sendRaw('HTTP/1.1 500 Broken\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
      if (index === 2) {
        await peer.accept();
        await peer.sendText('no welcome');
      }
      if (index === 3) {
        await peer.accept();
        await peer.welcome();
        await peer.sendText('{"n":1}');
      }
      await peer.untilClosed();
    });
    const { code, stdout } = await runTail(server.url, ['--limit', '1', ...FAST]);
    expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
    expect(openAtStart).toEqual([1, 1, 1, 1]);
  });
});
