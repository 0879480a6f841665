// Several connections merged into one stream, and handover, over real sockets.
import { describe, expect, test } from '@jest/globals';
import { type EventHub, startEventHub } from '../helpers/event-hub.ts';
import { frame } from '../helpers/frames.ts';
import { type Peer, startScriptedServer } from '../helpers/scripted-server.ts';
import { startTail, type TailExit } from '../helpers/tail.ts';

const FAST_RETRY = ['--retry-min', '250ms', '--retry-max', '250ms'];
const numbersOf = ({ lines }: TailExit): number[] => lines.map((line) => JSON.parse(line).n);
const find = ({ records }: TailExit, event: string) => records.filter((record) => record.event === event);
const upTo = (n: number): number[] => Array.from({ length: n }, (_unused, i) => i + 1);

/** Returns a function that sends numbered events to all clients. */
function startNumbers(hub: EventHub, first = 1): (count: number) => void {
  let n = first;
  return (count) => {
    for (let i = 0; i < count; i += 1) hub.send(`{"n":${n++}}`);
  };
}

/**
 * Sends the events 1 to 3 in turn on both connections, and returns when both are known to have delivered the same
 * events.
 *
 * @param delivered resolves when this many events have been delivered
 */
async function sendInTurn(hub: EventHub, delivered: (count: number) => Promise<unknown>): Promise<void> {
  const [one, two, three] = upTo(3).map((n) => frame.text(`{"n":${n}}`));
  const [first, second] = hub.peers;
  const send = (peer: Peer | undefined, ...frames: (Buffer | undefined)[]): void =>
    void peer?.sendRaw(Buffer.concat(frames as Buffer[]));
  send(first, one);
  await delivered(1);
  send(second, one, two);
  await delivered(2);
  send(first, two, three);
  await delivered(3);
  send(second, three);
}

describe('row 182: one of two connections is lost', () => {
  test.each(['tail', 'library'])(
    'C10, G6: each event is delivered once, without a gap, and the run continues (%s)',
    async (how) => {
      const hub = await startEventHub();
      const send = startNumbers(hub, 4);
      if (how === 'library') {
        const { stream } = await import('../../src/stream/index.ts');
        const items: string[] = [];
        const numbers: number[] = [];
        const key = 'ak_live_0123456789abcdef0123456789abcdef';
        const events = stream({ url: hub.url, key, connections: 2, retryMinMs: 250, retryMaxMs: 250 });
        const done = (async () => {
          for await (const item of events.items()) {
            items.push(item.kind);
            if (item.kind === 'events')
              for (const event of item.batch) numbers.push((event.value as { n: number }).n);
            if (numbers.length === 9) return;
          }
        })();
        await hub.waitForLive(2);
        await sendInTurn(hub, (count) =>
          hub.server.waitUntil(() => (numbers.length >= count ? true : undefined), `${count} events`),
        );
        hub.peers[0]?.reset();
        await hub.server.waitUntil(() => (hub.liveCount === 1 ? true : undefined), 'the loss');
        send(3);
        await hub.waitForLive(2);
        send(3);
        await done;
        expect(numbers).toEqual(upTo(9));
        expect(items).not.toContain('gap');
        return;
      }
      const tail = startTail(hub.url, ['--connections', '2', '--fail-on-gap', '-n', '9', ...FAST_RETRY], {
        log: 'json',
      });
      await hub.waitForLive(2);
      await sendInTurn(hub, (count) => tail.child.waitForLines(count));
      hub.peers[0]?.reset();
      await tail.child.waitForStderr('"lost"');
      send(3);
      await hub.waitForLive(2);
      send(3);
      const exit = await tail.finish();
      expect(exit.code).toBe(0);
      expect(numbersOf(exit)).toEqual(upTo(9));
      expect(find(exit, 'lost')).toEqual([
        expect.objectContaining({ level: 'info', connection: 1, still_live: [2] }),
      ]);
      expect(find(exit, 'lost')[0]?.message).toMatch(
        /^connection 1 lost: .*; connection 2 is still live, no gap$/,
      );
      expect(find(exit, 'gap')).toEqual([]);
      expect(find(exit, 'summary')[0]).toMatchObject({
        reconnects: 1,
        gaps: 0,
        disconnected_ms: 0,
        missed: 0,
      });
    },
  );

  test('C8, G1: if the other one is lost, too, there is one gap, and --fail-on-gap ends the run', async () => {
    const hub = await startEventHub();
    const send = startNumbers(hub, 4);
    const run = (args: readonly string[]) =>
      startTail(hub.url, ['--connections', '2', ...args, ...FAST_RETRY], { log: 'json' });
    const tail = run(['-n', '5']);
    await hub.waitForLive(2);
    await tail.child.waitForStderr('(connection 2)');
    await sendInTurn(hub, (count) => tail.child.waitForLines(count));
    for (const peer of hub.peers) peer.reset();
    await hub.waitForWelcomed(3);
    await tail.child.waitForStderr('live again at');
    send(2);
    const exit = await tail.finish();
    expect([exit.code, ...numbersOf(exit)]).toEqual([0, ...upTo(5)]);
    expect(find(exit, 'gap')).toHaveLength(1);
    expect(find(exit, 'summary')[0]).toMatchObject({ gaps: 1 });

    const strict = run(['--fail-on-gap', '--envelope']);
    await hub.waitForLive(2);
    await strict.child.waitForStderr('(connection 2)');
    for (const peer of hub.peers) peer.reset();
    const failed = await strict.finish();
    expect(failed.code).toBe(12);
    expect(failed.lines.map((line) => JSON.parse(line).lifecycle)).toEqual([
      'connected',
      'connected',
      'gap',
      'end',
    ]);
  });
});

describe('C8: attempts of several connections', () => {
  test('are at least a second apart, and never use more sockets than --connections', async () => {
    const times: number[] = [];
    let open = 0;
    let most = 0;
    const server = await startScriptedServer(async (peer) => {
      times.push(performance.now());
      most = Math.max(most, ++open);
      peer.answerPings();
      peer.answerClose();
      peer.socket.once('close', () => (open -= 1));
      await peer.accept();
      await peer.welcome();
      if (times.length < 3) return;
      peer.reset();
    });
    const tail = startTail(server.url, ['--connections', '3', '--duration', '5s', ...FAST_RETRY]);
    await tail.finish();
    expect(times.length).toBeGreaterThanOrEqual(4);
    // Allows for the delay until the server sees an attempt.
    for (const [i, at] of times.slice(1, 3).entries()) expect(at - (times[i] ?? 0)).toBeGreaterThan(900);
    expect(most).toBe(3);
  });
});

describe('row 184: the service allows only one connection', () => {
  test.each([
    [
      '429',
      async (peer) =>
        peer.respond(
          429,
          { 'X-Request-Id': 'r', 'Content-Type': 'application/json' },
          '{"error":{"code":"rate_limited","message":"one"}}',
        ),
    ],
    [
      '403',
      async (peer) =>
        peer.respond(
          403,
          { 'X-Request-Id': 'r', 'Content-Type': 'application/json' },
          '{"error":{"code":"forbidden","message":"one"}}',
        ),
    ],
    [
      'close 4001',
      async (peer) => {
        await peer.accept();
        await peer.welcome();
        await peer.sendClose(4001, 'too many connections');
      },
    ],
  ] satisfies [string, (peer: import('../helpers/peer.ts').Peer) => Promise<unknown>][])(
    'C8: after %s for the second one, the run continues with one, reports that once, and does not retry',
    async (_title, refuse) => {
      let attempts = 0;
      const server = await startScriptedServer(async (peer) => {
        attempts += 1;
        peer.answerPings();
        peer.answerClose();
        if (attempts > 1) return void (await refuse(peer));
        await peer.accept();
        await peer.welcome();
      });
      const tail = startTail(server.url, ['--connections', '2', '--duration', '4s', ...FAST_RETRY], {
        log: 'json',
      });
      const exit = await tail.finish();
      expect(exit.code).toBe(0);
      expect(attempts).toBe(2);
      expect(find(exit, 'warning').map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /^the service closed or refused an additional connection: .*; continuing with 1 connection$/,
        ),
      ]);
      expect(find(exit, 'warning')[0]?.hint).toMatch(/use --connections 1, or ask support$/);
      expect(find(exit, 'gap')).toEqual([]);
    },
  );
});

describe('row 183: a connection that does not answer is replaced before it is given up', () => {
  /** Starts a hub, and a function that sends numbered events. */
  async function startSilence() {
    const hub = await startEventHub();
    const send = startNumbers(hub);
    return { hub, send };
  }

  const KEEPALIVE = ['--ping-interval', '200ms', '--pong-timeout', '3s'];

  test('K5, C8: before the pong timeout, and is closed without a loss if it answers again', async () => {
    const { hub, send } = await startSilence();
    const tail = startTail(hub.url, ['-n', '6', ...KEEPALIVE, ...FAST_RETRY], { log: 'json' });
    await hub.waitForLive(1);
    send(2);
    await tail.child.waitForLines(2);
    const first = hub.peers[0];
    first?.answerPings(false);
    await hub.waitForWelcomed(2, 10_000);
    send(2);
    await tail.child.waitForLines(4);
    first?.answerPings(true);
    await first?.untilClosed();
    send(2);
    const exit = await tail.finish();
    expect([exit.code, ...numbersOf(exit)]).toEqual([0, ...upTo(6)]);
    expect(exit.records.map(({ message }) => message)).toContain(
      'connection 1 does not answer: connection 2 replaces it',
    );
    expect(find(exit, 'lost')).toEqual([]);
    expect(find(exit, 'gap')).toEqual([]);
  });

  test('K5: and is reported as lost if it stays dead, while the stream is already live again', async () => {
    let connections = 0;
    const server = await startScriptedServer(async (peer) => {
      connections += 1;
      const isFirst = connections === 1;
      peer.answerPings(!isFirst);
      peer.answerClose(!isFirst);
      await peer.accept();
      await peer.welcome();
      await peer.sendText(`{"n":${connections}}`);
    });
    const tail = startTail(server.url, ['--duration', '6s', ...KEEPALIVE, ...FAST_RETRY], { log: 'json' });
    const exit = await tail.finish();
    expect([connections, ...numbersOf(exit)]).toEqual([2, 1, 2]);
    expect(find(exit, 'lost')).toEqual([
      expect.objectContaining({
        level: 'info',
        message: expect.stringMatching(/^connection 1 lost: .*; connection 2 is still live$/),
        connection: 1,
        still_live: [2],
      }),
    ]);
    // A gap is reported, because nothing was received in between and events may have been lost.
    expect(find(exit, 'gap')).toHaveLength(1);
    expect(find(exit, 'gap')[0]?.['duration_ms']).toBeLessThan(3_000);
  });

  test('K5: unless --no-overlap is given, which gives it up first', async () => {
    let open = 0;
    let most = 0;
    const server = await startScriptedServer(async (peer) => {
      most = Math.max(most, ++open);
      peer.socket.once('close', () => (open -= 1));
      await peer.accept();
      await peer.welcome();
    });
    const args = ['--no-overlap', '--duration', '5s', '--ping-interval', '200ms', '--pong-timeout', '1s'];
    await startTail(server.url, [...args, ...FAST_RETRY]).finish();
    expect(server.attempts.length).toBeGreaterThan(1);
    expect(most).toBe(1);
  });
});

describe('row 185: connections that deliver different events', () => {
  test('G6: missed events of one are reported once; a loss of the other one within the window is a gap', async () => {
    const hub = await startEventHub();
    const tail = startTail(
      hub.url,
      [
        '--connections',
        '2',
        '--dedupe-window',
        '1500ms',
        '-n',
        '5',
        '--retry-min',
        '250ms',
        '--retry-max',
        '250ms',
      ],
      { log: 'json' },
    );
    await hub.waitForLive(2);
    const [first, second] = hub.peers;
    hub.send('{"n":1}');
    await tail.child.waitForLines(1);
    await second?.sendText('{"n":2}');
    await first?.sendText('{"n":2}');
    await tail.child.waitForLines(2);
    await first?.sendText('{"n":3}');
    await tail.child.waitForLines(3);
    first?.reset();
    await hub.waitForWelcomed(3);
    await tail.child.waitForStderr('may be missing', 10_000);
    hub.send('{"n":4}');
    hub.send('{"n":5}');
    const exit = await tail.finish();
    expect([exit.code, ...numbersOf(exit)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(find(exit, 'warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^connection 2 did not deliver 1 of \d+ events within 1\.5 s, although another connection did/,
      ),
    ]);
    expect(find(exit, 'gap')).toEqual([expect.objectContaining({ missed: 1 })]);
  });

  test('C10: two equal events of the service are delivered twice', async () => {
    const hub = await startEventHub();
    const tail = startTail(hub.url, ['--connections', '2', '-n', '3'], { log: 'json' });
    await hub.waitForLive(2);
    hub.send('{"n":1}');
    hub.send('{"n":1}');
    hub.send('{"n":2}');
    const exit = await tail.finish();
    expect(numbersOf(exit)).toEqual([1, 1, 2]);
  });
});

describe('C8: an invalid flag for several connections', () => {
  test.each([
    [['--connections', '5'], '--connections'],
    [['--connections', '0'], '--connections'],
    [['--id', 'a[*]'], '--id'],
    [['--dedupe-window', '0'], '--dedupe-window'],
    [['--from', 'nats://127.0.0.1/S', '--connections', '2'], '--connections'],
  ])('%s is a usage error', async (args, flag) => {
    const exit = await startTail('', args).finish();
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(flag);
  });
});
