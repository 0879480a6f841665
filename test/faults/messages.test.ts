// Every kind of message in every format: events are printed, other messages are discarded and counted.
import { describe, expect, test } from '@jest/globals';
import { OPCODE } from '../helpers/frames.ts';
import { frame, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { expectWholeLines, lastRecord, runTail, startTail } from './start-tail.ts';

const FORMATS = [
  ['ndjson', ['--json']],
  ['pretty', ['--format', 'pretty']],
  ['envelope', ['--envelope', '--json']],
] as const;

/** Sends these messages, then waits for the client to disconnect. */
function serve(messages: readonly Uint8Array[]) {
  return startScriptedServer(
    streamHandler({
      finish: async (peer) => {
        for (const message of messages) await peer.sendRaw(message);
      },
    }),
  );
}

const texts = (...events: readonly string[]): Buffer[] => events.map((event) => frame.text(event));

describe('row 39 (K1, O1): every kind of message', () => {
  const messages = [
    frame.binary('{"binary":1}'),
    ...texts('', 'pong', '"pong"', 'ping', 'null', '42', '[]', '{', '\ufeff{}', ' pong', 'pong\n', 'true'),
    ...texts('{"end":1}'),
  ];
  const events = ['"pong"', 'null', '42', '[]', '{}', 'true', '{"end":1}'];

  test.each(FORMATS)('%s: events are printed, other messages are counted by reason', async (format, args) => {
    await using server = await serve(messages);
    const exit = await runTail(server.url, [...args, '--limit', `${events.length}`, '--log-format', 'json']);
    expect(exit.code).toBe(0);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({
      events: events.length,
      discarded: { binary: 1, 'not JSON': 5 },
    });
    const lines = exit.stdout.split('\n').slice(0, -1);
    if (format === 'ndjson') expect(lines).toEqual(events);
    if (format === 'pretty') expect(lines).toHaveLength(events.length);
    if (format === 'envelope') {
      const enveloped = lines.filter((line) => 'event' in JSON.parse(line));
      expect(enveloped.map((line) => JSON.stringify(JSON.parse(line).event))).toEqual(events);
    }
  });

  test('G4: the first discarded message is reported at once', async () => {
    await using server = await serve([frame.binary('x')]);
    const child = startTail(server.url, ['--log-format', 'json']);
    await child.waitForStderr('"discarded"');
    expect(lastRecord(child.stderrText, 'discarded')).toMatchObject({ discarded: { binary: 1 } });
  });
});

test('K1: text pings are sent at their interval, pongs are not printed, and a WebSocket ping is answered', async () => {
  await using server = await startScriptedServer(
    streamHandler({
      finish: async (peer) => {
        await peer.sendFrame({ opcode: OPCODE.ping, payload: 'are you there' });
      },
    }),
  );
  const child = startTail(server.url, ['--ping-interval', '100ms', '--pong-timeout', '5s']);
  const { frames } = await server.waitForAttempt(1);
  const isPing = (one: { opcode: number; payload: Buffer }): boolean =>
    one.opcode === OPCODE.text && one.payload.toString() === 'ping';
  await server.waitUntil(() => frames.filter(isPing).length >= 3 || undefined, 'three pings');
  const pongs = frames.filter((one) => one.opcode === OPCODE.pong);
  expect(pongs.map((one) => one.payload.toString())).toEqual(['are you there']);
  child.kill();
  const exit = await child.exit;
  expect(exit.stdout).toBe('');
  expect(exit.stderr).toContain('no gaps');
});

describe('row 34 (O1): one event, one line', () => {
  test('an event with 30 line breaks, CRLF and tabs becomes one line with the same value', async () => {
    const value = { list: Array.from({ length: 30 }, (_, n) => n), text: 'a\tb\r\nc', big: 'BIG' };
    const pretty = JSON.stringify(value, null, '\t').replace('"BIG"', '90071992547409931234.50e0');
    const sent = pretty.replaceAll('\n', '\r\n');
    expect(sent.split('\r\n').length).toBeGreaterThan(30);
    await using server = await serve(texts(sent));
    const exit = await runTail(server.url, ['--limit', '1']);
    expect(exit.stdout).toBe(`${sent.replace(/[\r\n]/g, ' ')}\n`);
    expect(JSON.parse(exit.stdout)).toEqual(JSON.parse(sent));
  });

  test('DEL, C1, separators and bidi controls are escaped; key order, duplicate keys and numbers are unchanged', async () => {
    const sent = '{"b":1.0,"a":1e400,"a":2,"t":"\u007f\u0085\u009b2J\u2028\u2029\u202e\u2066 ä\\u0041"}';
    await using server = await serve(texts(sent));
    const exit = await runTail(server.url, ['--limit', '1']);
    expect(exit.stdout).toBe(
      '{"b":1.0,"a":1e400,"a":2,"t":"\\u007f\\u0085\\u009b2J\\u2028\\u2029\\u202e\\u2066 ä\\u0041"}\n',
    );
    expect(JSON.parse(exit.stdout)).toEqual(JSON.parse(sent));
  });
});

describe('row 40: odd and huge events do not crash the output format', () => {
  const deep = 1_000_000;
  const events = [
    '['.repeat(deep) + ']'.repeat(deep),
    `${'{"a":'.repeat(100_000)}0${'}'.repeat(100_000)}`,
    '{"__proto__":{"type":"x"},"constructor":1,"toString":null,"hasOwnProperty":false}',
    '{"type":{"__proto__":null}}',
    `{"type":"long","text":"${'é'.repeat(512 * 1024)}"}`,
    `{"${'k'.repeat(1 << 20)}":1}`,
    '{"type":"dated","timestamp":1e300,"time":"+999999-12-31T23:59:59Z","at":-8640000000000001}',
    `{"type":"${'t'.repeat(10_000)}","amount":${'9'.repeat(5_000)}}`,
    '{"type":"","":{"":[]}}',
    '"\\ud800"',
  ];
  const messages = [frame.text('['.repeat(deep)), ...texts(...events)];

  test.each(FORMATS)('%s', async (format, args) => {
    await using server = await serve(messages);
    const exit = await runTail(server.url, [...args, '--limit', `${events.length}`, '--log-format', 'json']);
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 0, signal: null });
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({
      events: events.length,
      reconnects: 0,
      discarded: { 'not JSON': 1 },
    });
    expect(server.attempts).toHaveLength(1);
    if (format === 'ndjson') expect(exit.stdout === `${events.join('\n')}\n`).toBe(true);
    if (format === 'pretty') expect(exit.stdout.split('\n').slice(0, -1)).toHaveLength(events.length);
    if (format === 'envelope') expectWholeLines(exit.stdout);
  });
});
