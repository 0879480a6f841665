// man/atlantis.1 matches the definitions of the commands, and man, groff and mandoc render it without a warning.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listCommands } from '../../src/flags/documented-command.ts';
import { renderManPage } from '../helpers/man-page.ts';
import { updatePage } from '../helpers/markdown.ts';
import { readOutline } from '../helpers/outline.ts';
import { ROOT } from '../helpers/run-cli.ts';

const PAGE = join(ROOT, 'man/atlantis.1');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const root = readOutline();

function render(date: string): string {
  return renderManPage(root, manifest.version, date);
}

test('the man page matches the definitions (UPDATE_DOCS=1 writes it)', () => {
  const readDate = (): string => /^\.TH \S+ 1 (\S+)/m.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
  // The page has the date of its last change.
  if (readFileSync(PAGE, 'utf8') !== render(readDate())) {
    updatePage(PAGE, render(new Date().toISOString().slice(0, 10)));
  }
  expect(readDate()).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(readFileSync(PAGE, 'utf8')).toBe(render(readDate()));
});

test('the package contains the man page', () => {
  expect(manifest.man).toEqual(['./man/atlantis.1']);
  expect(manifest.files).toContain('man');
});

interface Reader {
  readonly name: string;
  readonly command: readonly string[];
}

const READERS: readonly Reader[] = [
  { name: 'man', command: ['man', '--warnings', '--encoding=UTF-8', '-l', PAGE] },
  { name: 'groff', command: ['groff', '-man', '-ww', '-Tutf8', PAGE] },
  { name: 'mandoc', command: ['mandoc', '-T', 'lint', '-W', 'style', PAGE] },
];

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

describe.each(READERS)('$name', ({ name, command: [program = '', ...args] }) => {
  (has(name) ? test : test.skip)('renders the page without a warning or hyphenation at any width', () => {
    for (const columns of ['40', '80', '160']) {
      const { status, stdout, stderr } = spawnSync(program, args, {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', MANWIDTH: columns, MAN_KEEP_FORMATTING: '0' },
      });
      const complaints = name === 'mandoc' ? stdout : stderr;
      expect([columns, status, complaints]).toEqual([columns, 0, '']);
      expect(stdout).not.toMatch(/\u2010$/m);
    }
  });
});

(has('man') ? test : test.skip)('the man page has every command, every flag and the usual sections', () => {
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', MANWIDTH: '200' };
  const { stdout } = spawnSync('man', ['-l', PAGE], { encoding: 'utf8', env });
  const text = stdout.replace(/.\x08/g, '');
  for (const section of [
    'NAME',
    'SYNOPSIS',
    'DESCRIPTION',
    'COMMANDS',
    'GLOBAL OPTIONS',
    'EXIT STATUS',
    'ENVIRONMENT',
    'FILES',
    'SEE ALSO',
  ]) {
    expect(text).toMatch(new RegExp(`^${section}$`, 'm'));
  }
  for (const { path, flags, examples, commands } of listCommands(root)) {
    expect(text).toContain(path);
    for (const { term } of flags) expect(text).toContain(term);
    if (commands.length > 0) continue;
    for (const { command } of examples) expect(text.replace(/ \\\n +/g, ' ')).toContain(command);
  }
});
