// docs/reference.md matches the definitions of the commands.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { listCommands } from '../../src/flags/documented-command.ts';
import { updatePage } from '../helpers/markdown.ts';
import { readOutline } from '../helpers/outline.ts';
import { renderReference } from '../helpers/reference-doc.ts';
import { ROOT, runCli } from '../helpers/run-cli.ts';

const PAGE = join(ROOT, 'docs/reference.md');
const root = readOutline();

test('the reference matches the definitions (UPDATE_DOCS=1 writes it)', () => {
  const rendered = renderReference(root);
  updatePage(PAGE, rendered);
  expect(existsSync(PAGE) && readFileSync(PAGE, 'utf8')).toBe(rendered);
});

test('row 59: the reference, like help, is ASCII, for terminals without Unicode', () => {
  expect(renderReference(root)).toMatch(/^[\n -~]*$/);
});

test('the reference lists for each command the flags that `--help` shows', async () => {
  const page = readFileSync(PAGE, 'utf8');
  for (const { path, commands } of listCommands(root)) {
    if (commands.length > 0) continue;
    const { stdout } = await runCli(['help', ...path.split(' ').slice(1)]);
    const own = stdout.slice(0, stdout.indexOf('Global options:'));
    const flags = [...own.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    const [section = ''] = page.slice(page.indexOf(`## ${path}\n`)).split('\n## ', 1);
    const listed = [...section.matchAll(/^\| `(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect([path, listed]).toEqual([path, flags]);
  }
});
