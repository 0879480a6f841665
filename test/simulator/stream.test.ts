import { describe, expect, test } from '@jest/globals';
import { parseScript } from '../../src/simulator/script.ts';
import { openRaw, requestUpgrade } from './raw-client.ts';
import { connectClient, openSimulator } from './stream-client.ts';

const OTHER_KEY = 'ak_live_ffffffffffffffffffffffffffffffff';

describe('the stream', () => {
  test('begins with the welcome, which names the prefix of the key', async () => {
    const client = connectClient(await openSimulator(), { key: OTHER_KEY });
    const [welcome] = await client.untilTexts(1);
    expect(welcome).toBe('{"type":"welcome","key":"ak_live_ffffffff"}');
  });

  test('K1: the text ping is answered by the text pong, a WebSocket ping by its pong', async () => {
    const client = connectClient(await openSimulator({ ratePerSecond: 0 }));
    await client.untilTexts(1);
    client.socket.send('ping');
    expect((await client.untilTexts(2))[1]).toBe('pong');
    const answered = new Promise((resolve) => client.socket.once('pong', resolve));
    client.socket.ping('abc');
    expect(String(await answered)).toBe('abc');
  });

  test('other messages of the client are ignored', async () => {
    const client = connectClient(await openSimulator({ ratePerSecond: 0 }));
    await client.untilTexts(1);
    client.socket.send('"ping"');
    client.socket.send(Buffer.from('ping'));
    client.socket.send('ping');
    expect(await client.untilTexts(2)).toEqual([expect.any(String), 'pong']);
  });

  test('M2: the same seed gives the same bytes on the first connection, and on the second one', async () => {
    const runs: string[][] = [];
    for (let run = 0; run < 2; run++) {
      const simulator = await openSimulator({ seed: 'abc', ratePerSecond: 1_000, count: 50 });
      const first = await connectClient(simulator).untilTexts(51);
      const second = await connectClient(simulator).untilTexts(51);
      expect(first.slice(1)).not.toEqual(second.slice(1));
      runs.push([...first, ...second]);
    }
    expect(runs[0]).toEqual(runs[1]);
  });

  test.each(['close-1006', 'drop', 'garbage', 'duplicate'])(
    'the same seed gives the same bytes on the wire, from the first to the last: %s',
    async (scenario) => {
      const capture = async (): Promise<string> => {
        const simulator = await openSimulator({ seed: 9, ratePerSecond: 2_000, count: 40, scenario });
        const raw = openRaw(simulator.port);
        requestUpgrade(raw.socket, simulator.exampleKey);
        const isWhole = (): boolean => raw.isClosed || raw.received.length > 15_000;
        await raw.until(() => isWhole() || undefined, 'the end or many bytes');
        return raw.received.subarray(0, 15_000).toString('latin1');
      };
      const first = await capture();
      expect(first.length).toBeGreaterThan(200);
      expect(await capture()).toBe(first);
    },
  );

  test('without a seed the events differ from run to run and carry the real time', async () => {
    const [a, b] = await Promise.all(
      [1, 2].map(async () => (await connectClient(await openSimulator()).untilTexts(2))[1] ?? ''),
    );
    expect(a).not.toBe(b);
    const { timestamp } = JSON.parse(a ?? '') as { timestamp: string };
    expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000);
  });

  test('count ends the events, and the connection stays open', async () => {
    const client = connectClient(await openSimulator({ ratePerSecond: 1_000, count: 3 }));
    await client.untilTexts(4);
    client.socket.send('ping');
    expect((await client.untilTexts(5))[4]).toBe('pong');
  });

  test('the rate is kept', async () => {
    const client = connectClient(await openSimulator({ ratePerSecond: 100 }));
    await client.untilTexts(2);
    const startedAt = performance.now();
    await client.untilTexts(52);
    const tookMs = performance.now() - startedAt;
    // 50 events at 100/s take 500 ms; more on a busy machine, and never much less.
    expect(tookMs).toBeGreaterThan(400);
  });

  test('types chooses the types of the events', async () => {
    const simulator = await openSimulator({ ratePerSecond: 1_000, count: 20, types: ['large_transfer'] });
    const [, ...events] = await connectClient(simulator).untilTexts(21);
    const types = events.map((event) => (JSON.parse(event) as { type: string }).type);
    expect(new Set(types)).toEqual(new Set(['large_transfer']));
  });

  test('a client that does not read does not slow others down, and gets the rest when it reads again', async () => {
    const simulator = await openSimulator({ ratePerSecond: Number.POSITIVE_INFINITY, count: 20_000 });
    const stopped = connectClient(simulator);
    await stopped.untilTexts(1);
    stopped.socket.pause();
    await connectClient(simulator).untilTexts(20_001);
    stopped.socket.resume();
    await stopped.untilTexts(20_001);
  });

  test('O4: for a client that does not read, no more events are generated than socket buffers hold', async () => {
    const made: number[] = [];
    const simulator = await openSimulator({
      ratePerSecond: Number.POSITIVE_INFINITY,
      onEvents: (connection, texts) => {
        made[connection] = (made[connection] ?? 0) + texts.length;
      },
    });
    const stopped = connectClient(simulator);
    await stopped.untilTexts(1);
    stopped.socket.pause();
    const reading = connectClient(simulator);
    // Events have at least 400 bytes, so socket buffers of a few MiB are full long before this.
    for (let before = -1; made[0] !== before; ) {
      expect(made[0]).toBeLessThan(60_000);
      before = made[0] ?? 0;
      await reading.untilTexts(reading.texts.length + 5_000);
    }
  });

  test('waits and late pongs of a month do not end at once', async () => {
    const month = '720h';
    const scenario = parseScript({
      connections: [
        {
          steps: [
            { do: 'pongs', answer: true, delay: month },
            { do: 'welcome' },
            { do: 'wait', for: '100ms' },
            { do: 'text', text: 'then' },
            { do: 'wait', for: month },
            { do: 'text', text: 'a month later' },
          ],
        },
        { steps: [{ do: 'welcome' }, { do: 'wait', for: '300ms' }, { do: 'text', text: 'soon' }] },
      ],
    });
    const simulator = await openSimulator({ scenario });
    const first = connectClient(simulator);
    await first.untilTexts(1);
    first.socket.send('ping');
    await first.untilTexts(2);
    await connectClient(simulator).untilTexts(2);
    expect(first.texts.slice(1)).toEqual(['then']);
  });
});
