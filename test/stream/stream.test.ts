// The library as a program uses it: events, lifecycle events, and every end.
import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  AtlantisError,
  CredentialError,
  type EventStream,
  StreamEndedError,
  type StreamEvent,
  type StreamOptions,
  stream,
  UsageError,
} from '../../src/stream/index.ts';
import { CANARY_KEY, CANARY_PREFIX, findKeyIn } from '../helpers/canary.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import {
  frame,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';

/** The stream of a server, with the shortest delays; closed with the test. */
function open(server: ScriptedServer, options: Partial<StreamOptions> = {}): EventStream {
  const opened = stream({ url: server.url, key: CANARY_KEY, retryMinMs: 1, retryMaxMs: 1, ...options });
  registerCleanup(() => opened.close());
  return opened;
}

async function take(events: EventStream, count: number): Promise<StreamEvent[]> {
  const taken: StreamEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

/** The error of a complete iteration; undefined if it ends without one. */
async function endOf(events: EventStream): Promise<unknown> {
  try {
    for await (const _event of events);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('events', () => {
  const TEXT = '{"type":"large_transfer","amount_raw":123456789012345678901234567890,"a":1.0,"a":2}';

  test('O1: have the exact text, parsed value, type, numbers and times', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [TEXT, '"pong"', 'null'] }));
    const beforeMs = Date.now();
    const [first, second, third] = await take(open(server), 3);
    expect(first).toMatchObject({ text: TEXT, line: TEXT, type: 'large_transfer', connection: 1, seq: 1 });
    expect(first?.value).toEqual({ type: 'large_transfer', amount_raw: 1.2345678901234568e29, a: 2 });
    expect(first?.value).toBe(first?.value);
    expect(first?.receivedAtMs).toBeGreaterThanOrEqual(beforeMs - 1);
    expect(first?.receivedAtMs).toBeLessThanOrEqual(Date.now() + 1);
    expect([second?.value, second?.type, second?.seq]).toEqual(['pong', undefined, 2]);
    expect([third?.value, third?.type, third?.seq]).toEqual([null, undefined, 3]);
  });

  test.each([
    ['{"event_type":"a","event":"b"}', 'a'],
    ['{"type":1,"event":"b"}', 'b'],
    ['{"__proto__":{"type":"x"}}', undefined],
    ['[{"type":"x"}]', undefined],
  ])('O8: the type of %s is %s', async (text, type) => {
    await using server = await startScriptedServer(streamHandler({ events: [text] }));
    expect((await take(open(server), 1))[0]?.type).toBe(type);
  });

  test('O1: `text` is as sent, `line` is one safe line', async () => {
    const events = ['{\r\n "a": "\u202e\u0085"}', '\ufeff{"b":1}'];
    await using server = await startScriptedServer(streamHandler({ events }));
    const [first, second] = await take(open(server), 2);
    expect(first).toMatchObject({ text: events[0], line: '{   "a": "\\u202e\\u0085"}' });
    expect(second).toMatchObject({ text: '{"b":1}', line: '{"b":1}' });
  });

  test('O8: events that filters drop have no sequence number', async () => {
    const events = ['{"type":"a","n":1}', '{"type":"b","n":2}', '{"type":"a","n":9007199254740993}'];
    await using server = await startScriptedServer(streamHandler({ events }));
    const wanted = await take(open(server, { type: 'a*', where: ['n > 0', 'n != 1'] }), 1);
    expect(wanted).toMatchObject([{ text: events[2], seq: 1 }]);
  });

  test('G4: messages that are not events are counted by reason, and not delivered', async () => {
    const discarded: string[] = [];
    await using server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.welcome();
      await peer.sendText('{');
      await peer.sendFrame({ opcode: 2, payload: '{}' });
      await peer.sendText('{}');
    });
    const onDiscarded: StreamOptions['onDiscarded'] = ({ reasons }) => void discarded.push(...reasons);
    expect(await take(open(server, { onDiscarded }), 1)).toMatchObject([{ text: '{}', seq: 1 }]);
    expect(discarded).toEqual(['not JSON', 'binary']);
  });
});

describe('lifecycle events', () => {
  const scriptOfALoss = (peer: { reset(): void }, index: number): void => {
    if (index === 0) peer.reset();
  };

  test('G1: callbacks are called in order with the events, also around a loss', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: ['1', '2'], finish: scriptOfALoss }),
    );
    const seen: unknown[] = [];
    const events = open(server, {
      onConnecting: ({ attempt }) => void seen.push(['connecting', attempt]),
      onConnected: ({ connection, keyPrefix, expectedKeyPrefix, host }) =>
        void seen.push(['connected', connection, keyPrefix, expectedKeyPrefix === keyPrefix, host]),
      onLost: ({ cause }) => void seen.push(['lost', cause.kind]),
      onRetrying: ({ wasLive, attempt }) => void seen.push(['retrying', wasLive, attempt]),
      onGap: ({ fromMs, toMs, cause }) => void seen.push(['gap', fromMs <= toMs, cause.kind]),
    });
    for await (const event of events) {
      seen.push([event.text, event.connection, event.seq]);
      if (event.seq === 4) break;
    }
    const host = `127.0.0.1:${server.port}`;
    expect(seen).toEqual([
      ['connecting', 1],
      ['connected', 1, CANARY_PREFIX, true, host],
      ['1', 1, 1],
      ['2', 1, 2],
      ['lost', 'dropped'],
      ['retrying', true, 2],
      ['connecting', 2],
      ['connected', 2, CANARY_PREFIX, true, host],
      ['gap', true, 'dropped'],
      ['1', 2, 3],
      ['2', 2, 4],
    ]);
  });

  test('items() yields everything in one sequence, with the events in batches', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: ['1', '2'], finish: scriptOfALoss }),
    );
    const kinds: string[] = [];
    let events = 0;
    for await (const item of open(server).items()) {
      if (item.kind === 'events') {
        for (const { seq } of item.batch) expect(seq).toBe(++events);
        expect(item.batch.firstSeq + item.batch.size - 1).toBe(events);
      } else kinds.push(item.kind);
      if (events === 4) break;
    }
    const once = ['connecting', 'connected'];
    expect(kinds).toEqual([...once, 'lost', 'retrying', ...once, 'gap']);
  });

  test('the stream waits for the promise of a callback', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }));
    const seen: string[] = [];
    const onConnected = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push('connected');
    };
    for await (const event of open(server, { onConnected })) {
      seen.push(event.text);
      break;
    }
    expect(seen).toEqual(['connected', '1']);
  });

  test.each(['throws', 'rejects'])('an error that a callback %s ends the stream', async (how) => {
    await using server = await startScriptedServer(streamHandler());
    const fault = new Error('mine');
    const onConnected = (): Promise<void> => {
      if (how === 'throws') throw fault;
      return Promise.reject(fault);
    };
    expect(await endOf(open(server, { onConnected }))).toBe(fault);
    const attempt = await server.waitForAttempt(1);
    expect(await server.waitUntil(() => attempt.closeFrame, 'the goodbye')).toMatchObject({ code: 1000 });
  });

  test('C4: an unexpected key is reported with both prefixes', async () => {
    await using server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.welcome('ak_live_ffffffffffff');
      await peer.sendText('1');
    });
    const connected: unknown[] = [];
    await take(open(server, { onConnected: (item) => void connected.push(item) }), 1);
    expect(connected).toMatchObject([{ keyPrefix: 'ak_live_ffffffff', expectedKeyPrefix: CANARY_PREFIX }]);
  });
});

describe('an unexpected end', () => {
  test('a refusal rejects with cause, exit code and hint, after one attempt, and does not show the key', async () => {
    await using server = await startScriptedServer(async (peer) => {
      const { headers } = await peer.readRequest();
      const error = { code: 'unauthorized', message: `no such key: ${headers['x-api-key']}\u001b[2J` };
      await peer.respond(401, { 'X-Request-Id': 'req_7' }, JSON.stringify({ error }));
    });
    const end = await endOf(open(server));
    expect(end).toBeInstanceOf(StreamEndedError);
    expect(end).toBeInstanceOf(AtlantisError);
    const cause = { kind: 'unauthorized', httpStatus: 401, errorCode: 'unauthorized', requestId: 'req_7' };
    expect(end).toMatchObject({ name: 'StreamEndedError', exitCode: 3, why: 'not-retryable', cause });
    expect((end as StreamEndedError).message).toContain('does not accept the key from the options');
    expect((end as StreamEndedError).message).toContain('\\u001b[2J');
    expect((end as StreamEndedError).hint).toBe('the key is unknown or revoked; pass a valid one');
    expect(findKeyIn(inspect(end, { depth: 9, showHidden: true }))).toEqual([]);
    expect(server.attempts).toHaveLength(1);
  });

  test('a loss without further attempts also rejects, after the events, and never ends the loop silently', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: ['1'], finish: (peer) => peer.reset() }),
    );
    const seen: string[] = [];
    const events = open(server, { maxReconnects: 0 });
    const end = await (async () => {
      for await (const { text } of events) seen.push(text);
    })().catch((error: unknown) => error);
    expect(seen).toEqual(['1']);
    expect(end).toMatchObject({ exitCode: 7, why: 'no-reconnect', cause: { kind: 'dropped' } });
  });

  test('hints mention options, not flags', async () => {
    await using server = await startScriptedServer((peer) => peer.respond(301, { Location: '/elsewhere' }));
    const end = await endOf(open(server));
    expect(end).toMatchObject({ exitCode: 5, cause: { kind: 'redirect' } });
    expect((end as StreamEndedError).hint).toMatch(/^set the option url to the final address;/);
  });
});

describe('a requested end', () => {
  /** Resolves when the server has no open sockets. */
  const untilGone = (server: ScriptedServer): Promise<true> =>
    server.waitUntil(() => (server.countOpen() === 0 ? true : undefined), 'the end of the socket');

  const NO_MORE = { done: true, value: undefined };

  test('R2: the signal aborts while connecting', async () => {
    await using server = await startScriptedServer(async (peer) => void (await peer.readRequest()));
    const controller = new AbortController();
    const next = open(server, { signal: controller.signal })[Symbol.asyncIterator]().next();
    await server.waitForAttempt(1);
    controller.abort();
    expect(await next).toEqual(NO_MORE);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await untilGone(server);
  });

  test('R2: the signal aborts while waiting for an event', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }));
    const controller = new AbortController();
    const pull = open(server, { signal: controller.signal })[Symbol.asyncIterator]();
    expect((await pull.next()).value?.text).toBe('1');
    const next = pull.next();
    controller.abort();
    expect(await next).toEqual(NO_MORE);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await untilGone(server);
  });

  test('the signal aborts while events wait to be pulled: items() still yields them, a loop over events ends', async () => {
    await using server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      // In one write, so that they arrive together.
      const all = ['1', '2', '3'].map((text) => frame.text(text));
      await peer.sendRaw(Buffer.concat([frame.text(`{"type":"welcome","key":"${CANARY_PREFIX}"}`), ...all]));
    });
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const { text } of open(server, { signal: controller.signal })) {
      seen.push(text);
      controller.abort();
    }
    expect(seen).toEqual(['1']);
    const other = new AbortController();
    for await (const item of open(server, { signal: other.signal }).items()) {
      if (item.kind === 'connected') other.abort();
      if (item.kind === 'events') seen.push(...Array.from(item.batch, ({ text }) => text));
    }
    expect(seen).toEqual(['1', '1', '2', '3']);
    expect(getEventListeners(other.signal, 'abort')).toEqual([]);
    await untilGone(server);
  });

  test('R2: the signal aborts during the delay before a retry', async () => {
    await using server = await startScriptedServer((peer) => peer.respond(503));
    const controller = new AbortController();
    const events = open(server, {
      signal: controller.signal,
      retryMinMs: 60_000,
      retryMaxMs: 60_000,
      onRetrying: () => void setImmediate(() => controller.abort()),
    });
    expect(await endOf(events)).toBeUndefined();
    expect(server.attempts).toHaveLength(1);
  });

  test('with a signal that has already aborted, the stream does not connect', async () => {
    await using server = await startScriptedServer(streamHandler());
    expect(await endOf(open(server, { signal: AbortSignal.abort() }))).toBeUndefined();
    expect(server.attempts).toHaveLength(0);
  });

  test('break closes the connection and the socket before the loop ends', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['1', '2'] }));
    const { signal } = new AbortController();
    await take(open(server, { signal }), 1);
    await untilGone(server);
    expect(server.attempts[0]?.closeFrame).toMatchObject({ code: 1000 });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test.each(['return', 'close'] as const)('%s() settles a pending pull', async (how) => {
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }));
    const events = open(server);
    const pull = events[Symbol.asyncIterator]();
    await pull.next();
    const next = pull.next();
    await (how === 'return' ? pull.return() : events.close());
    expect(await next).toEqual(NO_MORE);
    expect(await pull.next()).toEqual(NO_MORE);
    await untilGone(server);
  });

  test('`await using` closes; a stream that is closed before its first pull never connects', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }));
    {
      await using events = open(server);
      await events[Symbol.asyncIterator]().next();
    }
    await untilGone(server);
    const unused = open(server);
    await unused.close();
    expect(await endOf(unused)).toBeUndefined();
    expect(server.attempts).toHaveLength(1);
  });

  test('each stream is a single run', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }));
    const events = open(server);
    await take(events, 1);
    expect(() => events[Symbol.asyncIterator]()).toThrow(UsageError);
    expect(() => events.items()).toThrow('this stream has already been iterated');
  });
});

describe('the key', () => {
  test('a function is called before each attempt, so that a rotated key is used', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: ['1'], finish: (peer, index) => (index === 0 ? peer.reset() : undefined) }),
    );
    const keys = [CANARY_KEY, `${CANARY_KEY.slice(0, -1)}0`];
    let asked = 0;
    const events = open(server, { key: async () => ` ${keys[asked++]}\n` });
    await take(events, 2);
    expect(server.attempts.map(({ request }) => request?.headers['x-api-key'])).toEqual(keys);
    expect(asked).toBe(2);
  });

  test('an error of the function ends the stream, which does not connect', async () => {
    await using server = await startScriptedServer(streamHandler());
    const fault = new Error('the vault is closed');
    const key = (): never => {
      throw fault;
    };
    expect(await endOf(open(server, { key }))).toBe(fault);
    expect(server.attempts).toHaveLength(0);
  });

  test('P2: the result of the function is checked, and never shown', async () => {
    await using server = await startScriptedServer(streamHandler());
    const end = await endOf(open(server, { key: () => 'hunter2-hunter2' }));
    expect(end).toBeInstanceOf(CredentialError);
    expect(inspect(end)).not.toContain('hunter2');
    expect(await endOf(open(server, { key: (() => 7) as never }))).toBeInstanceOf(CredentialError);
    expect(server.attempts).toHaveLength(0);
  });

  test('waiting for a function that never resolves is ended by the connect timeout, and by the signal', async () => {
    await using server = await startScriptedServer(streamHandler());
    const never = (): Promise<string> => new Promise(() => undefined);
    const end = await endOf(open(server, { key: never, connectTimeoutMs: 20 }));
    expect((end as CredentialError).message).toBe(
      'the function in the option key returned no key within 20 ms',
    );
    const controller = new AbortController();
    const key = (signal: AbortSignal): Promise<string> => {
      expect(signal.aborted).toBe(false);
      controller.abort();
      expect(signal.aborted).toBe(true);
      return never();
    };
    expect(await endOf(open(server, { key, signal: controller.signal }))).toBeUndefined();
  });

  test('P4: neither a stream nor its items show the key', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['1'] }));
    const events = open(server);
    const seen: unknown[] = [events];
    for await (const item of events.items()) {
      seen.push(item, events);
      if (item.kind === 'events') break;
    }
    expect(findKeyIn(inspect(seen, { depth: 20, showHidden: true, getters: true }))).toEqual([]);
  });
});

describe('back-pressure', () => {
  test('O4, K3: without pulls, reading stops and pings continue; all events arrive in order', async () => {
    const pad = 'x'.repeat(50_000);
    const sent = 1_500;
    let pings = 0;
    let noteBlocked: (unsentBytes: number) => void = () => {};
    const blocked = new Promise<number>((resolve) => {
      noteBlocked = resolve;
    });
    await using server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.welcome();
      for (let n = 0; n < sent; n += 1) {
        const taken = peer.sendText(`{"n":${n},"pad":"${pad}"}`);
        if (peer.socket.writableLength < 30 * 2 ** 20) continue;
        while (pings < 3) if ((await peer.nextText()) === 'ping') pings += 1;
        // The kernel buffers are full: the client does not read.
        noteBlocked(peer.socket.writableLength);
        await taken;
      }
    });
    const events = open(server, { pingIntervalMs: 30, pongTimeoutMs: 30, maxReconnects: 0 });
    const pull = events[Symbol.asyncIterator]();
    expect((await pull.next()).value?.seq).toBe(1);
    expect(await blocked).toBeGreaterThan(0);
    let n = 1;
    for (let one = await pull.next(); one.done !== true; one = await pull.next()) {
      expect(one.value.text.startsWith(`{"n":${n},`)).toBe(true);
      n += 1;
      if (n === sent) break;
    }
    await pull.return();
    expect(n).toBe(sent);
    expect(pings).toBeGreaterThanOrEqual(3);
  });
});
