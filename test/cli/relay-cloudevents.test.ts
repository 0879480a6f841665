// `stream relay --payload cloudevents` and `--traceparent`. The official SDK reads the requests and messages.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CloudEvent, HTTP } from 'cloudevents';
import { makeTempFolder } from '../helpers/cleanup.ts';
import {
  answerInTurn,
  type HttpEndpoint,
  reset,
  startHttpEndpoint,
  takeAll,
} from '../helpers/http-endpoint.ts';
import { describeWithNats, type NatsServer, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { startTail, type TailExit } from '../helpers/tail.ts';

const AMOUNT = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
const EVENTS = [
  `{"id":"evt_1","type":"transfer","timestamp":"2026-01-31T12:00:00.5+08:00","amount":${AMOUNT},"e":1E400}`,
  '{"id":12345678901234567890123,"type":"größe \\"2\\" 100%","ts":1769860800}',
  '\ufeff{ "id":"x","type":"\\ud800\\u0000",\n "created_at":"yesterday" }',
  `{"type":"${'long'.repeat(100)}","timestamp":"0000-01-01T00:00:00+01:00"}`,
  `[${AMOUNT}]`,
  '{"id":"","type":{"a":1},"event":null,"timestamp":"9999-12-31T23:30:00-01:00"}',
  '{"type":""}',
  '"text"',
  'null',
];
/** The events as they arrive: without byte order marks. */
const TEXTS = EVENTS.map((event) => event.replace('\ufeff', ''));
const SHA256 = expect.stringMatching(/^[0-9a-f]{64}$/);
/** The time of an event without a timestamp: the SDK inserts the current time. */
const NOW = expect.stringMatching(/Z$/);
const COMMON = { specversion: '1.0', source: '/atlantis/stream', datacontenttype: 'application/json' };
/** The attributes of the events as the SDK reads them. */
const EXPECTED = [
  { ...COMMON, id: 'evt_1', type: 'transfer', time: '2026-01-31T04:00:00.500Z' },
  { ...COMMON, id: '12345678901234567890123', type: 'größe "2" 100%', time: '2026-01-31T12:00:00.000Z' },
  { ...COMMON, id: 'x', type: '\ufffd\ufffd', time: NOW },
  { ...COMMON, id: SHA256, type: 'long'.repeat(50), time: NOW },
  ...Array.from({ length: 5 }, () => ({ ...COMMON, id: SHA256, type: 'atlantis.event', time: NOW })),
];
const HAS_TIME = EVENTS.map((_event, at) => at < 2);

async function relay(args: readonly string[], events: readonly string[] = EVENTS): Promise<TailExit> {
  const { url } = await startScriptedServer(streamHandler({ events }));
  const all = ['--limit', String(events.length), '--retry-min', '250ms', '--retry-max', '250ms', ...args];
  return startTail(url, all, { command: 'relay', log: 'json' }).finish();
}

interface Message {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** @throws if the SDK does not accept the message */
function readEvents({ headers, body }: Message): CloudEvent<unknown>[] {
  const found = HTTP.toEvent<unknown>({ headers, body });
  return [found].flat().map((event) => new CloudEvent(event, true));
}

const pickAttributes = ({ specversion, id, source, type, time, datacontenttype }: CloudEvent<unknown>) => ({
  specversion,
  id,
  source,
  type,
  time,
  datacontenttype,
});

describe('row 174 (B16): CloudEvents over HTTP', () => {
  test('a request with one event: the SDK reads the attributes, and the data is the unchanged text of the event', async () => {
    const endpoint = await startHttpEndpoint();
    expect((await relay(['--to', endpoint.url, '--payload', 'cloudevents'])).code).toBe(0);
    expect(endpoint.requests.map(({ headers }) => headers['content-type'])).toEqual(
      EVENTS.map(() => 'application/cloudevents+json'),
    );
    expect(endpoint.requests.flatMap(readEvents).map(pickAttributes)).toEqual(EXPECTED);
    expect(endpoint.requests.map(({ body }) => /,"data":(.*)}$/s.exec(body)?.[1])).toEqual(TEXTS);
    expect(endpoint.requests.map(({ body }) => body.includes('"time":'))).toEqual(HAS_TIME);
    expect(endpoint.requests.map(({ key }) => key)).toEqual(EXPECTED.map(({ id }) => id));
  });

  test('a batch is sent again unchanged after a failure', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(503));
    const exit = await relay([
      ...['--to', endpoint.url, '--payload', 'cloudevents', '--batch', '3'],
      ...['--ce-source', 'urn:example:chain'],
    ]);
    expect(exit.code).toBe(0);
    const [first, again] = endpoint.requests;
    expect(again).toMatchObject({ body: first?.body, key: first?.key });
    expect(first?.headers['content-type']).toBe('application/cloudevents-batch+json');
    expect(endpoint.accepted.flatMap(readEvents).map(pickAttributes)).toEqual(
      EXPECTED.map((event) => ({ ...event, source: 'urn:example:chain' })),
    );
    const sent = endpoint.accepted.map(({ body }) => body).join('');
    for (const text of TEXTS) expect(sent).toContain(`,"data":${text}}`);
  });

  test.each([
    [['--ce-source', '/x'], '--ce-source requires --payload'],
    [['--payload', 'cloudevents', '--ce-source', 'a b'], 'invalid --ce-source'],
    [['--payload', 'xml'], 'invalid --payload'],
  ])('%j is refused', async (args, words) => {
    const exit = await relay(['--to', 'http://127.0.0.1:9/', ...args]);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(words);
  });
});

const OWN_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACED = [
  `{"id":"a","traceparent":"00-${OWN_TRACE}-00f067aa0ba902b7-00"}`,
  '{"id":"b"}',
  `{"id":"c","traceparent":"00-${'0'.repeat(32)}-00f067aa0ba902b7-01"}`,
];

const traceOf = ({ headers }: Pick<HttpEndpoint['requests'][number], 'headers'>): string[] => {
  const header = String(headers['traceparent']);
  expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  return header.split('-').slice(1);
};

describe('row 175 (B17): traceparent', () => {
  test('an event has the same trace from every relay, or continues its own trace; each attempt is a new span', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(204, 503, reset));
    const args = ['--to', endpoint.url, '--traceparent'];
    expect((await relay(args, TRACED)).code).toBe(0);
    expect((await relay([...args, '--name', 'other'], TRACED)).code).toBe(0);
    const spans = new Set(endpoint.requests.map((request) => traceOf(request)[1]));
    expect(spans.size).toBe(endpoint.requests.length);
    const tracesOf = (id: string): Set<string> =>
      new Set(
        endpoint.requests
          .filter(({ key }) => key === id)
          .map((request) =>
            traceOf(request)
              .filter((_part, at) => at !== 1)
              .join(),
          ),
      );
    expect(tracesOf('a')).toEqual(new Set([`${OWN_TRACE},00`]));
    // Event b was refused once and reset once.
    expect([...tracesOf('b')]).toEqual([expect.stringMatching(/^[0-9a-f]{32},01$/)]);
    expect([...tracesOf('c')]).toEqual([expect.stringMatching(/[1-9a-f].*,01$/)]);
    expect([...tracesOf('c')]).not.toEqual([...tracesOf('b')]);
  });

  test('a batch has one trace in all attempts, also after a restart with a spool', async () => {
    const refuse = answerInTurn(...Array.from({ length: 50 }, () => 503));
    const endpoint = await startHttpEndpoint(refuse);
    const spool = makeTempFolder();
    const args = ['--to', endpoint.url, '--traceparent', '--batch', '3', '--spool', spool];
    expect((await relay([...args, '--timeout', '1s'], TRACED)).code).toBe(124);
    endpoint.setAnswer(takeAll);
    expect((await relay([...args, '--timeout', '5s', '--limit', '1'], ['{"id":"d"}'])).code).toBe(0);
    const first = endpoint.requests[0];
    const same = endpoint.requests.filter(({ key }) => key === first?.key);
    expect(same.length).toBeGreaterThan(2);
    expect(new Set(same.map((request) => traceOf(request)[0])).size).toBe(1);
  });

  test('without the flag, requests have no such header', async () => {
    const endpoint = await startHttpEndpoint();
    await relay(['--to', endpoint.url], TRACED);
    expect(endpoint.requests.map(({ headers }) => headers['traceparent'])).toEqual(
      TRACED.map(() => undefined),
    );
  });
});

describeWithNats('CloudEvents over NATS', () => {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNatsServer({ lifetime: 'file' });
  });

  test('row 174 (B16): the SDK reads the headers, and the message is the event, byte for byte', async () => {
    const exit = await relay([
      ...['--to', `${nats.url}/EVENTS`, '--create', '--payload', 'cloudevents', '--traceparent'],
    ]);
    expect(exit.code).toBe(0);
    const kept = await readStream(nats.url, 'EVENTS');
    const events = kept.filter(({ kind }) => kind === '');
    // The client of this test removes the byte order mark.
    expect(events.map(({ text }) => text)).toEqual(TEXTS);
    expect(events.map(({ headers }) => headers['ce-time'] !== undefined)).toEqual(HAS_TIME);
    expect(events.map(({ headers }) => headers['ce-type'])).toEqual([
      'transfer',
      'gr%C3%B6%C3%9Fe%20%222%22%20100%25',
      '%EF%BF%BD%EF%BF%BD',
      'long'.repeat(50),
      ...EVENTS.slice(4).map(() => 'atlantis.event'),
    ]);
    const read = kept.map(({ text, headers }) => {
      const decoded = Object.entries(headers).map(([name, value]) => [name, decodeURIComponent(value)]);
      return readEvents({
        headers: { ...Object.fromEntries(decoded), 'content-type': 'application/json' },
        body: text,
      });
    });
    const found = read.flat().map(pickAttributes);
    expect(found.filter(({ type }) => type !== 'atlantis.lifecycle')).toEqual(EXPECTED);
    expect(found.filter(({ type }) => type === 'atlantis.lifecycle').length).toBeGreaterThan(0);
    expect(new Set(kept.map((message) => traceOf(message)[0])).size).toBe(kept.length);
    // tail reads these messages like all others.
    const tail = startTail('', ['--from', `${nats.url}/EVENTS`, '--since', '1', '--limit', '1']);
    expect((await tail.finish()).stdout).toBe(`${EVENTS[0]}\n`);
  });

  test('headers count towards the message size limit of the server', async () => {
    const small = await startNatsServer({ extra: 'max_payload: 2048' });
    const event = `{"id":"a","type":"${'é'.repeat(180)}","pad":"${'x'.repeat(500)}"}`;
    const to = ['--to', `${small.url}/X`, '--create', '--no-lifecycle'];
    const exit = await relay([...to, '--payload', 'cloudevents'], [event]);
    expect(exit.code).toBe(5);
    expect((await relay(to, [event])).code).toBe(0);
  });
});
