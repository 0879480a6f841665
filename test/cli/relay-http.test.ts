// `stream relay` to an HTTP endpoint: requests, retries, dead letters, and their order.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import {
  type Answer,
  answerHalf,
  answerInTurn,
  type HttpEndpoint,
  reset,
  startHttpEndpoint,
  stayMute,
} from '../helpers/http-endpoint.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';
import { tunnelTo } from '../helpers/tunnel.ts';

const AMOUNT = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
const makeEvent = (n: number): string => `{"id":"evt_${n}","n":${n},"amount":${AMOUNT}}`;
const makeEvents = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_unused, index) => makeEvent(from + index));
const EVENTS = makeEvents(0, 10);
/** Short delays, so that a test with many failures takes only seconds. */
const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms'];

const serve = (events: readonly string[] = EVENTS): Promise<ScriptedServer> =>
  startScriptedServer(streamHandler({ events }));

interface Run {
  readonly endpoint: HttpEndpoint;
  readonly exit: TailExit;
}

const relay = (url: string, args: readonly string[], env: Record<string, string> = {}): Promise<TailExit> =>
  startTail(url, args, { command: 'relay', log: 'json', env }).finish();

/** Relays ten events to an endpoint with these answers. */
async function deliver(
  answer: Answer,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Run> {
  const endpoint = await startHttpEndpoint(answer);
  const server = await serve();
  const exit = await relay(server.url, ['--to', endpoint.url, '--limit', '10', ...EAGER, ...args], env);
  return { endpoint, exit };
}

const linesOf = (requests: HttpEndpoint['requests']): string[] => requests.flatMap(({ lines }) => lines);

describe('stream relay to an HTTP endpoint', () => {
  test('sends one POST for each event, in order, with the text and the idempotency key of the event', async () => {
    const { endpoint, exit } = await deliver(answerInTurn());
    expect(exit.code).toBe(0);
    expect(endpoint.requests.map(({ body }) => body)).toEqual(EVENTS);
    expect(endpoint.requests.map(({ key }) => key)).toEqual(EVENTS.map((_event, n) => `evt_${n}`));
    const [first] = endpoint.requests;
    expect(first).toMatchObject({ method: 'POST', url: '/hook' });
    expect(first?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(EVENTS[0]?.length),
      'user-agent': expect.stringMatching(/^atlantis-cli\//),
    });
    expect(first?.headers['expect']).toBeUndefined();
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ acknowledged: 10 });
  });

  test('--batch n: sends NDJSON with at most n events, one event per line', async () => {
    const events = ['{"a":1,\n"b":2}', '\ufeff{"mark":true}', '{"c":"\u2028"}', ...makeEvents(0, 20)];
    const endpoint = await startHttpEndpoint();
    const server = await serve(events);
    const exit = await relay(server.url, ['--to', endpoint.url, '--batch', '8', '--limit', '23']);
    expect(exit.code).toBe(0);
    expect(endpoint.requests.length).toBeLessThan(23);
    expect(endpoint.requests.every(({ lines }) => lines.length <= 8)).toBe(true);
    expect(endpoint.requests[0]?.headers['content-type']).toBe('application/x-ndjson');
    expect(linesOf(endpoint.requests).map((line) => JSON.parse(line))).toEqual(
      events.map((event) => JSON.parse(event.replace('\ufeff', ''))),
    );
    expect(linesOf(endpoint.requests).slice(3)).toEqual(makeEvents(0, 20));
  });

  test.each<[string, readonly (number | Answer)[], string]>([
    ['500', [500, 503], 'answered HTTP 500'],
    ['408', [408], 'answered HTTP 408'],
    ['429', [429], 'answered HTTP 429'],
    // The first reset is retried at once, because it could be a kept-alive connection that the server has closed.
    ['a reset', [reset, reset], 'reset the connection'],
    ['nothing', [stayMute], 'no complete response within 400 ms'],
    ['half a response', [answerHalf], 'the response was incomplete'],
    [
      'something that is not HTTP',
      [(_r, _i, _s, socket) => socket.end('SSH-2.0-x\r\n')],
      'not an HTTP response',
    ],
  ])(
    'B1: after %s the same request is retried with the same key, and the order is kept',
    async (_what, answers, words) => {
      for (const batch of ['1', '4']) {
        const { endpoint, exit } = await deliver(answerInTurn(204, ...answers), [
          '--batch',
          batch,
          '--send-timeout',
          '400ms',
        ]);
        expect(exit.code).toBe(0);
        expect(linesOf(endpoint.accepted)).toEqual(EVENTS);
        const again = endpoint.requests.slice(1, 2 + answers.length);
        expect(new Set(again.map(({ key }) => key)).size).toBe(1);
        expect(new Set(again.map(({ body }) => body)).size).toBe(1);
        const failed = pickRecords(exit, 'sink').filter(({ state }) => state === 'failed');
        expect(failed).toHaveLength(answers.includes(reset) ? 1 : answers.length);
        expect(failed[0]?.message).toContain(words);
        expect(pickRecords(exit, 'sink').at(-1)).toMatchObject({ state: 'recovered' });
      }
    },
  );

  test('waits for the time in Retry-After of a 429', async () => {
    const limited: Answer = (_request, _index, response) => {
      response.writeHead(429, { 'Retry-After': '1' }).end();
    };
    const { endpoint, exit } = await deliver(answerInTurn(limited));
    expect(exit.code).toBe(0);
    const [first, second] = endpoint.requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('B5: without --dead-letter, a refused event ends the run; with a spool, nothing is lost', async () => {
    const spool = join(makeTempFolder(), 'spool');
    const { endpoint, exit } = await deliver(answerInTurn(204, 204, 422), ['--spool', spool]);
    expect([exit.code, linesOf(endpoint.accepted)]).toEqual([5, makeEvents(0, 2)]);
    expect(pickRecords(exit, 'error')[0]).toMatchObject({
      message: expect.stringContaining('HTTP 422: status 422'),
      hint: expect.stringContaining('--dead-letter'),
    });
    const next = await serve(['{"id":"later"}']);
    const exitAgain = await relay(next.url, ['--to', endpoint.url, '--limit', '1', '--spool', spool]);
    expect(exitAgain.code).toBe(0);
    expect(linesOf(endpoint.accepted)).toEqual([...EVENTS, '{"id":"later"}']);
  });

  test('B5: --dead-letter keeps refused events with the reason; --redeliver sends them again', async () => {
    const file = join(makeTempFolder(), 'dead.ndjson');
    const refuse: Answer = (request, _index, response) => {
      const isBad = /"n":[37]\b/.test(request.body);
      response.writeHead(isBad ? 422 : 200).end(isBad ? 'no\nsuch  thing' : '');
    };
    const { endpoint, exit } = await deliver(refuse, ['--dead-letter', file]);
    expect(exit.code).toBe(0);
    expect(linesOf(endpoint.accepted)).toEqual(EVENTS.filter((_event, n) => n !== 3 && n !== 7));
    const letters = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(letters.map((line) => line.slice(line.indexOf('"event":') + 8, -1))).toEqual([
      EVENTS[3],
      EVENTS[7],
    ]);
    expect(JSON.parse(letters[0] ?? '')).toMatchObject({
      dead_letter: 1,
      to: expect.stringMatching(/^127\.0\.0\.1:\d+#[0-9a-f]{8}$/),
      reason: 'HTTP 422: no such thing',
      id: 'evt_3',
    });
    expect(pickRecords(exit, 'dead-letter').map(({ id }) => id)).toEqual(['evt_3', 'evt_7']);
    endpoint.setAnswer(answerInTurn());
    const again = await relay('', ['--redeliver', file, '--to', endpoint.url]);
    expect(again.code).toBe(0);
    expect(endpoint.accepted.slice(8).map(({ body, key }) => [body, key])).toEqual([
      [EVENTS[3], 'evt_3'],
      [EVENTS[7], 'evt_7'],
    ]);
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toEqual(letters);
  });

  test.each([
    ['deleted by another program', (file: string) => rmSync(file)],
    ['moved away', (file: string) => renameSync(file, `${file}.1`)],
  ])(
    'row 104 (B5): a dead-letter file that was %s: the next dead letter is in a new file, and that is reported',
    async (what, act) => {
      const file = join(makeTempFolder(), 'dead.ndjson');
      const { exit } = await deliver(
        (request, _index, response) => {
          if (request.body === EVENTS[4]) act(file);
          response.writeHead(/"n":[37]\b/.test(request.body) ? 422 : 200).end();
        },
        ['--dead-letter', file, '--window', '1', '--verbose'],
      );
      expect(exit.code).toBe(0);
      expect(readFileSync(file, 'utf8')).toMatch(/^\{"dead_letter":1,.*"id":"evt_7".*\}\n$/);
      expect(pickRecords(exit, 'warning').map(({ message }) => message)).toEqual([
        expect.stringContaining(`was ${what}: a new file was started`),
      ]);
    },
  );

  test('a truncated dead-letter file is repaired, damage is reported, and another kind of file is refused', async () => {
    const folder = makeTempFolder();
    const good = `{"dead_letter":1,"at":"2026-01-01T00:00:00.000Z","to":"x","reason":"r","id":"1","event":${EVENTS[1]}}`;
    const torn = join(folder, 'torn.ndjson');
    writeFileSync(torn, `${good}\n{"dead_letter":1,"at":"2026`);
    const { exit } = await deliver(answerInTurn(422), ['--dead-letter', torn]);
    expect(pickRecords(exit, 'warning')[0]?.message).toContain('at the end of the dead-letter file');
    expect(
      readFileSync(torn, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).id),
    ).toEqual(['1', 'evt_0']);
    const damaged = join(folder, 'damaged.ndjson');
    writeFileSync(damaged, `${good}\nnot a letter\n\n${good}\n`);
    const endpoint = await startHttpEndpoint();
    const redelivered = await relay('', ['--redeliver', damaged, '--to', endpoint.url]);
    expect([redelivered.code, endpoint.accepted.length]).toEqual([8, 2]);
    const other = join(folder, 'other.txt');
    writeFileSync(other, 'mine');
    const refused = await deliver(answerInTurn(), ['--dead-letter', other]);
    expect([refused.exit.code, readFileSync(other, 'utf8')]).toEqual([2, 'mine']);
    const device = await deliver(answerInTurn(), ['--dead-letter', '/dev/full']);
    expect([device.exit.code, device.exit.stderr.includes('is not a regular file')]).toEqual([2, true]);
    const missing = await relay('', ['--redeliver', join(folder, 'not-there'), '--to', endpoint.url]);
    expect(missing.code).toBe(2);
  });

  test('a batch that is too large is halved until it fits; a single event that is too large becomes a dead letter', async () => {
    const file = join(makeTempFolder(), 'dead.ndjson');
    const small: Answer = (request, _index, response) => {
      const isTooLarge = request.lines.length > 2 || request.body.includes('"n":5');
      response.writeHead(isTooLarge ? 413 : 200).end();
    };
    const { endpoint, exit } = await deliver(small, ['--batch', '10', '--dead-letter', file]);
    expect(exit.code).toBe(0);
    expect(linesOf(endpoint.accepted)).toEqual(EVENTS.filter((_event, n) => n !== 5));
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1);
  });

  test('reads headers from the environment, and never shows their values', async () => {
    const token = 'Bearer tok_0123456789abcdef';
    const echo: Answer = (request, index, response) => {
      response.writeHead(index === 0 ? 500 : 200).end(`you said ${request.headers.authorization}`);
    };
    const { endpoint, exit } = await deliver(echo, ['--header-env', 'Authorization=HOOK_TOKEN'], {
      HOOK_TOKEN: token,
    });
    expect(endpoint.requests[0]?.headers.authorization).toBe(token);
    expect(exit.stderr).toContain('you said');
    expect(exit.stderr).not.toContain('tok_0123456789abcdef');
  });

  test('a redirect is not followed', async () => {
    const other = await startHttpEndpoint();
    const { exit } = await deliver((_request, _index, response) => {
      response.writeHead(307, { Location: other.url }).end();
    });
    expect([exit.code, other.requests.length]).toEqual([5, 0]);
  });

  test('two sinks: a failing one does not delay the other, and receives every event later', async () => {
    const slow = await startHttpEndpoint(answerInTurn(500, 500, 500));
    const quick = await startHttpEndpoint();
    const server = await serve();
    const exit = await relay(server.url, ['--to', slow.url, '--to', quick.url, '--limit', '10', ...EAGER]);
    expect(exit.code).toBe(0);
    expect([linesOf(slow.accepted), linesOf(quick.accepted)]).toEqual([EVENTS, EVENTS]);
  });

  test('B7: gives up on an unreachable endpoint before it connects to the service', async () => {
    const server = await serve();
    const exit = await relay(server.url, ['--to', 'http://127.0.0.1:9/hook', ...EAGER]);
    expect([exit.code, server.attempts.length]).toEqual([7, 0]);
    expect(pickRecords(exit, 'error').map(({ message }) => message)).toEqual([
      expect.stringContaining('refused the connection'),
    ]);
  });

  test('B7: does not give up on a reachable endpoint that answers 503 at first, and loses nothing', async () => {
    const answers = Array.from({ length: 7 }, () => 503);
    const { exit, endpoint } = await deliver(answerInTurn(...answers), []);
    expect([exit.code, endpoint.accepted.length]).toEqual([0, 10]);
    expect(pickRecords(exit, 'error')).toEqual([]);
  });

  test('a signal ends the run although the endpoint does not answer, and the number of lost events is reported', async () => {
    const endpoint = await startHttpEndpoint(stayMute);
    const server = await serve();
    const { child, finish } = startTail(server.url, ['--to', endpoint.url], {
      command: 'relay',
      log: 'json',
    });
    await endpoint.waitForRequests(1);
    child.kill('SIGTERM');
    const exit = await finish();
    expect(exit.signal).toBe('SIGTERM');
    expect(pickRecords(exit, 'error')[0]).toMatchObject({ undelivered: 10 });
  });

  test.each([
    [[]],
    [['--to', 'ftp://127.0.0.1/']],
    [['--to', 'http://hook.example/']],
    [['--to', 'https://user:secret-word@hook.example/']],
    [['--to', 'https://hook.example/#x']],
    [['--to', 'http://127.0.0.1/a', '--to', 'http://127.0.0.1/a']],
    [['--to', 'http://127.0.0.1/', '--sign-with-env', 'NOT_SET_ANYWHERE']],
    [['--to', 'http://127.0.0.1/', '--sign-with-file', '/does/not/exist']],
    [['--to', 'http://127.0.0.1/', '--header-env', 'secret-word']],
    [['--to', 'http://127.0.0.1/', '--header-env', 'A=NOT_SET_ANYWHERE']],
    [['--to', 'http://127.0.0.1/', '--window', '0']],
    [['--to', 'http://127.0.0.1/', '--spool-max', '1GiB']],
    [['--to', 'http://127.0.0.1/', '--id', 'a[*]']],
    [['--to', 'http://127.0.0.1/', '--id', '.a']],
    [['--to', 'http://127.0.0.1/', '--dead-letter', 'x', '--redeliver', 'x']],
    [['--to', 'nats://127.0.0.1']],
    [['--to', 'nats://127.0.0.1/X', '--subject', 'a.*']],
    [['--to', 'nats://127.0.0.1/X', '--subject', 'a..b']],
    [['--to', 'nats://127.0.0.1/X', '--stream-replicas', '3']],
    [['--to', 'nats://127.0.0.1/X', '--create', '--dedupe-window', '2h', '--stream-max-age', '1h']],
  ])('refuses the flags %j', async (args) => {
    const server = await serve();
    const exit = await relay(server.url, args);
    expect([exit.code, exit.stderr.includes('secret-word'), server.attempts.length]).toEqual([2, false, 0]);
  });
});

const describeWithTls = hasOpenssl() ? describe : describe.skip;

describeWithTls('stream relay to an HTTPS endpoint', () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });

  test('accepts a certificate of the authority in --ca-cert, and refuses it without the flag', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(), certificates.good);
    const server = await serve();
    const args = ['--to', endpoint.url, '--limit', '10', ...EAGER];
    const strange = await relay(server.url, args);
    expect([strange.code, endpoint.requests.length]).toEqual([11, 0]);
    const trusted = await relay(server.url, [...args, '--ca-cert', certificates.caFile]);
    expect([trusted.code, linesOf(endpoint.accepted)]).toEqual([0, EVENTS]);
    const unchecked = await relay(
      server.url,
      args.map((word) => word.replace('localhost', 'hook.example')),
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    );
    expect(unchecked.code).toBe(2);
  });

  test('uses the proxy of the environment, and one tunnel for all requests', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(), certificates.wrongHost);
    const proxy = await startScriptedServer(tunnelTo(endpoint.port));
    const server = await serve();
    const env = { HTTPS_PROXY: `http://proxy-user:proxy-pass@127.0.0.1:${proxy.port}` };
    const args = [
      '--to',
      'https://wrong.example/hook',
      '--limit',
      '10',
      '--ca-cert',
      certificates.caFile,
      ...EAGER,
    ];
    const exit = await relay(server.url, args, env);
    expect([exit.code, linesOf(endpoint.accepted)]).toEqual([0, EVENTS]);
    // The first tunnel only shows that the endpoint can be reached.
    expect(proxy.attempts).toHaveLength(2);
    expect(exit.stderr).not.toContain('proxy-pass');
  });
});
