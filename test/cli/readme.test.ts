// README's tables say what `--help` and the exit codes say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { EXIT } from '../../src/errors.ts';
import { TOPICS } from '../../src/flags/topics.ts';
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

test('the table of exit codes in README is that of the program', () => {
  const [, table = ''] = /^## Exit codes\n\n.*\n.*\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \|$/gm)].map(([, code, when]) => [code, when]);
  expect(rows).toEqual(TOPICS.find(({ name }) => name === 'exit-codes')?.rows);
  expect(rows.map(([code]) => Number(code)).filter((code) => !Number.isNaN(code))).toEqual(
    Object.values(EXIT),
  );
});

// Flags of a single command are in its own section.
test('every variable that README names is known to `atlantis help environment`, and the other way round', () => {
  const [, paragraph = ''] = /^Environment: ([\s\S]*?)\n\n/m.exec(readme) ?? [];
  const named = [...paragraph.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name);
  const known = TOPICS.find(({ name }) => name === 'environment')?.rows.flatMap(([term]) => term.split(', '));
  expect(named.sort()).toEqual(known?.filter((name) => !/^(?:GITHUB|NATS)_/.test(name)).sort());
});

test('README has at most 200 lines, none of them too long to read', () => {
  const lines = readme.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.filter((line) => line.length > 120 && !line.startsWith('|'))).toEqual([]);
});

test('README explains `npm start` and `npm cit`, and both exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(readme.slice(0, 600)).toMatch(/^npm start {2,}#[\s\S]*^npm cit {2,}#/m);
  expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
});
