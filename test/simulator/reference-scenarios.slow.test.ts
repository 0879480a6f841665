// Both reference clients against every scenario: what a plain client sees of each fault.
import { describe, expect, test } from '@jest/globals';
import { SCENARIO_LIST } from '../../src/simulator/scenarios.ts';
import { REFERENCE_CLIENTS, runReferenceClient } from './reference-client.ts';
import { openSimulator } from './stream-client.ts';

interface Row {
  /** Runs of the client one after the other: lines without pongs, and whether it ended by itself. */
  readonly runs: readonly { readonly lines: number; readonly status?: number }[];
  readonly firstIsWelcome?: boolean;
  /** The client keeps running in the last run: the test stops it after these lines. */
  readonly stays?: boolean;
}

const ROWS: Readonly<Record<string, Row>> = {
  steady: { runs: [{ lines: 20 }], stays: true },
  burst: { runs: [{ lines: 501 }], stays: true },
  drop: { runs: [{ lines: 6 }, { lines: 6 }] },
  mute: { runs: [{ lines: 6 }], stays: true },
  'late-pong': { runs: [{ lines: 6 }], stays: true },
  'no-welcome': { runs: [{ lines: 5 }], firstIsWelcome: false, stays: true },
  garbage: { runs: [{ lines: 13 }] },
  duplicate: { runs: [{ lines: 11 }], stays: true },
  slow: { runs: [{ lines: 2 }], stays: true },
  revoked: { runs: [{ lines: 6 }, { lines: 0, status: 401 }] },
  suspended: { runs: [{ lines: 0, status: 403 }] },
  'no-credit': { runs: [{ lines: 0, status: 402 }] },
  'rate-limited': { runs: [{ lines: 0, status: 429 }, { lines: 0, status: 429 }, { lines: 6 }], stays: true },
  unavailable: {
    runs: [{ lines: 0, status: 503 }, { lines: 0, status: 502 }, { lines: 0, status: 500 }, { lines: 6 }],
    stays: true,
  },
  'close-<code>': { runs: [{ lines: 6 }, { lines: 6 }] },
  shared: { runs: [{ lines: 20 }], stays: true },
  'shared-delay': { runs: [{ lines: 20 }], stays: true },
  'shared-duplicate': { runs: [{ lines: 20 }], stays: true },
  'shared-missing': { runs: [{ lines: 20 }], stays: true },
};

/** Scenarios in which the number of lines depends on chance or on timing. */
const UNPREDICTABLE = ['flaky', 'shared-drop'];

test('every scenario is in the table', () => {
  const names = SCENARIO_LIST.map(({ name }) => name);
  expect([...Object.keys(ROWS), ...UNPREDICTABLE].sort()).toEqual([...names].sort());
});

describe.each(REFERENCE_CLIENTS)('$name', ({ command }) => {
  const run = command === undefined ? test.skip : test;

  for (const [scenario, { runs, stays = false, firstIsWelcome = true }] of Object.entries(ROWS)) {
    run(`${scenario}`, async () => {
      const simulator = await openSimulator({
        seed: 1,
        ratePerSecond: 200,
        scenario: scenario.replace('<code>', '1011'),
      });
      for (const [index, { lines: expected, status }] of runs.entries()) {
        const isKept = stays && index === runs.length - 1;
        // More lines than expected, even with the pong: a client that ends by itself never prints that many.
        const count = isKept ? expected : expected + 3;
        const { lines, errors } = await runReferenceClient(command ?? [], simulator, count);
        // The Python client prints an empty line for a close frame.
        const messages = lines.filter((line) => line !== 'pong' && line !== '');
        if (status !== undefined) expect(errors).toContain(String(status));
        if (expected > 0) expect(messages[0]?.includes('"welcome"')).toBe(firstIsWelcome);
        if (isKept) expect(messages.length).toBeGreaterThanOrEqual(expected - 1);
        else expect(messages).toHaveLength(expected);
      }
    });
  }

  run('flaky: five days of it', async () => {
    const simulator = await openSimulator({ seed: 1, ratePerSecond: 500, scenario: 'flaky' });
    for (const _day of [1, 2, 3, 4, 5]) {
      const { lines, errors } = await runReferenceClient(command ?? [], simulator, 200);
      if (lines.length > 0) expect(lines[0]).toContain('"welcome"');
      else expect(errors).toMatch(/429|503/);
    }
  });
});
