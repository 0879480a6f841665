// README's tables say what `--help` and the exit codes say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { EXIT } from '../../src/errors.ts';
import { ROOT, runCli } from '../helpers/run-cli.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** `flag → meaning (default: x)` as `--help` prints them above the global options. */
function parseHelp(help: string): string[] {
  const own = help.slice(0, help.indexOf('Global Options:')).replace(/\n {20,}/g, ' ');
  return [...own.matchAll(/^ {2}(-\S.*?) {2,}(\S.*)$/gm)].map(([, flag, meaning]) => `${flag} → ${meaning}`);
}

function parseTable(): string[] {
  const rows = [...readme.matchAll(/^\| `(-[^`]*)` \| (.*?) \| (.*?) ?\|$/gm)];
  return rows.map(([, flag = '', meaning = '', fallback = '']) => {
    if (fallback.startsWith('`')) return `${flag} → ${meaning} (${fallback.replaceAll('`', '')})`;
    return `${flag} → ${meaning}${fallback === '' ? '' : ` (default: ${fallback})`}`;
  });
}

test('the table of flags in README is what `stream tail --help` says', async () => {
  const { stdout } = await runCli(['stream', 'tail', '--help']);
  expect(parseTable().sort()).toEqual(parseHelp(stdout).sort());
});

test('the table of exit codes in README names every code', () => {
  const codes = [...readme.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});
