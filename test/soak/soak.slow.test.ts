// The soak detects a command with injected bugs.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { ROOT } from '../helpers/run-cli.ts';
import { soak } from './soak.ts';

const DURATION_MS = 10_000;

/** Scripts that are loaded into the command, and the expected error. */
const INJECTED: readonly (readonly [what: string, script: string, message: RegExp])[] = [
  ['a timer that is never cleared', 'setInterval(() => {}, 1_000);', /a handle or timer is left/],
  [
    'timers that accumulate',
    'setInterval(() => setTimeout(() => {}, 60_000), 250).unref();',
    /more of Timeout are open/,
  ],
  [
    'an exit that does not wait',
    `setTimeout(() => process.exit(0), ${DURATION_MS} - 2_000).unref();`,
    /did not end by itself/,
  ],
  [
    'a lost chunk of output',
    `let left = 40;
     const { write } = process.stdout;
     process.stdout.write = function (chunk, ...rest) { return --left === 0 ? true : write.call(this, chunk, ...rest); };`,
    /out of order|are missing|has the sequence number/,
  ],
];

describe('npm run soak', () => {
  test('passes without injected bugs', async () => {
    const { errors, summary } = await soak({ root: ROOT, durationMs: DURATION_MS, seed: '5' });
    expect(errors).toEqual([]);
    expect(summary).toMatch(/ [1-9]\d* losses, ([1-9]\d*) of \1 cleanly ended connections complete/);
  }, 40_000);

  test.each(INJECTED)(
    'fails with the injected bug: %s',
    async (_, script, message) => {
      const path = join(makeTempFolder(), 'injected.cjs');
      writeFileSync(path, script);
      const { errors } = await soak({ root: ROOT, durationMs: DURATION_MS, seed: '5', injected: [path] });
      expect(errors.join('\n')).toMatch(message);
    },
    40_000,
  );
});
