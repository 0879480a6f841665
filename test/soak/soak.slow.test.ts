// The soak finds what it is there to find: a command that was tampered with does not get through it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { ROOT } from '../helpers/run-cli.ts';
import { soak } from './soak.ts';

const DURATION_MS = 10_000;

/** What is loaded into the command, and the message that must result. */
const SABOTAGE: readonly (readonly [what: string, script: string, words: RegExp])[] = [
  ['a timer that is never cleared', 'setInterval(() => {}, 1_000);', /a handle or timer is left/],
  [
    'timers that pile up',
    'setInterval(() => setTimeout(() => {}, 60_000), 250).unref();',
    /more of Timeout are open/,
  ],
  [
    'an end that does not wait',
    `setTimeout(() => process.exit(0), ${DURATION_MS} - 2_000).unref();`,
    /did not end by itself/,
  ],
  [
    'a lost chunk of output',
    `let left = 40;
     const { write } = process.stdout;
     process.stdout.write = function (chunk, ...rest) { return --left === 0 ? true : write.call(this, chunk, ...rest); };`,
    /out of order|are missing|has the number/,
  ],
];

describe('npm run soak', () => {
  test('passes without a fault', async () => {
    const { faults, summary } = await soak({ root: ROOT, durationMs: DURATION_MS, seed: '5' });
    expect(faults).toEqual([]);
    expect(summary).toMatch(/ [1-9]\d* losses, ([1-9]\d*) of \1 connections that ended cleanly whole/);
  }, 40_000);

  test.each(SABOTAGE)(
    'found: %s',
    async (_, script, words) => {
      const path = join(makeTempFolder(), 'sabotage.cjs');
      writeFileSync(path, script);
      const { faults } = await soak({ root: ROOT, durationMs: DURATION_MS, seed: '5', sabotage: [path] });
      expect(faults.join('\n')).toMatch(words);
    },
    40_000,
  );
});
