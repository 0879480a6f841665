// Untrusted text on stderr and stdout: control characters are made visible, and long text is cut.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, CANARY_PREFIX } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { untilWritten } from '../helpers/watch.ts';
import { expectNoKey, readRecords, runTail } from './start-tail.ts';

/** Control sequences, C1, DEL, bidi controls, separators, tag and zero-width characters, and a fake message line. */
const HOSTILE =
  '\x1b[2J\x1b]0;title\x07\u009b31m\x7f\u202e\u2066\u2028\u200b\u{e0041}\r\natlantis: connected to evil\tX';
/** A hostile text for headers, which have one byte per character and cannot contain most control characters. */
const HOSTILE_HEADER = '\x9b2J\x85\tX';
/** Characters that must not be on stderr, or on stdout in pretty format. */
const OBEYED =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/u;

const envelope = (code: string, message: string): string => JSON.stringify({ error: { code, message } });

/** Answers with a response header of raw Latin-1 bytes. */
function answerRaw(head: string, body = ''): Script {
  return async (peer) => {
    await peer.readRequest();
    const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    await peer.sendRaw(Buffer.concat([Buffer.from(`${head}\r\n${length}\r\n`, 'latin1'), Buffer.from(body)]));
    peer.end();
  };
}

const SOURCES: readonly (readonly [string, Script])[] = [
  [
    'code, message and request id of a refusal',
    answerRaw(`HTTP/1.1 401 No\r\nX-Request-Id: id${HOSTILE_HEADER}`, envelope(`c${HOSTILE}`, `m${HOSTILE}`)),
  ],
  [
    'a refusal that quotes the key in every form',
    answerRaw(
      `HTTP/1.1 403 No\r\nX-Request-Id: ${CANARY_KEY}`,
      envelope(
        Buffer.from(CANARY_KEY).toString('base64'),
        `${CANARY_KEY} ${encodeURIComponent(`"${CANARY_KEY}"`)} ${CANARY_KEY}${HOSTILE}`,
      ),
    ),
  ],
  [
    'a message of 60 KB',
    answerRaw('HTTP/1.1 402 No', envelope('insufficient_credit', HOSTILE.repeat(1_000))),
  ],
  ['Location of a redirect', answerRaw(`HTTP/1.1 301 No\r\nLocation: http://evil/${HOSTILE_HEADER}`)],
  ['Location that quotes the key', answerRaw(`HTTP/1.1 302 No\r\nLocation: /?k=${CANARY_KEY}`)],
  [
    'Server and Content-Type of a page',
    answerRaw(`HTTP/1.1 200 OK\r\nServer: s${HOSTILE_HEADER}\r\nContent-Type: t${HOSTILE_HEADER}`, HOSTILE),
  ],
  ['the reason phrase', answerRaw(`HTTP/1.1 404 ${HOSTILE_HEADER}`, HOSTILE)],
  ['a banner that is not HTTP', (peer) => peer.sendRaw(`SSH-2.0-${HOSTILE}\r\n`)],
  [
    'the key of the welcome',
    async (peer) => {
      await peer.accept();
      await peer.sendText(JSON.stringify({ type: 'welcome', key: `ak_${HOSTILE}`.repeat(500) }));
      await peer.sendClose(1000);
    },
  ],
  [
    'a welcome that holds the whole key',
    async (peer) => {
      await peer.accept();
      await peer.sendText(JSON.stringify({ type: 'welcome', key: CANARY_KEY }));
      await peer.sendClose(1000);
    },
  ],
  [
    'a first message of another kind',
    async (peer) => {
      await peer.accept();
      await peer.sendText(JSON.stringify({ type: HOSTILE, key: HOSTILE }));
    },
  ],
  ['the reason of a close', streamHandler({ finish: (peer) => peer.sendClose(1008, HOSTILE.slice(0, 60)) })],
  ['a close that quotes the key', streamHandler({ finish: (peer) => peer.sendClose(4001, CANARY_KEY) })],
  [
    'the request id of the upgrade',
    async (peer) => {
      await peer.accept({ headers: { 'X-Request-Id': HOSTILE_HEADER } });
      await peer.welcome();
      await peer.sendClose(1011, 'bye');
    },
  ],
];

describe('O2, P4: untrusted text on stderr', () => {
  describe.each(SOURCES)('%s', (_name, script) => {
    test.each([
      ['text', []],
      ['text', ['--color', 'always']],
      ['json', ['--log-format', 'json']],
    ])('is safe as %s with %j', async (format, args) => {
      await using server = await startScriptedServer(script);
      const exit = await runTail(server.url, ['--no-reconnect', ...args]);
      expect(exit.code).toBeGreaterThan(1);
      expect(exit.code).toBeLessThan(9);
      expect(exit.stdout).toBe('');
      // Our own colors are the only escape sequences.
      const said = exit.stderr.replace(/^\x1b\[\d+m|\x1b\[\d+m$/gm, '');
      expect(said).not.toMatch(OBEYED);
      expect(said.length).toBeLessThan(6_000);
      if (format === 'json') readRecords(exit.stderr);
      else
        for (const line of said.trimEnd().split('\n'))
          expect(line).toMatch(/^((?:\d\d:){2}\d\d atlantis: |atlantis: | {2}\S)/);
      expect(said).not.toMatch(/^[\d: ]*atlantis: connected to evil/m);
    });
  });

  test.each([
    [
      'a refusal',
      answerRaw(`HTTP/1.1 407 ${HOSTILE_HEADER}\r\nProxy-Authenticate: x${HOSTILE_HEADER}`, HOSTILE),
      5,
    ],
    ['a banner', ((peer) => peer.sendRaw(`\x1b[2J${HOSTILE}\r\n\r\n`)) satisfies Script, 7],
  ])('from a proxy is safe: %s', async (_name, script, code) => {
    await using server = await startScriptedServer(script);
    const proxy = `http://user:pr0xy-secret@127.0.0.1:${server.port}`;
    const args = ['--no-reconnect', '--color', 'never'];
    const exit = await runTail('wss://api.atlantis.example', args, { env: { HTTPS_PROXY: proxy } });
    expect(exit.code).toBe(code);
    expect(exit.stderr).not.toMatch(OBEYED);
    expect(exit.stderr).not.toContain('pr0xy-secret');
    expect(server.attempts[0]?.request?.raw ?? '').not.toContain(CANARY_KEY);
  });

  test('is escaped, not removed', async () => {
    await using server = await startScriptedServer(
      answerRaw('HTTP/1.1 401 No', envelope('unauthorized', 'first\x1b[2J\nsecond')),
    );
    const exit = await runTail(server.url);
    expect(exit.stderr).toContain('unauthorized: first\\u001b[2J\\u000asecond');
  });

  test('C4, P4: the ready file has only the prefix of the key, even if the welcome contains the whole key', async () => {
    await using server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.sendText(JSON.stringify({ type: 'welcome', key: CANARY_KEY }));
      ready = await untilWritten(path);
      await peer.sendText('{}');
    });
    const path = join(makeTempFolder(), 'ready');
    let ready = '';
    const exit = await runTail(server.url, ['--ready-file', path, '--limit', '1']);
    expect(exit.code).toBe(0);
    expectNoKey(ready);
    expect(JSON.parse(ready)['key_prefix']).toContain(CANARY_PREFIX);
  });
});

describe('O1, O2: untrusted text on stdout', () => {
  const event = JSON.stringify({ type: `t${HOSTILE}`, [HOSTILE]: HOSTILE, lone: '\ud800' });

  test('pretty: control characters are visible, and each event is one line', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [event, `"${'\u009b'}2J"`] }));
    const exit = await runTail(server.url, ['--format', 'pretty', '--limit', '2']);
    expect(exit.code).toBe(0);
    expect(exit.stdout).not.toMatch(OBEYED);
    expect(exit.stdout.split('\n')).toHaveLength(3);
  });

  test('NDJSON: one line, no control, no bidi, the same value', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [event] }));
    const exit = await runTail(server.url, ['--json', '--limit', '1']);
    expect(exit.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
    expect(JSON.parse(exit.stdout)).toEqual(JSON.parse(event));
  });
});

describe('O3: status is on stderr only', () => {
  test('reports about connecting, loss, retry, gap, discarded messages and the summary are not on stdout', async () => {
    await using server = await startScriptedServer(
      streamHandler({
        events: ['{"n":1}'],
        finish: async (peer, index) => {
          await peer.sendText('not JSON');
          if (index === 0) peer.end();
          else await peer.sendText('{"n":2}');
        },
      }),
    );
    const args = ['--limit', '3', '--retry-max', '250ms', '--log-format', 'json'];
    const exit = await runTail(server.url, args);
    expect(exit.code).toBe(0);
    expect(exit.stdout).toBe('{"n":1}\n{"n":1}\n{"n":2}\n');
    const events = readRecords(exit.stderr).map((record) => record['event']);
    expect(events).toEqual(
      expect.arrayContaining(['connecting', 'connected', 'lost', 'retrying', 'gap', 'discarded', 'summary']),
    );
  });
});
