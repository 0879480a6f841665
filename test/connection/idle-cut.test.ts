// Repeated losses at the same age of connections on which nothing arrived: the message suspects an idle timeout, as
// load balancers have.
import { describe, expect, test } from '@jest/globals';
import { type Connect, type Connection, type FollowItem, followStream } from '../../src/connection/follow.ts';
import { type Cause, describeCause } from '../../src/connection/lifecycle.ts';
import { createLeapingClock } from '../helpers/fake-clock.ts';

interface Loss {
  readonly upMs: number;
  readonly silentMs: number;
  readonly kind?: Cause['kind'];
}

const POLICY = {
  maxReconnects: Number.POSITIVE_INFINITY,
  retryMinMs: 1_000,
  retryMaxMs: 30_000,
  deadlineMs: undefined,
};

/** Loses one connection after another in these ways, and returns the reported causes. */
async function loseEach(losses: readonly Loss[]): Promise<Cause[]> {
  const clock = createLeapingClock();
  const stop = new AbortController();
  let next = 0;
  const connect: Connect<Connection> = async () => {
    const loss = losses[next];
    next += 1;
    if (loss === undefined) return undefined;
    const { upMs, silentMs, kind = 'dropped' } = loss;
    return {
      lastByteAtMs: 0,
      endedBy: { kind, host: 'api.atlantis.example', detail: 'it ended without a close frame', silentMs },
      async take() {
        clock.spend(upMs);
        return undefined;
      },
      async close() {},
    };
  };
  const items: FollowItem<Connection>[] = [];
  for await (const item of followStream(POLICY, { clock, connect, random: () => 0, signal: stop.signal })) {
    items.push(item);
  }
  return items.flatMap((item) => (item.kind === 'lost' ? [item.cause] : []));
}

const IDLE: Loss = { upMs: 60_020, silentMs: 60_000 };

describe('row 122: repeated cuts of an idle connection', () => {
  test('from the second cut on, the message names the silence and --ping-interval', async () => {
    const causes = await loseEach([IDLE, { upMs: 60_300, silentMs: 60_290 }, IDLE]);
    expect(causes.map(({ kind }) => kind)).toEqual(['dropped', 'idle-cut', 'idle-cut']);
    const { happened, remedy } = describeCause(causes[1] as Cause);
    expect(happened).toBe(
      'the connection to api.atlantis.example was cut again while idle (after 60 s of silence; it ended without a close frame)',
    );
    expect(remedy).toContain('set a shorter --ping-interval');
  });

  test.each<[string, Loss[]]>([
    ['only one cut', [IDLE]],
    ['at another age', [IDLE, { upMs: 90_000, silentMs: 90_000 }]],
    ['bytes arrived on the second connection', [IDLE, { upMs: 60_000, silentMs: 20_000 }]],
    ['bytes arrived on the first connection', [{ upMs: 60_000, silentMs: 20_000 }, IDLE]],
    ['a connection with bytes in between', [IDLE, { upMs: 60_000, silentMs: 100 }, IDLE]],
    [
      'too soon for an idle timeout',
      [
        { upMs: 2_000, silentMs: 2_000 },
        { upMs: 2_000, silentMs: 2_000 },
      ],
    ],
    ['a close on purpose', [IDLE, { ...IDLE, kind: 'closed-by-policy' }]],
    ['given up by the client itself', [IDLE, { ...IDLE, kind: 'silent' }]],
  ])('the message does not suspect an idle timeout: %s', async (_what, losses) => {
    const kinds = (await loseEach(losses)).map(({ kind }) => kind);
    expect(kinds).toEqual(losses.map(({ kind = 'dropped' }) => kind));
  });
});
