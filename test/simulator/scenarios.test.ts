import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../src/simulator/random.ts';
import { findScenario, SCENARIO_LIST } from '../../src/simulator/scenarios.ts';
import { connectClient, expectRefusal, openSimulator } from './stream-client.ts';

const FAST = { ratePerSecond: 1_000, seed: 1 };
const isEvent = (text: string): boolean => text.startsWith('{"type":') && text.endsWith('}');
const isWelcome = (text: string | undefined): boolean => text?.startsWith('{"type":"welcome"') ?? false;

describe('scenarios with a fault in mid-stream', () => {
  test('drop: a reset in mid-frame, after whole events', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'drop' }));
    expect(await client.untilClosed()).toBe(1006);
    expect(client.errorCode).toBe('ECONNRESET');
    expect(client.texts).toHaveLength(6);
    expect(client.texts.slice(1).every(isEvent)).toBe(true);
  });

  test.each([1000, 1001, 1008, 1011, 1014, 3000, 4999])(
    'close-%i: a close frame with that code, after some events',
    async (code) => {
      const client = connectClient(await openSimulator({ ...FAST, scenario: `close-${code}` }));
      expect(await client.untilClosed()).toBe(code);
      expect(client.texts).toHaveLength(6);
    },
  );

  test('close-1005: a close frame without a code', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'close-1005' }));
    expect(await client.untilClosed()).toBe(1005);
  });

  test('close-1006: the end without a close frame', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'close-1006' }));
    expect(await client.untilClosed()).toBe(1006);
    expect(client.errorCode).toBeUndefined();
    expect(client.texts).toHaveLength(6);
  });

  test.each([1004, 1015, 2000])(
    'row 37: close-%i: a code that must not be sent is sent anyway',
    async (code) => {
      const client = connectClient(await openSimulator({ ...FAST, scenario: `close-${code}` }));
      expect(await client.untilClosed()).toBe(1006);
      expect(client.errorCode).toBe('WS_ERR_INVALID_CLOSE_CODE');
      expect(client.texts).toHaveLength(6);
    },
  );

  test('row 18: revoked: close 1008, then 401 for this key and no other', async () => {
    const simulator = await openSimulator({ ...FAST, scenario: 'revoked' });
    const client = connectClient(simulator);
    expect(await client.untilClosed()).toBe(1008);
    expect(client.texts).toHaveLength(6);
    for (let again = 0; again < 2; again++) {
      const { status, body } = await expectRefusal(simulator);
      expect(status).toBe(401);
      expect(JSON.parse(body)).toMatchObject({ error: { code: 'unauthorized' } });
    }
    expect(isWelcome((await connectClient(simulator, { key: 'ak_live_ffff' }).untilTexts(1))[0])).toBe(true);
  });

  test('mute: no pongs of either kind and no events, but the connection stays open', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'mute' }));
    await client.untilTexts(6);
    let pongs = 0;
    client.socket.on('pong', () => pongs++);
    // The server has read the pings once it answers the close that was sent after them.
    client.socket.send('ping');
    client.socket.ping();
    client.socket.close(1000);
    expect(await client.untilClosed()).toBe(1000);
    expect([client.texts.length, pongs]).toEqual([6, 0]);
  });

  test('late-pong: events stop, and the pong is delayed', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'late-pong' }));
    await client.untilTexts(6);
    client.socket.send('ping');
    client.socket.close(1000);
    await client.untilClosed();
    expect(client.texts).toHaveLength(6);
  });

  test('row 39: garbage: not JSON, truncated JSON, binary and broken UTF-8 between events', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'garbage' }));
    expect(await client.untilClosed()).toBe(1006);
    expect(client.errorCode).toBe('WS_ERR_INVALID_UTF8');
    expect(client.binaries).toEqual([Buffer.from('00ff7b7d', 'hex')]);
    const [welcome, ...others] = client.texts;
    expect(isWelcome(welcome)).toBe(true);
    expect(others.map(isEvent)).toEqual([
      ...[true, true, true, false],
      ...[true, true, true, false],
      ...[true, true, true],
    ]);
  });

  test('duplicate: every event twice', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'duplicate', count: 10 }));
    const [, ...events] = await client.untilTexts(21);
    const unique = [...new Set(events)];
    expect(unique).toHaveLength(10);
    expect(events).toEqual(unique.flatMap((event) => [event, event]));
  });

  test('slow: whole events although they are sent in pieces, and a pong between two of them', async () => {
    const client = connectClient(await openSimulator({ ...FAST, scenario: 'slow' }));
    await client.untilTexts(1);
    client.socket.send('ping');
    const texts = await client.untilTexts(4);
    expect(texts.filter(isEvent)).toHaveLength(3);
    expect(texts).toContain('pong');
    expect(client.errorCode).toBeUndefined();
  });

  test('burst: hundreds at once', async () => {
    const client = connectClient(await openSimulator({ seed: 1, ratePerSecond: 1, scenario: 'burst' }));
    const [, ...events] = await client.untilTexts(501);
    expect(events.every(isEvent)).toBe(true);
  });

  test('burst ends after the requested number of events', async () => {
    const simulator = await openSimulator({ seed: 1, scenario: 'burst', count: 20 });
    const client = connectClient(simulator);
    await client.untilTexts(21);
    client.socket.send('ping');
    expect((await client.untilTexts(22))[21]).toBe('pong');
  });

  test('row 27: no-welcome: events first, then nothing at all', async () => {
    const simulator = await openSimulator({ ...FAST, scenario: 'no-welcome' });
    const first = connectClient(simulator);
    expect(isWelcome((await first.untilTexts(1))[0])).toBe(false);
    const second = connectClient(simulator);
    await second.until(() => second.socket.readyState === second.socket.OPEN || undefined, 'the upgrade');
    second.socket.send('ping');
    expect(await second.untilTexts(1)).toEqual(['pong']);
  });
});

describe('scenarios that refuse the upgrade', () => {
  test.each([
    ['suspended', 403, 'forbidden'],
    ['no-credit', 402, 'insufficient_credit'],
  ])('row 19: %s: %i, always', async (scenario, status, code) => {
    const simulator = await openSimulator({ scenario });
    for (let attempt = 0; attempt < 3; attempt++) {
      const refused = await expectRefusal(simulator);
      expect(refused.status).toBe(status);
      expect(JSON.parse(refused.body)).toMatchObject({ error: { code } });
    }
  });

  test('row 21: rate-limited: 429 with Retry-After twice, then the stream', async () => {
    const simulator = await openSimulator({ scenario: 'rate-limited' });
    for (let attempt = 0; attempt < 2; attempt++) {
      const { status, headers } = await expectRefusal(simulator);
      expect([status, headers['retry-after']]).toEqual([429, '2']);
    }
    expect(isWelcome((await connectClient(simulator).untilTexts(1))[0])).toBe(true);
  });

  test('row 23: unavailable: 503, 502, 500 in turn, then the stream', async () => {
    const simulator = await openSimulator({ scenario: 'unavailable' });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) statuses.push((await expectRefusal(simulator)).status);
    expect(statuses).toEqual([503, 502, 500]);
    expect(isWelcome((await connectClient(simulator).untilTexts(1))[0])).toBe(true);
  });
});

describe('the choice of a scenario', () => {
  test('flaky: the seed decides what happens, and outcomes vary', () => {
    const { getAct } = findScenario('flaky');
    const draw = (seed: number) =>
      Array.from({ length: 40 }, (_, attempt) =>
        JSON.stringify(getAct(attempt, createRandom(seed, attempt))),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const kinds = new Set(draw(1).map((act) => act.replace(/\d+/g, '')));
    expect(kinds.size).toBeGreaterThan(5);
  });

  test('flaky: each connection ends or is refused, again and again', async () => {
    const simulator = await openSimulator({ ...FAST, scenario: 'flaky' });
    for (let attempt = 0; attempt < 12; attempt++) {
      const client = connectClient(simulator);
      await client.until(() => client.refused ?? client.closeCode, 'an end or a refusal');
    }
  });

  test('every listed name works, and the error for an unknown one lists them', () => {
    for (const { name, summary } of SCENARIO_LIST) {
      expect(findScenario(name.replace('<code>', '1011'))).toBeDefined();
      expect(summary).not.toBe('');
    }
    expect(() => findScenario('sunny')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('steady, burst, drop') }),
    );
  });
});
