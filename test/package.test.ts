// The package as npm makes and installs it: what is in it, and that the installed command streams.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startChild } from './helpers/child.ts';
import { makeTempFolder } from './helpers/cleanup.ts';
import { makeCleanEnvironment, ROOT } from './helpers/run-cli.ts';

interface Packed {
  readonly filename: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/**
 * Bytes that the package may have, packed; it grows only when somebody decides so, here. The NATS client takes 52 kB of
 * it, RE2JS 36, commander 12, ws 14, what users read 60, and what is ours the rest.
 */
const MOST_BYTES = 376_000;

/** Runs npm without a network, with a home and a cache of its own. */
function runNpm(args: readonly string[], cwd: string): string {
  const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts=false'];
  return execFileSync('npm', [...args, ...quiet], {
    cwd,
    encoding: 'utf8',
    env: makeCleanEnvironment({ env: { npm_config_cache: makeTempFolder() } }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function pack(folder: string): Packed {
  const [packed] = JSON.parse(runNpm(['pack', ROOT, '--json'], folder)) as Packed[];
  if (packed === undefined) throw new Error('npm packed nothing');
  return packed;
}

/** The first event that the installed command prints, and how it ends. */
async function streamOnce(prefix: string): Promise<void> {
  const command = join(prefix, process.platform === 'win32' ? 'atlantis.cmd' : 'bin/atlantis');
  const args = ['stream', 'tail', '--simulate', '--limit', '3', '--json', '--type', 'large_*'];
  const exit = await startChild(command, args, { env: makeCleanEnvironment() }).exit;
  expect([exit.code, exit.stderr.includes('error')]).toEqual([0, false]);
  const lines = exit.stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).type)).toEqual(Array(3).fill('large_transfer'));
}

describe('the package', () => {
  test('holds what runs, the licences and what users read, and nothing else', () => {
    const folder = makeTempFolder();
    const { files, size, filename } = pack(folder);
    const groups = [
      /^(?:package\.json|LICENSE|README\.md|CHANGELOG\.md)$/,
      /^bin\/atlantis\.cjs$/,
      /^dist\/[\w.-]+\.cjs$/,
      /^dist\/THIRD-PARTY-LICENCES\.txt$/,
      /^dist\/types\/[\w/-]+\.d\.cts$/,
      /^man\/atlantis\.1$/,
      /^docs\/[\w.-]+\.(?:md|schema\.json)$/,
      /^docs\/examples\/[\w.-]+\.mjs$/,
    ];
    const others = files.filter(({ path }) => !groups.some((group) => group.test(path)));
    expect(others).toEqual([]);
    for (const group of groups) expect(files.some(({ path }) => group.test(path))).toBe(true);
    const forUsers = files.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(forUsers).toEqual(expect.arrayContaining(['docs/contract.md', 'docs/protocol.md']));
    const forDevelopers = ['docs/ARCHITECTURE.md', 'docs/CONTRIBUTING.md', 'docs/faults.md'];
    expect(forUsers.filter((path) => forDevelopers.includes(path))).toEqual([]);
    expect(size).toBe(statSync(join(folder, filename)).size);
    expect(size).toBeLessThanOrEqual(MOST_BYTES);
  });

  test('what bundles give each other are plain values: getters would be asked once for each event', () => {
    const names = ['base', 'stream', 'render.tree', 'protocol.filter', 'render.pretty'];
    const code = `for (const name of ${JSON.stringify(names)}) {
      const all = Object.entries(Object.getOwnPropertyDescriptors(require('./dist/' + name + '.cjs')));
      console.log(name, all.length > 1, all.filter(([, { get }]) => get !== undefined).length);
    }`;
    const told = execFileSync(process.execPath, ['-e', code], { cwd: ROOT, encoding: 'utf8' });
    expect(told.trimEnd().split('\n')).toEqual(names.map((name) => `${name} true 0`));
  });

  test('has no script that runs at its installation, and nothing to install beside it', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const hooks = [
      'preinstall',
      'install',
      'postinstall',
      'prepare',
      'prepack',
      'prepublish',
      'prepublishOnly',
    ];
    expect(hooks.filter((name) => name in manifest.scripts)).toEqual([]);
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
      expect(manifest).not.toHaveProperty(kind);
    expect(Object.keys(manifest.exports)).toEqual(['.', './simulator', './package.json']);
  });

  test('names every package that is in it, with its licence', () => {
    const licences = readFileSync(join(ROOT, 'dist/THIRD-PARTY-LICENCES.txt'), 'utf8');
    for (const name of ['commander', 'ws', 'chalk', 'ora', 'conf', 're2js', 'https-proxy-agent'])
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, 'm'));
    expect(licences).toContain('Permission is hereby granted, free of charge');
    expect(licences).not.toMatch(/^ajv |^semver |^selfsigned /m);
  });

  test('`npm install -g` of the tarball into a clean prefix: the command streams', async () => {
    const folder = makeTempFolder();
    const { filename } = pack(folder);
    const prefix = join(folder, 'prefix');
    runNpm(['install', '--global', '--prefix', prefix, join(folder, filename)], folder);
    await streamOnce(prefix);
    expect(existsSync(join(prefix, 'lib/node_modules/atlantis-cli/node_modules'))).toBe(false);
    expect(existsSync(join(prefix, 'share/man/man1/atlantis.1'))).toBe(true);
  }, 60_000);

  test('`npm install -g` of the folder: the command streams', async () => {
    const folder = makeTempFolder();
    runNpm(['install', '--global', '--prefix', folder, ROOT], folder);
    await streamOnce(folder);
  }, 60_000);
});
