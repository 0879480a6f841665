// The scenarios for several connections, as `tail --connections 2` sees them.
import { describe, expect, test } from '@jest/globals';
import { runCli } from '../helpers/run-cli.ts';

async function run(scenario: string, ...args: readonly string[]) {
  const exit = await runCli(
    [
      'stream',
      'tail',
      '--simulate',
      scenario,
      '--connections',
      '2',
      '--log-format',
      'json',
      '--json',
      ...args,
    ],
    {},
  );
  const ids = exit.stdout
    .trimEnd()
    .split('\n')
    .map((line): string => JSON.parse(line).id);
  const records = exit.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const summary = records.find(({ event }) => event === 'summary');
  return { code: exit.code, ids, records, summary };
}

describe('M1: clients of the simulator that see the same stream', () => {
  test('steady with two connections: both get the same events', async () => {
    const { code, ids, summary } = await run('steady', '--duration', '4s');
    expect(code).toBe(0);
    expect(new Set(ids).size).toBe(ids.length);
    expect(summary.duplicates).toBeGreaterThan(5);
  });

  test('shared-drop: one of two connections is dropped, without a gap', async () => {
    const { code, ids, records, summary } = await run('shared-drop', '--fail-on-gap', '--duration', '6s');
    expect(code).toBe(0);
    expect(new Set(ids).size).toBe(ids.length);
    expect(records.filter(({ event }) => event === 'lost')).toHaveLength(1);
    expect(summary).toMatchObject({ gaps: 0, missed: 0 });
  });

  test('shared-delay: events arrive late and in another order, and each is printed once', async () => {
    const { ids, summary } = await run('shared-delay', '--duration', '5s');
    expect(new Set(ids).size).toBe(ids.length);
    expect(summary.duplicates).toBeGreaterThan(5);
  });

  test('shared-duplicate: an event that the service sends twice is printed twice', async () => {
    const { ids } = await run('shared-duplicate', '-n', '30');
    expect(new Set(ids).size).toBe(15);
  });

  test('shared-missing: missing events are reported once', async () => {
    const { records, summary } = await run('shared-missing', '--dedupe-window', '500ms', '--duration', '8s');
    expect(records.filter(({ message }) => /did not deliver/.test(message))).toHaveLength(1);
    expect(summary.missed).toBeGreaterThan(0);
    expect(summary.gaps).toBe(0);
  });
});
