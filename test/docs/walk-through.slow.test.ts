// The walk-through in docs/CONTRIBUTING.md works: in a copy of the project, its patch and its command add a flag to
// every page, to help and to completion.
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { startChild } from '../helpers/child.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { makeCleanEnvironment, ROOT, runCli } from '../helpers/run-cli.ts';
import { command, patch } from '../helpers/walk-through.ts';

const [, flag = ''] = /^\+.*toggle\('(--[a-z-]+)'/m.exec(patch) ?? [];
const patched = [...patch.matchAll(/^diff --git a\/(\S+)/gm)].map(([, path = '']) => path);
const ownTest = patched.find((path) => path.endsWith('.test.ts')) ?? '';

/** The pages that the command of the walk-through generates. */
const WRITTEN = ['docs/contract.md', 'docs/reference.md', 'man/atlantis.1'];

/** Folders in the copy that are not files of the project. */
const MADE = ['node_modules', 'dist'];
/** The limit on a busy machine; on an idle one the whole file takes 15 s. */
const LIMIT_MS = 180_000;

// makeTempFolder would find the canary key, because the copy contains its definition.
const base = mkdtempSync(join(tmpdir(), 'atlantis-test-'));
registerCleanup(() => rmSync(base, { recursive: true, force: true, maxRetries: 3 }), 'file');
const copy = join(base, 'copy');
const cache = join(base, 'cache');
const env = makeCleanEnvironment({ env: { HOME: cache } });

/** Runs node in the copy; on failure throws with its output. */
async function runNode(args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<void> {
  const options = { cwd: copy, env: { ...env, ...extra }, limitMs: LIMIT_MS };
  const { code, stdout, stderr } = await startChild(process.execPath, args, { ...options, lifetime: 'file' })
    .exit;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}

function runJest(places: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<void> {
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  // Leaves out this file.
  const ignored = ['--testPathIgnorePatterns', 'walk-through', '\\.slow\\.test\\.ts$'];
  return runNode([...jest, ...places, '--cacheDirectory', cache, ...ignored], extra);
}

const listFiles = (): string[] =>
  readdirSync(copy, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(copy.length + 1))
    .filter((path) => !MADE.some((folder) => path.startsWith(`${folder}/`)));

/** The files of the project before the patch. */
const originals = new Map<string, Buffer>();
const isChanged = (path: string): boolean =>
  originals.get(path)?.equals(readFileSync(join(copy, path))) !== true;

beforeAll(async () => {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  });
  for (const path of listed.toString().split('\0')) {
    // git also lists removed files, and node_modules if it is a link.
    if (lstatSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() !== true) continue;
    cpSync(join(ROOT, path), join(copy, path));
    originals.set(path, readFileSync(join(copy, path)));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  execFileSync('git', ['apply', '-'], {
    cwd: copy,
    input: patch,
    env: { ...env, GIT_CEILING_DIRECTORIES: base },
  });
  await Promise.all([
    runNode(['scripts/build.mjs']),
    runNode(['node_modules/typescript/bin/tsc', '--noEmit']),
  ]);
  await runJest(command.split(' '), { UPDATE_DOCS: '1' });
}, LIMIT_MS);

test('the patch changes at most four files, and the command writes the pages', () => {
  expect(patched.length).toBeLessThanOrEqual(4);
  expect(listFiles().filter(isChanged).sort()).toEqual([...patched, ...WRITTEN].sort());
});

test.each(WRITTEN)('the flag is in %s', (path) => {
  // The man page escapes dashes.
  const read = (text: Buffer | undefined): string => text?.toString().replaceAll('\\-', '-') ?? '';
  expect(read(originals.get(path))).not.toContain(flag);
  expect(read(readFileSync(join(copy, path)))).toContain(flag);
});

test('the flag is in help, and completion offers it in every shell', async () => {
  const script = join(copy, 'bin/atlantis.cjs');
  const help = await runCli(['stream', 'tail', '--help'], { script });
  expect(help.stdout).toContain(`  ${flag} `);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const offers = await runCli(['__complete', shell, '--', 'stream', 'tail', flag.slice(0, -2)], { script });
    expect(offers.stdout).toMatch(new RegExp(`^${flag}`, 'm'));
  }
});

test(
  'the test of the flag and the tests of the pages pass',
  async () => {
    await runJest([...command.split(' '), ownTest]);
  },
  LIMIT_MS,
);
