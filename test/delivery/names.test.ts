// Tables: subjects, ids, results on HTTP responses, addresses, start positions.
import { describe, expect, test } from '@jest/globals';
import { RecordQueue } from '../../src/delivery/backlog.ts';
import { parseFromFlags } from '../../src/delivery/from/read-stream.ts';
import { judgeResponse } from '../../src/delivery/http/http-exchange.ts';
import { createIdentifier, LIFECYCLE_MARK } from '../../src/delivery/sink.ts';
import type { SpoolRecord } from '../../src/delivery/spool/record.ts';
import { createTypeReader } from '../../src/events/event-type.ts';
import {
  coversSubject,
  createSubjectMaker,
  parseNatsUrl,
  parseSubject,
  widenTemplate,
} from '../../src/settings/nats-address.ts';
import { makeNumbered } from './fake-sink.ts';

const ID = [{ kind: 'member', name: 'id' }] as const;

describe('subjects', () => {
  test.each<[string | undefined, string]>([
    ['large_transfer', 'a.large_transfer'],
    ['with.dots', 'a.with_dots'],
    ['> * \u00e9\n', 'a.______'],
    ['', 'a._'],
    [undefined, 'a._'],
    ['x'.repeat(100), `a.${'x'.repeat(64)}`],
  ])('the type %j becomes %s', (type, subject) => {
    const make = createSubjectMaker('a.{type}');
    expect([make(type), make(type)]).toEqual([subject, subject]);
  });

  test.each(['a', 'a.{type}', '{type}', 'a.x-{type}.b', 'A_1.b'])('%s is a template', (subject) => {
    expect(parseSubject('--subject', subject)).toBe(subject);
  });

  test.each(['', '.', 'a.', '.a', 'a..b', 'a.*', 'a.>', 'a b', '$JS.x', 'a.{other}', 'a.{type', '\u00e9'])(
    '%j is not a template',
    (subject) => {
      expect(() => parseSubject('--subject', subject)).toThrow('invalid --subject');
    },
  );

  test.each<[string, string, boolean]>([
    ['a.*', 'a.*', true],
    ['a.*', 'a.b', true],
    ['a.>', 'a.b.c', true],
    ['>', 'a.*', true],
    ['a.b', 'a.b', true],
    ['a.b', 'a.*', false],
    ['a.*', 'a.b.c', false],
    ['a.>', 'a', false],
    ['b.*', 'a.b', false],
  ])('the stream subject %s accepts %s: %s', (pattern, subject, isCovered) => {
    expect(coversSubject(pattern, subject)).toBe(isCovered);
  });

  test('a stream for a template accepts all of its subjects', () => {
    expect(widenTemplate('a.x-{type}.b')).toBe('a.*.b');
  });
});

describe('B6: ids', () => {
  const identify = createIdentifier(ID, 'one');
  const idOf = (text: string): string => identify({ mark: 0, text: Buffer.from(text) });

  test.each<[string, string]>([
    ['{"id":"evt_1"}', 'evt_1'],
    ['{"id":123456789012345678901234567890}', '123456789012345678901234567890'],
    ['{"id":-1.50e+3}', '-1.50e+3'],
    ['{"id":"a\\u0041\\n"}', 'a\\u0041\\n'],
    ['{"id":1,"id":2}', '2'],
  ])('%s has the id %s', (text, id) => {
    expect(idOf(text)).toBe(id);
  });

  test.each([
    '{}',
    '[]',
    '"id"',
    '{"id":null}',
    '{"id":true}',
    '{"id":""}',
    '{"id":{}}',
    '{"id":"a b"}',
    `{"id":"${'x'.repeat(300)}"}`,
  ])('%s has a hash as its id', (text) => {
    expect(idOf(text)).toMatch(/^[0-9a-f]{64}$/);
    expect(idOf(text)).toBe(idOf(text));
  });

  test('the id of a lifecycle record depends on the relay, the id of an event does not', () => {
    const other = createIdentifier(ID, 'two');
    const record = { mark: LIFECYCLE_MARK, text: Buffer.from('{"id":"x"}') };
    const event = { mark: 0, text: Buffer.from('{"no":"id"}') };
    expect(identify(record)).not.toBe(other(record));
    expect(identify(event)).toBe(other(event));
  });

  test.each<[string, string | undefined]>([
    ['{"event":"c","event_type":"b","type":"a"}', 'a'],
    ['{"type":1,"event_type":"b"}', 'b'],
    ['{"event":"\\u0063"}', 'c'],
    ['{"type":null}', undefined],
    ['[{"type":"a"}]', undefined],
  ])('the type of %s is %s', (text, type) => {
    expect(createTypeReader()(Buffer.from(text))).toBe(type);
  });
});

describe('the result of a delivery over HTTP', () => {
  test.each<[number, string]>([
    [200, 'accepted'],
    [204, 'accepted'],
    [301, 'failed'],
    [400, 'refused'],
    [401, 'refused'],
    [404, 'refused'],
    [408, 'failed'],
    [413, 'refused'],
    [422, 'refused'],
    [425, 'failed'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
    [599, 'failed'],
  ])('status %i: %s', (status, kind) => {
    const result = judgeResponse({ status, retryAfterMs: 5, body: '' }, 'h', true, String);
    expect(result.kind).toBe(kind);
    if (result.kind === 'failed') expect(result.fault.exitCode).toBeUndefined();
  });

  test('a redirect ends a run in which nothing was delivered', () => {
    const result = judgeResponse({ status: 302, retryAfterMs: undefined, body: '' }, 'h', false, String);
    expect(result).toMatchObject({ kind: 'failed', fault: { exitCode: 5 } });
  });
});

describe('addresses and start positions', () => {
  test.each<[string, readonly string[], boolean, string | undefined]>([
    ['nats://h', ['h:4222'], false, undefined],
    ['tls://h:1/S', ['h:1'], true, 'S'],
    ['NATS://a,b:2,[::1]:3/S-1', ['a:4222', 'b:2', '[::1]:3'], false, 'S-1'],
    ['nats://h/', ['h:4222'], false, undefined],
  ])('the address %s is read', (text, servers, isTls, stream) => {
    expect(parseNatsUrl('--to', text)).toEqual({ servers, host: servers.join(','), isTls, stream });
  });

  test.each([
    'nats://',
    'nats:///S',
    'nats://h:0',
    'nats://h:x',
    'nats://a b',
    'nats://h/a.b',
    'nats://h?x',
    'nats://a,,b',
    'nats://u@h',
  ])('the address %s is refused', (text) => {
    expect(() => parseNatsUrl('--to', text)).toThrow('--to');
  });

  const nowMs = Date.UTC(2026, 0, 2);
  test.each<[string, object]>([
    ['7', { kind: 'seq', seq: 7 }],
    ['90s', { kind: 'time', atMs: nowMs - 90_000 }],
    ['1h30m', { kind: 'time', atMs: nowMs - 5_400_000 }],
    ['2026-01-01T00:00:00Z', { kind: 'time', atMs: nowMs - 86_400_000 }],
    ['2026-01-01T02:00+02:00', { kind: 'time', atMs: nowMs - 86_400_000 }],
  ])('--since %s is read', (since, start) => {
    expect(parseFromFlags({ from: 'nats://h/S', since }, nowMs).start).toEqual(start);
  });
});

test('a queue keeps the numbers and the size of its records when some are dropped', () => {
  const queue = new RecordQueue(5);
  const [record] = makeNumbered(1, 2) as [SpoolRecord];
  for (let n = 5; n < 1_000; n += 1) {
    queue.push(record);
    if (n % 3 === 0) queue.dropBefore(n - 2);
    expect(queue.get(n)).toBe(record);
  }
  expect([queue.first, queue.end, queue.get(996), queue.bytes]).toEqual([997, 1_000, undefined, 3]);
  queue.dropBefore(6_000);
  queue.push(record);
  expect([queue.first, queue.end, queue.get(6_000), queue.bytes]).toEqual([6_000, 6_001, record, 1]);
});
