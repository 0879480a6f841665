// The delay after a close that announces a restart: 1001 (going away) or 1012 (service restart).
import { expect, test } from '@jest/globals';
import { type Connection, followStream } from '../../src/connection/follow.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

/** The first delay of a run whose first connection ends with this code after `upMs`. The backoff is 30 s. */
async function findDelay(closeCode: number, upMs: number, retriesAtOnce = true): Promise<number | undefined> {
  const clock = createFakeClock();
  const connection: Connection = {
    endedBy: { kind: 'closed-by-server', host: 'h', detail: '', closeCode },
    lastByteAtMs: clock.wallMs(),
    async take() {
      clock.block(upMs);
      return undefined;
    },
    async close() {},
  };
  const policy = {
    maxReconnects: Number.POSITIVE_INFINITY,
    retryMinMs: 30_000,
    retryMaxMs: 30_000,
    deadlineMs: undefined,
  };
  const { signal } = new AbortController();
  const context = { clock, random: () => 0.99, signal, connect: async () => connection, retriesAtOnce };
  for await (const item of followStream(policy, context)) if (item.kind === 'retrying') return item.delayMs;
  return undefined;
}

test.each([1001, 1012])(
  'K5: after close %d of a stable connection, the delay is at most 250 ms',
  async (code) => {
    expect(await findDelay(code, 10_000)).toBeLessThanOrEqual(250);
  },
);

test.each([
  ['an unstable connection', 1012, 9_999, true],
  ['another code', 1011, 10_000, true],
  ['--no-overlap', 1012, 10_000, false],
])('K5: after %s, the delay is the backoff', async (_what, code, upMs, retriesAtOnce) => {
  expect(await findDelay(code, upMs, retriesAtOnce)).toBeGreaterThan(1_000);
});
