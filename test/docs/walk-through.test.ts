// The patch of the walk-through in docs/CONTRIBUTING.md applies to the project. The slow test follows all steps.
import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { ROOT } from '../helpers/run-cli.ts';
import { patch } from '../helpers/walk-through.ts';

test('the patch of the walk-through applies', () => {
  expect(patch).toContain('src/flags/shared-flags.ts');
  execFileSync('git', ['apply', '--check', '-'], { cwd: ROOT, input: patch, stdio: 'pipe' });
});
