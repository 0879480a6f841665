// The reference clients without faults; reference-scenarios.slow.test.ts runs them with every scenario.
import { describe, expect, test } from '@jest/globals';
import { REFERENCE_CLIENTS, runReferenceClient } from './reference-client.ts';
import { openSimulator } from './stream-client.ts';

describe('M1: the reference clients', () => {
  for (const { name, command } of REFERENCE_CLIENTS) {
    if (command === undefined) {
      test.skip(`${name}: SKIPPED, not installed here`, () => {});
      continue;
    }
    test(`${name}: first the welcome, then pong and every event`, async () => {
      const simulator = await openSimulator({ seed: 1, ratePerSecond: 100, count: 5 });
      const { lines } = await runReferenceClient(command, simulator, 7);
      expect(lines[0]).toBe('{"type":"welcome","key":"ak_live_01234567"}');
      expect(lines).toContain('pong');
      const events = lines.slice(1).filter((line) => line !== 'pong');
      expect(events).toHaveLength(5);
      for (const event of events) expect(JSON.parse(event)).toMatchObject({ type: expect.any(String) });
    });
  }
});
