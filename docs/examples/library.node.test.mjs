// Tests the example of docs/library.md with the simulator: `node --test library.node.test.mjs`.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterEach, test } from 'node:test';
import * as library from 'atlantis-cli';
import { parseScript, startSimulator } from 'atlantis-cli/simulator';
import { collectLargeTransfers, readInteger } from './library.mjs';

let simulator;
afterEach(async () => {
  await simulator?.close();
});

test('collects large transfers across reconnects, with exact amounts', async () => {
  simulator = await startSimulator({ scenario: 'drop', ratePerSecond: 1_000, seed: 1 });
  const said = [];
  const transfers = await collectLargeTransfers({
    url: simulator.url,
    key: simulator.exampleKey,
    count: 8,
    log: (line) => said.push(line),
  });
  assert.equal(transfers.length, 8);
  assert.ok(transfers.every(({ amount }) => typeof amount === 'bigint'));
  assert.ok(said.some((line) => line.startsWith('connected to 127.0.0.1:')));
});

test('a revoked key is an error with an exit code, after one attempt', async () => {
  const scenario = parseScript({ connections: [{ refuse: { status: 401 } }] });
  simulator = await startSimulator({ scenario });
  await assert.rejects(collectLargeTransfers({ url: simulator.url, key: simulator.exampleKey, count: 1 }), {
    name: 'StreamEndedError',
    exitCode: 3,
  });
});

test('a signal ends it without an error', async () => {
  simulator = await startSimulator({ ratePerSecond: 0 });
  const signal = AbortSignal.timeout(50);
  const transfers = await collectLargeTransfers({
    url: simulator.url,
    key: simulator.exampleKey,
    count: 1,
    signal,
  });
  assert.deepEqual(transfers, []);
});

test('an amount beyond 2^53 is exact', () => {
  assert.equal(readInteger('{"amount_raw":123456789012345678901}', 'amount_raw'), 123456789012345678901n);
});

test('require() returns the same functions, and errors are recognized across both', () => {
  const { stream, ...others } = createRequire(import.meta.url)('atlantis-cli');
  assert.deepEqual(Object.keys({ stream, ...others }).sort(), Object.keys(library).sort());
  assert.throws(() => stream({}), library.isAtlantisError);
});
