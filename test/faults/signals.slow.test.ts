// Signals in every state, and during a name lookup of the system that hangs, which the process cannot stop.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { canUnshare, startInNamespace } from '../helpers/netns.ts';
import type { Child } from '../helpers/run-cli.ts';
import { pauseFor } from '../helpers/watch.ts';
import { endOf, expectDeath } from './start-tail.ts';
import { expectEndIn, SIGNALS, STATES } from './states.ts';

/** Starts a tail whose name lookup takes as long as the system tries. */
async function startLookup(args: readonly string[] = []): Promise<Child> {
  const namespace = await startInNamespace();
  await namespace.blackHoleNames();
  const words = ['stream', 'tail', '--url', 'wss://api.atlantis.example', '--verbose', ...args];
  const child = namespace.startCli(words, { key: CANARY_KEY });
  await child.waitForStderr('connecting to');
  await pauseFor(300);
  return child;
}

(canUnshare() ? describe : describe.skip)('a name server that does not answer (needs unshare)', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'S1, R2, row 47: %s ends the process within 0.5 s',
    async (signal) => {
      const child = await startLookup();
      await expectDeath(child, signal);
      expect((await endOf(child)).stderr).toContain('0 events');
    },
  );

  test('§ 2: --timeout is reported in time, exit 124, even if the process must wait for the lookup', async () => {
    const startedAtMs = performance.now();
    const child = await startLookup(['--timeout', '1s']);
    await child.waitForStderr('0 events');
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
    expect((await endOf(child)).code).toBe(124);
  });
});

describe('S1, R2: a signal in every state', () => {
  const others = STATES.flatMap((state, index) =>
    SIGNALS.filter((_, at) => at !== index % 3).map((signal) => [state.name, signal, state] as const),
  );
  test.each(others)('row 47: %s: %s ends the run within 0.5 s, by that signal', (_name, signal, state) =>
    expectEndIn(state, signal),
  );
});
