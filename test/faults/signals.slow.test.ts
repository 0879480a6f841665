// Signals in every state, and while the system's own name lookup hangs, which nothing in the process can stop.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { canUnshare, startInNamespace } from '../helpers/netns.ts';
import type { Child } from '../helpers/run-cli.ts';
import { pauseFor } from '../helpers/watch.ts';
import { endOf, expectDeath } from './start-tail.ts';
import { expectEndIn, SIGNALS, STATES } from './states.ts';

/** A tail that looks a name up for as long as the system tries. */
async function startLookup(args: readonly string[] = []): Promise<Child> {
  const namespace = await startInNamespace();
  await namespace.blackHoleNames();
  const words = ['stream', 'tail', '--url', 'wss://api.atlantis.example', '--verbose', ...args];
  const child = namespace.startCli(words, { key: CANARY_KEY });
  await child.waitForStderr('connecting to');
  await pauseFor(300);
  return child;
}

(canUnshare() ? describe : describe.skip)(
  'a name server that swallows every question (needs unshare)',
  () => {
    test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
      'S1, R2, row 47: %s ends the lookup within 0.5 s',
      async (signal) => {
        const child = await startLookup();
        await expectDeath(child, signal);
        expect((await endOf(child)).stderr).toContain('0 events');
      },
    );

    test('§ 2: --timeout is reported in time and exits 124; the process has to wait for the lookup', async () => {
      const startedAtMs = performance.now();
      const child = await startLookup(['--timeout', '1s']);
      await child.waitForStderr('0 events');
      expect(performance.now() - startedAtMs).toBeLessThan(3_000);
      expect((await endOf(child)).code).toBe(124);
    });
  },
);

describe('S1, R2: a signal in every state', () => {
  const others = STATES.flatMap((state, index) =>
    SIGNALS.filter((_, at) => at !== index % 3).map((signal) => [state.name, signal, state] as const),
  );
  test.each(others)('row 47: %s: %s ends it within 0.5 s, by that signal', (_name, signal, state) =>
    expectEndIn(state, signal),
  );
});
