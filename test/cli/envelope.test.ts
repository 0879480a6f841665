// `--envelope`: events and lifecycle records, validated with the schema (contract G2, O1).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { CANARY_PREFIX } from '../helpers/canary.ts';
import { randomJson, seededRandom } from '../helpers/random-json.ts';
import { ROOT } from '../helpers/run-cli.ts';
import { type Peer, type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail, startTail } from '../helpers/tail.ts';

interface Line {
  readonly lifecycle?: string;
  readonly event?: unknown;
  readonly seq?: number;
  readonly connection?: number;
  readonly received_at?: string;
  readonly at?: string;
  readonly from?: string;
  readonly to?: string | null;
  readonly [member: string]: unknown;
}

const schema = JSON.parse(readFileSync(join(ROOT, 'docs/envelope.schema.json'), 'utf8'));
// The schema checks times by their patterns; `format` is only documentation.
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, validateFormats: false });
const isValid = ajv.compile(schema);
const ENVELOPE = { envelope: 1 };
const REFUSAL = JSON.stringify({ error: { code: 'unauthorized', message: 'no such key' } });
const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];

/** Parses the lines of a run, each of which must be valid and have only members of the schema. */
function readLines(texts: readonly string[]): Line[] {
  return texts.map((text) => {
    const line: Line = JSON.parse(text);
    if (!isValid(line)) throw new Error(`${text}\n${ajv.errorsText(isValid.errors)}`);
    const known = { ...schema.$defs[line.lifecycle ?? 'event'].properties, ...(line.lifecycle && ENVELOPE) };
    expect(Object.keys(line).filter((name) => !(name in known))).toEqual([]);
    return line;
  });
}

/** The kind of each record and the sequence number of each event. */
function outline(lines: readonly Line[]): unknown[] {
  return lines.map(({ lifecycle, seq }) => lifecycle ?? seq);
}

/** Connection n sends two events and then runs ending n; a connection without an ending stays open. */
function play(endings: readonly ((peer: Peer) => unknown)[]): Script {
  return (peer, index) => {
    const events = [`{"on":${index + 1}}`, `{"on":${index + 1}}`];
    return streamHandler({ events, finish: (one) => endings[index]?.(one) })(peer, index);
  };
}

describe('the lines of a run', () => {
  test('G2: connections, events, gaps and the end are in order', async () => {
    const endings = [(peer: Peer) => peer.end(), (peer: Peer) => peer.sendClose(1012, 'restart')];
    const server = await startScriptedServer(play(endings));
    const startedAt = new Date().toISOString();
    const exit = await runTail(server.url, ['--envelope', '--limit', '5', ...FAST]);
    const endedAt = new Date().toISOString();
    const lines = readLines(exit.lines);
    expect(outline(lines)).toEqual([
      'connected',
      1,
      2,
      'connected',
      'gap',
      3,
      4,
      'connected',
      'gap',
      5,
      'end',
    ]);
    const events = lines.filter(({ seq }) => seq !== undefined);
    expect(events.map(({ connection, event }) => [connection, event])).toEqual([
      [1, { on: 1 }],
      [1, { on: 1 }],
      [2, { on: 2 }],
      [2, { on: 2 }],
      [3, { on: 3 }],
    ]);
    const records = (kind: string): Line[] => lines.filter(({ lifecycle }) => lifecycle === kind);
    expect(records('connected').map(({ connection }) => connection)).toEqual([1, 2, 3]);
    expect(records('connected')[0]).toMatchObject({
      host: new URL(server.url).host,
      key_prefix: CANARY_PREFIX,
    });
    expect(records('gap').map(({ cause }) => cause)).toEqual(['dropped', 'closed-by-server']);
    // Events in the same chunk as the welcome are received before `connected` is written.
    for (const [i, gap] of records('gap').entries()) {
      const before = events.findLast((event) => event.connection === i + 1)?.received_at;
      const after = events.find((event) => event.connection === i + 2)?.received_at;
      const inOrder = [startedAt, before, gap.from, after, endedAt];
      expect(inOrder).toEqual([...inOrder].sort());
      // A gap ends with the welcome, and `connected` has the time at which it is written.
      for (const until of [records('connected')[i + 1]?.at, gap.to]) {
        const times = [startedAt, gap.from, until, endedAt];
        expect(times).toEqual([...times].sort());
      }
    }
    const end = { reason: 'limit', events: 5, gaps: 2, exit_code: 0, signal: null };
    expect(lines.at(-1)).toMatchObject(end);
    expect(exit.code).toBe(0);
  });

  test('G2: with --fail-on-gap, the open gap is followed by the end', async () => {
    const server = await startScriptedServer(play([(peer) => peer.sendClose(1001)]));
    const { code, lines: texts } = await runTail(server.url, ['--envelope', '--fail-on-gap', ...FAST]);
    const lines = readLines(texts);
    expect(outline(lines)).toEqual(['connected', 1, 2, 'gap', 'end']);
    expect(lines.at(-2)).toMatchObject({ to: null, cause: 'closed-by-server' });
    expect(lines.at(-1)).toMatchObject({ reason: 'gap', events: 2, gaps: 1, exit_code: 12, signal: null });
    expect(code).toBe(12);
  });

  test('G2: a signal while waiting for the next attempt: the open gap is printed, and the end names the signal', async () => {
    const server = await startScriptedServer(play([(peer) => peer.sendClose(1012)]));
    const tail = startTail(server.url, ['--envelope', '--retry-min', '5m', '--retry-max', '10m']);
    await tail.child.waitForStderr('retrying in');
    tail.child.kill('SIGTERM');
    const { signal, lines: texts } = await tail.finish();
    const lines = readLines(texts);
    expect(outline(lines)).toEqual(['connected', 1, 2, 'gap', 'end']);
    expect(lines.at(-2)).toMatchObject({ to: null });
    expect(lines.at(-1)).toMatchObject({ reason: 'signal', exit_code: null, signal: 'SIGTERM' });
    expect(signal).toBe('SIGTERM');
  });

  test('G2: an end after a closed gap reports no open gap', async () => {
    const server = await startScriptedServer(play([(peer) => peer.sendClose(1012)]));
    const tail = startTail(server.url, ['--envelope', ...FAST]);
    await tail.child.waitForStdout('"seq":4');
    tail.child.kill('SIGINT');
    const lines = readLines((await tail.finish()).lines);
    expect(outline(lines)).toEqual(['connected', 1, 2, 'connected', 'gap', 3, 4, 'end']);
  });

  test.each([
    {
      flags: ['--no-reconnect'],
      status: 401,
      outlined: ['end'],
      end: { reason: 'gave-up', exit_code: 3, events: 0 },
    },
    {
      flags: ['--duration', '300ms'],
      outlined: ['connected', 1, 2, 'end'],
      end: { reason: 'duration', exit_code: 0 },
    },
    {
      flags: ['--timeout', '300ms'],
      outlined: ['connected', 1, 2, 'end'],
      end: { reason: 'timeout', exit_code: 124 },
    },
    {
      flags: ['--max-silence', '300ms'],
      outlined: ['connected', 1, 2, 'end'],
      end: { reason: 'silence', exit_code: 13 },
    },
    {
      flags: ['--limit', '1'],
      outlined: ['connected', 1, 'end'],
      end: { reason: 'limit', exit_code: 0, events: 1 },
    },
    {
      flags: ['--where', 'on = 9', '--duration', '300ms'],
      outlined: ['connected', 'end'],
      end: { reason: 'duration', events: 0 },
    },
  ])('G2: the end after $flags is $end', async ({ flags, status, outlined, end }) => {
    const server = await startScriptedServer(
      status === undefined ? play([]) : (peer) => peer.respond(status, { 'X-Request-Id': 'r' }, REFUSAL),
    );
    const { code, lines: texts } = await runTail(server.url, ['--envelope', ...flags]);
    const lines = readLines(texts);
    expect(outline(lines)).toEqual(outlined);
    expect(lines.at(-1)).toMatchObject({ ...end, signal: null });
    expect(code).toBe(lines.at(-1)?.['exit_code']);
  });

  test('G2: without --envelope stdout carries events only', async () => {
    const server = await startScriptedServer(play([(peer) => peer.end()]));
    const { lines } = await runTail(server.url, ['--limit', '4', ...FAST]);
    expect(lines).toEqual(['{"on":1}', '{"on":1}', '{"on":2}', '{"on":2}']);
  });
});

describe('the event in the envelope', () => {
  test('O1: the event has the same bytes as without --envelope', async () => {
    const random = seededRandom(271_828);
    const events = Array.from({ length: 2_000 }, () => randomJson(random));
    const server = await startScriptedServer(streamHandler({ events }));
    const limit = ['--limit', String(events.length)];
    const bare = await runTail(server.url, limit);
    const wrapped = await runTail(server.url, ['--envelope', ...limit]);
    expect(bare.lines.length).toBe(events.length);
    const inside = wrapped.lines.slice(1, -1).map((line, i) => {
      const head = /^\{"received_at":"[^"]{24}","seq":(\d+),"connection":1,"event":/.exec(line);
      expect(head?.[1]).toBe(String(i + 1));
      expect(line.endsWith('}')).toBe(true);
      return line.slice(head?.[0].length, -1);
    });
    expect(inside).toEqual(bare.lines);
    readLines(wrapped.lines);
  });

  test('O1: numbers, key order, duplicates and escapes are as sent', async () => {
    const sent =
      '{"b":1.50,"a":115792089237316195423570985008687907853269984665640564039457584007913129639935,"b":-0,"\\u0062":1e400}';
    const server = await startScriptedServer(streamHandler({ events: [sent] }));
    const { lines } = await runTail(server.url, ['--envelope', '--limit', '1']);
    expect(lines[1]?.replace(/^.*?"event":/, '')).toBe(`${sent}}`);
  });

  test('G2: an event cannot look like a record', async () => {
    const sent = '{"lifecycle":"end","envelope":1,"reason":"limit"}';
    const server = await startScriptedServer(streamHandler({ events: [sent] }));
    const { lines: texts } = await runTail(server.url, ['--envelope', '--limit', '1']);
    const lines = readLines(texts);
    expect(outline(lines)).toEqual(['connected', 1, 'end']);
    expect(lines[1]?.event).toEqual(JSON.parse(sent));
  });

  test('O1: the key prefix from the server is escaped', async () => {
    const server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.welcome('ak_\u202e\u0085\u2028\n\x1b[2Jx');
      await peer.sendText('{}');
    });
    const { lines: texts } = await runTail(server.url, ['--envelope', '--limit', '1']);
    expect(texts.join('')).toMatch(/^[ -~]*$/);
    const lines = readLines(texts);
    expect(outline(lines)).toEqual(['connected', 1, 'end']);
    expect(lines[0]?.['key_prefix']).toBe('ak_\u202e\u0085\u2028\n\x1b[2Jx');
  });
});

describe('docs/envelope.schema.json', () => {
  const time = '2026-11-22T21:00:00.012Z';
  const event = { received_at: time, seq: 1, connection: 1, event: null };
  const gap = { lifecycle: 'gap', from: time, to: null, cause: 'dropped', envelope: 1 };
  const end = {
    lifecycle: 'end',
    at: time,
    reason: 'limit',
    events: 0,
    gaps: 0,
    exit_code: 0,
    signal: null,
    envelope: 1,
  };
  test.each<[string, object, boolean]>([
    ['an event', event, true],
    ['an event of a later version of the tool', { ...event, more: 1 }, true],
    ['an event without its text', { ...event, event: undefined }, false],
    ['an event that is a record too', { ...event, lifecycle: 'gap' }, false],
    ['an event with the number 0', { ...event, seq: 0 }, false],
    ['an event without a time', { ...event, received_at: '21:00' }, false],
    ['a gap', gap, true],
    ['a gap that was closed', { ...gap, to: time }, true],
    ['a gap of unknown end', { ...gap, to: undefined }, false],
    ['a gap with an event', { ...gap, event: 1 }, false],
    ['a gap without a cause', { ...gap, cause: '' }, false],
    ['a gap of another version', { ...gap, envelope: 2 }, false],
    ['an end', end, true],
    ['an end by a signal', { ...end, reason: 'signal', exit_code: null, signal: 'SIGINT' }, true],
    ['an end by a signal with an exit code', { ...end, signal: 'SIGINT' }, false],
    ['an end without either', { ...end, exit_code: null }, false],
    ['an unknown record', { ...gap, lifecycle: 'pause' }, false],
    ['neither', { at: time }, false],
  ])('a line is accepted or refused as it should be: %s', (_what, line, valid) => {
    expect(isValid(JSON.parse(JSON.stringify(line)))).toBe(valid);
  });

  test('the lines of docs/envelope.md are valid', () => {
    const doc = readFileSync(join(ROOT, 'docs/envelope.md'), 'utf8');
    const texts = /```json\n([\s\S]*?)\n```/.exec(doc)?.[1]?.split('\n') ?? [];
    expect(outline(readLines(texts))).toEqual(['connected', 1, 2, 'connected', 'gap', 3, 'end']);
  });
});
