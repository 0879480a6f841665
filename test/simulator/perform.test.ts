import { describe, expect, test } from '@jest/globals';
import { performTimeline, type StepContext } from '../../src/simulator/perform.ts';
import type { Step } from '../../src/simulator/scenarios.ts';
import type { Wire } from '../../src/simulator/wire.ts';

/** A context whose client is a list of what happened; `onSend` may hold the sender back. */
function buildContext({
  events = 10,
  onSend = async () => {},
}: {
  events?: number;
  onSend?: () => Promise<void>;
}) {
  const gone = new AbortController();
  const log: string[] = [];
  let taken = 0;
  const wire: Wire = {
    signal: gone.signal,
    async send(bytes) {
      log.push(`send ${Buffer.from(bytes).toString('latin1').replace(/^../, '')}`);
      await onSend();
    },
    holdPongs: (held) => void log.push(held ? 'hold' : 'release'),
    setPongPolicy: ({ answer, delayMs }) => void log.push(`pongs ${answer} ${delayMs}`),
    close: (code, reason) => void log.push(`close ${code} ${reason}`),
    reset: () => void log.push('reset'),
  };
  const context: StepContext = {
    wire,
    source: { next: () => (taken < events ? `event ${++taken}` : undefined) },
    welcomeText: 'welcome',
    ratePerSecond: Number.POSITIVE_INFINITY,
    async *subscribe() {
      yield { texts: ['shared 1', 'shared 2'], atMs: 0 };
    },
    refuseKey: ({ status }) => void log.push(`refuse ${status}`),
    noteEvents: () => undefined,
  };
  return { context, log, gone, countTaken: () => taken };
}

describe('a timeline', () => {
  test('performs its steps in order and then leaves the connection open', async () => {
    const { context, log } = buildContext({});
    await performTimeline(context, [
      { do: 'pongs', answer: true, delayMs: 5 },
      { do: 'welcome' },
      {
        do: 'repeat',
        times: 2,
        steps: [
          { do: 'events', count: 1 },
          { do: 'wait', ms: 1 },
        ],
      },
      { do: 'text', text: '{' },
      { do: 'binary', hex: '4142' },
      { do: 'raw', hex: '00014344' },
      { do: 'refuse-key', refusal: { status: 403 } },
      { do: 'drip', count: 1, pieceBytes: 5, everyMs: 1 },
      { do: 'close', code: 1001, reason: 'bye' },
      { do: 'reset' },
    ]);
    expect(log).toEqual([
      ...['pongs true 5', 'send welcome', 'send event 1', 'send event 2', 'send {', 'send AB', 'send CD'],
      ...['refuse 403', 'hold', 'send eve', 'send  3', 'release', 'close 1001 bye', 'reset'],
    ]);
  });

  test('an endless repetition ends when there are no more events', async () => {
    const { context, log } = buildContext({ events: 3 });
    const steps: Step[] = [
      {
        do: 'repeat',
        steps: [
          { do: 'events', count: 2 },
          { do: 'text', text: '-' },
        ],
      },
    ];
    await performTimeline(context, [...steps, { do: 'text', text: 'end' }]);
    expect(log.filter((line) => line === 'send -')).toHaveLength(2);
    expect(log.at(-1)).toBe('send end');
  });

  test('a reset in mid-frame sends the first half and no pong after it', async () => {
    const { context, log } = buildContext({});
    await performTimeline(context, [{ do: 'reset', midFrame: true }]);
    expect(log).toEqual(['hold', 'send ev', 'reset']);
  });

  test.each([1, 100])(
    'O4: while a client does not read, at most one batch of events is generated, with %d copies each',
    async (copies) => {
      let endSend = (): void => {};
      const blocked = new Promise<void>((_resolve, reject) => {
        endSend = () => reject(new Error('gone'));
      });
      const { context, gone, countTaken } = buildContext({ events: 1e9, onSend: () => blocked });
      const performed = performTimeline(context, [{ do: 'events', copies }]);
      expect(copies * countTaken() * 'event 12345'.length).toBeLessThan(256 * 1024);
      const taken = countTaken();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(countTaken()).toBe(taken);
      gone.abort();
      endSend();
      await performed;
    },
  );

  test('ends at once when the client disconnects, during a wait and between paced events', async () => {
    for (const step of [
      { do: 'wait', ms: 60_000 },
      { do: 'events', ratePerSecond: 0 },
    ] as const) {
      const { context, gone } = buildContext({});
      const performed = performTimeline(context, [step]);
      gone.abort();
      await performed;
    }
  });

  test('S2: an error of the simulator itself is not mistaken for a disconnected client', async () => {
    const { context } = buildContext({ onSend: () => Promise.reject(new Error('a bug')) });
    await expect(performTimeline(context, [{ do: 'welcome' }])).rejects.toThrow('a bug');
  });
});
