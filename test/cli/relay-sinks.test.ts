// `stream relay` when a sink does not accept events: with and without a spool, alone and together with another sink.
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { countWaiting } from '../faults/relay-events.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { type Answer, answerInTurn, startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import { describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { startScriptedNats } from '../helpers/scripted-nats.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type Tail, type TailExit } from '../helpers/tail.ts';
import { untilTrue, Watch } from '../helpers/watch.ts';

const EVENTS = Array.from({ length: 10 }, (_unused, n) => `{"id":"evt_${n}","n":${n}}`);
const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms', '--no-lifecycle'];

async function relay(args: readonly string[], env: Record<string, string> = {}): Promise<Tail> {
  const server = await startScriptedServer(streamHandler({ events: EVENTS }));
  return startTail(server.url, [...args, ...EAGER], { command: 'relay', log: 'json', env });
}

const run = async (args: readonly string[], env: Record<string, string> = {}): Promise<TailExit> =>
  await (await relay(args, env)).finish();

const newSpool = (): string => join(makeTempFolder(), 'spool');
const bodies = (endpoint: { readonly accepted: readonly { readonly body: string }[] }): string[] =>
  endpoint.accepted.map(({ body }) => body);
const always =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, _index, response) => {
    response.writeHead(status, headers).end();
  };

describe('row 147: a fault at the start that does not heal by itself', () => {
  interface Fault {
    /** `--to` with its related flags. */
    readonly args: readonly string[];
    readonly message: string;
    readonly exitCode: number;
    /** Makes the sink accept events. */
    repair?(): Promise<void> | void;
  }

  const redirect = async (): Promise<Fault> => {
    const endpoint = await startHttpEndpoint(always(301, { Location: 'http://127.0.0.1:9/' }));
    return {
      args: ['--to', endpoint.url],
      message: 'answered HTTP 301',
      exitCode: 5,
      repair: () => endpoint.setAnswer(takeAll),
    };
  };
  const unauthorized = async (): Promise<Fault> => {
    const endpoint = await startHttpEndpoint(always(401));
    return {
      args: ['--to', endpoint.url],
      message: 'answered HTTP 401',
      exitCode: 5,
      repair: () => endpoint.setAnswer(takeAll),
    };
  };

  /** With a spool: the fault is reported, events are received and kept, and delivered after the repair. */
  async function survives({ args, message, repair }: Fault): Promise<void> {
    const spool = newSpool();
    const tail = await relay([...args, '--spool', spool, '--limit', '10']);
    await tail.child.waitForStderr('"failed"');
    await untilTrue(() => countWaiting(spool) >= 9, 'the spool');
    await repair?.();
    if (repair === undefined) tail.child.kill('SIGTERM');
    const exit = await tail.finish();
    expect(exit.code).toBe(repair === undefined ? null : 0);
    const [failed] = pickRecords(exit, 'sink').filter(({ state }) => state === 'failed');
    expect(failed).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/; events are kept in the spool; retrying in /),
    });
    expect(failed?.message).toContain(message);
    expect(countWaiting(spool)).toBe(repair === undefined ? 10 : 0);
  }

  async function ends({ args, message, exitCode }: Fault): Promise<void> {
    const exit = await run([...args, '--limit', '10']);
    expect(exit.code).toBe(exitCode);
    expect(pickRecords(exit, 'error')[0]?.message).toContain(message);
  }

  test.each([
    ['a redirect', redirect],
    ['401', unauthorized],
  ])('%s: with a spool the run waits, without one it ends', async (_what, make) => {
    await survives(await make());
    await ends(await make());
  });

  (hasOpenssl() ? test : test.skip)(
    'an expired certificate: with a spool the run waits, without one it ends',
    async () => {
      const certificates: Certificates = makeCertificates();
      const endpoint = await startHttpEndpoint(takeAll, certificates.expired);
      const fault = {
        args: ['--to', endpoint.url, '--ca-cert', certificates.caFile],
        message: 'has expired',
        exitCode: 11,
      };
      await survives(fault);
      await ends(fault);
    },
  );

  describeWithNats('of a nats-server', () => {
    test('a missing stream: with a spool the run waits until the stream exists, without one it ends', async () => {
      const nats = await startNatsServer();
      const args = ['--to', `${nats.url}/X`];
      const fault = { args, message: 'has no such JetStream stream', exitCode: 5 };
      await ends(fault);
      await survives({
        ...fault,
        // Another relay creates the stream.
        async repair() {
          expect((await run(['--to', `${nats.url}/X`, '--create', '--limit', '1'])).code).toBe(0);
        },
      });
      expect((await readStream(nats.url, 'X')).map(({ text }) => text)).toEqual(EVENTS);
    });

    test('refused credentials: with a spool the run waits, without one it ends', async () => {
      const nats = await startNatsServer({ extra: 'authorization { token: "token-0123456789abcdef" }' });
      const fault = {
        args: ['--to', `${nats.url}/X`],
        message: 'does not accept the NATS credentials',
        exitCode: 3,
      };
      await survives(fault);
      await ends(fault);
    });
  });
});

describe('row 148: a sink that refuses an event without --dead-letter', () => {
  const refuseThird: Answer = (request, _index, response) => {
    response.writeHead(request.body.includes('"n":3') ? 422 : 200).end();
  };

  test.each(['with a spool', 'without a spool'])(
    '%s: only this sink stops, the other one receives every event, exit 5',
    async (how) => {
      const strict = await startHttpEndpoint(refuseThird);
      const lenient = await startHttpEndpoint();
      const spool = newSpool();
      const args = [
        '--to',
        strict.url,
        '--to',
        lenient.url,
        ...(how === 'with a spool' ? ['--spool', spool] : []),
      ];
      const exit = await run([...args, '--limit', '10']);
      expect(exit.code).toBe(5);
      expect(bodies(lenient)).toEqual(EVENTS);
      expect(bodies(strict)).toEqual(EVENTS.slice(0, 3));
      expect(pickRecords(exit, 'sink').find(({ state }) => state === 'stopped')).toMatchObject({
        level: 'error',
        message: expect.stringContaining('refused an event: HTTP 422'),
        hint: expect.stringContaining('--dead-letter'),
      });
      expect(pickRecords(exit, 'error')[0]?.message).toMatch(/^1 of 2 sinks stopped: .*refused an event/);
      if (how === 'without a spool') {
        expect(pickRecords(exit, 'error')[1]).toMatchObject({ undelivered: 7 });
        return;
      }
      // The next run ends in the same way; once the sink accepts the event, nothing is missing.
      expect((await run([...args, '--limit', '10'])).code).toBe(5);
      strict.setAnswer(takeAll);
      expect((await run([...args, '--limit', '10'])).code).toBe(0);
      expect(bodies(strict)).toEqual([...EVENTS, ...EVENTS, ...EVENTS]);
      expect(countWaiting(spool)).toBe(0);
    },
  );

  test('a stopped sink with a full spool does not pause the others, and the events that it misses are counted', async () => {
    const strict = await startHttpEndpoint(always(422));
    const lenient = await startHttpEndpoint();
    const events = Array.from(
      { length: 60 },
      (_unused, n) => `{"id":"evt_${n}","pad":"${'x'.repeat(2_000)}"}`,
    );
    const server = await startScriptedServer(streamHandler({ events }));
    const args = ['--to', strict.url, '--to', lenient.url, '--spool', newSpool(), '--spool-max', '50KB'];
    const exit = await startTail(server.url, [...args, ...EAGER, '--limit', '60', '--window', '1'], {
      command: 'relay',
      log: 'json',
    }).finish();
    expect([exit.code, lenient.accepted.length]).toEqual([5, 60]);
    expect(pickRecords(exit, 'warning').map(({ message }) => message)).toEqual([
      expect.stringContaining('has stopped, and there is no more room for its events'),
    ]);
    const [summary] = pickRecords(exit, 'summary');
    const undelivered = exit.records.flatMap(({ undelivered: count }) =>
      count === undefined ? [] : [count],
    );
    expect(
      [summary?.['lost'], summary?.['spooled'], ...undelivered].reduce<number>(
        (sum, n) => sum + Number(n),
        0,
      ),
    ).toBe(60);
    expect(Number(summary?.['lost'])).toBeGreaterThan(0);
  });

  test('an earlier event that failed is sent again before the sink stops', async () => {
    // The server refuses the second event for good after the first one has failed.
    const nats = await startScriptedNats(({ text }, index) => {
      const seq = 1 + Number(/evt_(\d+)/.exec(text)?.[1]);
      const tooLarge =
        '{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}}';
      if (index === 0) return '{"error":{"code":503,"err_code":10008,"description":"no leader"}}';
      return text.includes('evt_1') ? tooLarge : `{"stream":"EVENTS","seq":${seq}}`;
    });
    const exit = await run(['--to', nats.url, '--limit', '10', '--window', '2', '--spool', newSpool()]);
    expect(exit.code).toBe(5);
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ spooled: 9 });
    expect(nats.published.filter(({ text }) => text === EVENTS[0])).toHaveLength(2);
  });
});

describe('row 150: Retry-After', () => {
  test('of a year is shortened to 15 minutes, and the message says so', async () => {
    const endpoint = await startHttpEndpoint(always(503, { 'Retry-After': '31536000' }));
    const tail = await relay(['--to', endpoint.url]);
    await tail.child.waitForStderr('"failed"');
    tail.child.kill('SIGTERM');
    const [failed] = pickRecords(await tail.finish(), 'sink');
    expect(failed?.delay_ms).toBeGreaterThanOrEqual(900_000);
    expect(failed?.delay_ms).toBeLessThanOrEqual(990_000);
    expect(failed?.message).toMatch(/retrying in 1[56]m.* \(it asked for /);
  });
});

describe('row 151: refusals', () => {
  const letters = (file: string): unknown[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id);

  test('of events in batches: only the refused events become dead letters', async () => {
    const events = Array.from({ length: 200 }, (_unused, n) => `{"id":"evt_${n}","n":${n}}`);
    const isBad = (line: string): boolean => [7, 8, 63, 120, 199].includes(JSON.parse(line).n);
    const endpoint = await startHttpEndpoint((request, _index, response) => {
      response.writeHead(request.lines.some(isBad) ? 400 : 200).end();
    });
    const file = join(makeTempFolder(), 'dead.ndjson');
    const server = await startScriptedServer(streamHandler({ events }));
    const exit = await startTail(
      server.url,
      ['--to', endpoint.url, '--batch', '50', '--limit', '200', '--dead-letter', file, ...EAGER],
      { command: 'relay', log: 'json' },
    ).finish();
    expect(exit.code).toBe(0);
    expect(letters(file)).toEqual(['evt_7', 'evt_8', 'evt_63', 'evt_120', 'evt_199']);
    expect(endpoint.accepted.flatMap(({ lines }) => lines)).toEqual(events.filter((line) => !isBad(line)));
  });

  test.each([401, 403, 404, 405, 407, 410])(
    'by a temporary %i: no event becomes a dead letter',
    async (status) => {
      const file = join(makeTempFolder(), 'dead.ndjson');
      const endpoint = await startHttpEndpoint(answerInTurn(204, 204, status, status, status));
      const exit = await run(['--to', endpoint.url, '--limit', '10', '--dead-letter', file]);
      expect([exit.code, bodies(endpoint), readFileSync(file, 'utf8')]).toEqual([0, EVENTS, '']);
      const failed = pickRecords(exit, 'sink').filter(({ state }) => state === 'failed');
      expect(failed.map(({ level }) => level)).toEqual(['error', 'error', 'error']);
      expect(failed[0]?.hint).toBe('check the address of the sink and its credentials');
    },
  );
});

describe('row 153 (§ 2, exit 14): the run ends as requested before everything is delivered', () => {
  describeWithNats('to a nats-server without JetStream', () => {
    test('exit 14 with the number of messages, and a hint to start nats-server with -js', async () => {
      const nats = await startNatsServer({ jetStream: false });
      const spool = newSpool();
      const exit = await run(['--to', `${nats.url}/X`, '--limit', '5', '--spool', spool]);
      expect(exit.code).toBe(14);
      expect(pickRecords(exit, 'error').map(({ message }) => message)).toEqual([
        '5 messages could not be delivered before the end',
      ]);
      expect(pickRecords(exit, 'sink')[0]?.['hint']).toContain('nats-server runs with -js');
      expect(countWaiting(spool)).toBe(5);
    });
  });
});

/** Starts a server that accepts connections and sends nothing. */
async function startSilentPort(): Promise<{ readonly port: number; untilClosed(): Promise<void> }> {
  const open = new Set<Socket>();
  const watch = new Watch();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined).resume());
    socket.on('close', () => {
      open.delete(socket);
      watch.notify();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    untilClosed: async () =>
      void (await watch.until(() => (open.size === 0 ? true : undefined), 'the sockets')),
  };
}

describe('row 154: a NATS port that accepts connections and sends nothing', () => {
  test.each<[string, readonly string[], number]>([
    ['--timeout', ['--timeout', '1s'], 124],
    ['--timeout with a spool', ['--timeout', '1s', '--spool'], 124],
    ['the limits of the first attempts', ['--max-reconnects', '1'], 7],
  ])('%s ends a relay in time, and no socket stays open', async (_what, args, code) => {
    const silent = await startSilentPort();
    const to = `nats://127.0.0.1:${silent.port}/X`;
    const all = args.flatMap((word) => (word === '--spool' ? [word, newSpool()] : [word]));
    const exit = await run(['--to', to, '--connect-timeout', '500ms', ...all]);
    expect(exit.code).toBe(code);
    await silent.untilClosed();
  });

  test('--timeout ends tail --from in time, and no socket stays open', async () => {
    const silent = await startSilentPort();
    const args = [
      '--from',
      `nats://127.0.0.1:${silent.port}/X`,
      '--connect-timeout',
      '500ms',
      '--timeout',
      '1s',
    ];
    const exit = await startTail('', args, { log: 'json' }).finish();
    expect(exit.code).toBe(124);
    await silent.untilClosed();
  });
});

describe('row 160: a sink that fails for a long time', () => {
  test('the circuit opens and closes once, both are reported, and while it is open single events test the sink', async () => {
    const endpoint = await startScriptedNats(({ text }, index) =>
      // Windows of two events until the circuit opens, then one event for each attempt.
      index < 4 + 8
        ? '{"error":{"code":503,"err_code":10008,"description":"no leader"}}'
        : `{"stream":"EVENTS","seq":${1 + Number(/evt_(\d+)/.exec(text)?.[1])}}`,
    );
    const exit = await run(['--to', endpoint.url, '--limit', '10', '--window', '2', '--spool', newSpool()]);
    expect(exit.code).toBe(0);
    const steps = pickRecords(exit, 'sink').filter(
      ({ state }) => state === 'failed' || state === 'recovered',
    );
    expect(steps.filter(({ level }) => level !== 'debug').map(({ circuit }) => circuit)).toEqual([
      ...['closed', 'closed', 'closed', 'closed', 'open', 'closed'],
    ]);
    expect(steps.find(({ circuit }) => circuit === 'open')?.message).toContain('failed 5 times in a row');
    const tries = endpoint.published.slice(10, 12).map(({ text }) => text);
    expect(tries).toEqual([EVENTS[0], EVENTS[0]]);
  });
});
