// With the test runner of Node: `node --test stream.node.test.mjs`.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { parseScript, startSimulator } from 'atlantis-cli/simulator';
import { follow } from './follow.mjs';

let simulator;
afterEach(async () => {
  await simulator?.close();
});

test('events arrive as they were sent', async () => {
  // The same seed gives the same bytes, so a test can compare with a stored result.
  simulator = await startSimulator({ seed: 1, ratePerSecond: 1_000 });
  const events = await follow({ url: simulator.url, key: simulator.exampleKey, count: 10 });
  assert.ok(events.some(({ type }) => type === 'large_transfer'));
});

test('reconnects after a reset', async () => {
  simulator = await startSimulator({ scenario: 'drop', ratePerSecond: 1_000 });
  const events = await follow({ url: simulator.url, key: simulator.exampleKey, count: 20 });
  assert.equal(events.length, 20);
});

test('a custom scenario: 503 first, then a revoked key', async () => {
  const scenario = parseScript({ connections: [{ refuse: { status: 503 } }, { scenario: 'revoked' }] });
  simulator = await startSimulator({ scenario, ratePerSecond: 1_000 });
  await assert.rejects(
    follow({ url: simulator.url, key: simulator.exampleKey, count: 20 }),
    /refused with 401/,
  );
});
