// From the first byte to the welcome: two deadlines, the welcome itself, and the headers of the request.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { measureGaps, pickRecords, runTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

const ONCE = ['--no-reconnect', '--connect-timeout', '600ms'];

/** Sends `head`, then one byte every 30 ms until the connection ends. */
async function dripAfter(peer: Peer, head: string, bytes: string | Buffer): Promise<never> {
  await peer.sendRaw(head);
  for (;;) {
    for (const byte of Buffer.from(bytes)) {
      await peer.sendRaw(Buffer.from([byte]));
      await pauseFor(30);
    }
  }
}

describe('the deadline of an attempt', () => {
  const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nX-Drip: ';
  const cases = [
    { what: 'a status line', play: (peer: Peer) => dripAfter(peer, 'HTTP/1.1 101', ' ') },
    { what: 'a header value', play: (peer: Peer) => dripAfter(peer, HEAD, 'drip') },
    { what: 'whole header lines', play: (peer: Peer) => dripAfter(peer, HEAD, 'a\r\nX-More: ') },
    { what: 'an informational answer', play: (peer: Peer) => dripAfter(peer, '', 'HTTP/1.1 102 P\r\n\r\n') },
    { what: 'nothing at all', play: (peer: Peer) => peer.untilClosed() },
  ];
  test.each(cases)(
    'row 16 (C1): a server that sends $what slowly and endlessly is given up at the connect timeout',
    async ({ play }) => {
      const server = await startScriptedServer(async (peer) => {
        await peer.readRequest();
        await play(peer);
      });
      const exit = await runTail(server.url, ONCE, { log: 'json' });
      expect(exit.code).toBe(7);
      expect(exit.stdout).toBe('');
      expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'timed-out', exit_code: 7 }]);
      expect(pickRecords(exit, 'error')[0]?.message).toMatch(/no response within 600 ms.*the upgrade/);
      const ended = await server.waitUntil(() => server.attempts[0]?.ended, 'its end');
      expect(ended.atMs - (server.attempts[0]?.connectedAtMs ?? 0)).toBeGreaterThan(400);
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('row 16 (C1): a server that accepts and never speaks TLS is given up at the connect timeout', async () => {
    const server = await startScriptedServer((peer) => peer.untilClosed());
    const url = server.url.replace('ws:', 'wss:');
    const { code, stderr } = await runTail(url, ONCE);
    expect(stderr).toMatch(/did not answer in time \(no response within 600 ms, in the TLS handshake\)/);
    expect(stderr).toContain('--connect-timeout');
    expect(code).toBe(7);
  });
});

describe('the deadline of the welcome', () => {
  test.each([
    { what: 'silence', play: (peer: Peer) => peer.untilClosed() },
    {
      what: 'pongs and WebSocket pings',
      play: (peer: Peer) => dripAfter(peer, '', Buffer.from([0x8a, 0, 0x89, 0])),
    },
    { what: 'a dripped frame', play: (peer: Peer) => dripAfter(peer, '\x01\x7d', 'a') },
  ])('row 27 (C1, C4): a 101, then only $what: exit 8 after the connect timeout', async ({ play }) => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await play(peer);
    });
    const exit = await runTail(server.url, ONCE, { log: 'json' });
    expect(exit.stdout).toBe('');
    expect(exit.code).toBe(8);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'no-welcome', exit_code: 8 }]);
    expect(pickRecords(exit, 'connected')).toEqual([]);
    const ended = await server.waitUntil(() => server.attempts[0]?.ended, 'its end');
    const { requestAtMs = 0, closeFrame } = server.attempts[0] ?? {};
    expect(closeFrame).toEqual({ code: 1000, reason: '' });
    expect(ended.atMs - requestAtMs).toBeGreaterThan(550);
  });
});

describe('the welcome', () => {
  const welcome = JSON.stringify({ type: 'welcome', key: CANARY_KEY.slice(0, 16) });
  test.each([
    { what: 'an event', play: (peer: Peer) => peer.sendText('{"type":"large_transfer","n":1}') },
    { what: 'a binary welcome', play: (peer: Peer) => peer.sendFrame({ opcode: 2, payload: welcome }) },
    // An event, too, may have a field "key".
    {
      what: 'another type with a key',
      play: (peer: Peer) => peer.sendText(welcome.replace('"welcome"', '"key_used"')),
    },
    { what: 'a key without type', play: (peer: Peer) => peer.sendText(welcome.replace('"type"', '"kind"')) },
    { what: 'null', play: (peer: Peer) => peer.sendText('null') },
    { what: 'an array', play: (peer: Peer) => peer.sendText(`[${welcome}]`) },
    { what: 'a welcome without key', play: (peer: Peer) => peer.sendText('{"type":"welcome"}') },
    { what: 'an empty key', play: (peer: Peer) => peer.sendText('{"type":"welcome","key":""}') },
    {
      what: 'a key that is not a string',
      play: (peer: Peer) => peer.sendText('{"type":"welcome","key":16}'),
    },
    { what: 'text that is not JSON', play: (peer: Peer) => peer.sendText('hello') },
    { what: 'a pong', play: (peer: Peer) => peer.sendText('pong') },
    { what: 'an empty message', play: (peer: Peer) => peer.sendText('') },
    { what: 'text that is not UTF-8', play: (peer: Peer) => peer.sendRaw(Buffer.from([0x81, 1, 0xff])) },
  ])('row 27 (C4): $what instead of the welcome is exit 8, with nothing on stdout', async ({ play }) => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await play(peer);
      await peer.welcome();
      await peer.sendText('{"after":true}');
      await peer.untilClosed();
    });
    const { code, stdout, stderr } = await runTail(server.url, ONCE);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/error: .*127\.0\.0\.1:\d+/);
    expect(stderr).not.toContain('connected to');
    expect(code).toBe(8);
    expect(server.attempts).toHaveLength(1);
  });

  test('row 27 (C4): a close instead of the welcome is exit 8 if it is normal, else exit 7', async () => {
    const endings: [code: number, play: (peer: Peer) => unknown][] = [
      [8, (peer) => peer.sendClose(1000)],
      [7, (peer) => peer.sendClose(1013)],
      [7, (peer) => peer.end()],
    ];
    for (const [code, play] of endings) {
      const server = await startScriptedServer(async (peer) => {
        await peer.accept();
        play(peer);
      });
      const exit = await runTail(server.url, ONCE);
      expect(exit.stderr).toContain('error: ');
      expect([exit.stdout, exit.code]).toEqual(['', code]);
    }
  });

  test('C4: the welcome is not printed, even if the first event is in the same chunk', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      void peer.welcome();
      await peer.sendText('{"n":1}');
    });
    const { code, stdout, stderr } = await runTail(server.url, ['--limit', '1']);
    expect(stdout).toBe('{"n":1}\n');
    expect(stderr).toContain('with the key ak_live_ca9a12e5…');
    expect(code).toBe(0);
  });

  test('C4: a later welcome is printed like any other event', async () => {
    const server = await startScriptedServer(streamHandler({ events: [welcome] }));
    const { stdout } = await runTail(server.url, ['--limit', '1']);
    expect(stdout).toBe(`${welcome}\n`);
  });

  test('C4: if its prefix is not that of the key in use, a warning shows both', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.welcome('ak_live_0therk3y0therk3y');
      await peer.sendText('{"n":1}');
    });
    const { code, stdout, stderr } = await runTail(server.url, ['--limit', '1']);
    const warning = stderr.split('\n').find((line) => line.includes('atlantis: warning: '));
    expect(warning).toContain('ak_live_0therk3y');
    expect(warning).toContain('ak_live_ca9a12e5');
    expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
  });

  test('C4 (P2): a key that is hardly longer than its prefix causes no warning, and is not shown', async () => {
    const key = 'ak_live_5ec2e7de';
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const args = ['--limit', '1', '--envelope'];
    const { stdout, stderr } = await runTail(server.url, args, { key });
    expect(stderr).toContain('connected to');
    expect(stderr).not.toContain('warning');
    expect(stdout + stderr).not.toContain('5ec2e7de');
  });

  test('C4: control characters in its prefix are escaped, and a long prefix is shortened', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.sendText(
        JSON.stringify({ type: 'welcome', key: `\x1b]0;x\x07\u202e${'a'.repeat(100_000)}` }),
      );
      await peer.sendText('{"n":1}');
    });
    const { stdout, stderr } = await runTail(server.url, ['--limit', '1']);
    expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/);
    expect(stderr.length).toBeLessThan(4_000);
    expect(stdout).toBe('{"n":1}\n');
  });
});

describe('the upgrade request', () => {
  test('C2: offers no extension, has a User-Agent, the key in one header only, and a new X-Request-Id each time', async () => {
    const server = await startScriptedServer(async (peer, index) => {
      if (index < 2) return peer.respond(503);
      await peer.accept();
      await peer.welcome();
      await peer.sendText('{"n":1}');
    });
    const url = server.url.replace('127.0.0.1', 'localhost');
    const retry = ['--retry-min', '250ms', '--retry-max', '250ms'];
    const { code } = await runTail(`${url}/prefix`, ['--limit', '1', ...retry]);
    expect(code).toBe(0);
    expect(server.attempts).toHaveLength(3);
    const ids = new Set<string>();
    for (const { request } of server.attempts) {
      const { method, path, headers = {}, raw = '' } = request ?? {};
      expect([method, path]).toEqual(['GET', '/prefix/v1/stream']);
      expect(headers['x-api-key']).toBe(CANARY_KEY);
      expect(findKeyIn(raw.replace(`X-API-Key: ${CANARY_KEY}`, ''))).toEqual([]);
      expect(headers['sec-websocket-extensions']).toBeUndefined();
      expect(headers['sec-websocket-version']).toBe('13');
      expect(headers['user-agent']).toMatch(/^atlantis-cli\/\d+\.\d+\.\d+/);
      expect(headers['host']).toBe(new URL(url).host);
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      ids.add(headers['x-request-id'] ?? '');
    }
    expect(ids.size).toBe(3);
    for (const gapMs of measureGaps(server)) expect(gapMs).toBeGreaterThan(249);
  });
});
