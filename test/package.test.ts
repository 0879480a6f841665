// The package as npm makes and installs it: its contents, and that the installed command streams.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { startChild } from './helpers/child.ts';
import { makeTempFolder } from './helpers/cleanup.ts';
import { type Packed, pack, runNpm } from './helpers/npm.ts';
import { makeCleanEnvironment, ROOT } from './helpers/run-cli.ts';
import { openSimulator } from './simulator/stream-client.ts';

/** Limits of an installation, which consists of the package alone. */
const MAX_UNPACKED_BYTES = 2_000_000;

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
  const folder = makeTempFolder('file');
  let packed: Packed;
  beforeAll(() => {
    packed = pack(folder);
  });

  test('contains the command, the licenses and the docs for users, and nothing else', () => {
    const { files, size, unpackedSize, filename } = packed;
    const groups = [
      /^(?:package\.json|LICENSE|README\.md)$/,
      /^bin\/(?:atlantis|cannot-start|no-debugger)\.cjs$/,
      /^dist\/[\w.-]+\.cjs$/,
      /^dist\/(?:library|simulator|ws)\.mjs$/,
      /^dist\/THIRD-PARTY-LICENSES\.txt$/,
      /^dist\/types\/[\w/-]+\.d\.cts$/,
      /^dist\/types\/(?:stream\/index|simulator\/library)\.d\.mts$/,
      /^man\/atlantis\.1$/,
      /^docs\/[\w.-]+\.(?:md|schema\.json)$/,
      /^docs\/examples\/[\w.-]+\.mjs$/,
      /^docs\/examples\/relay\/[\w-]+\.(?:conf|json|service|yaml)$/,
      /^bench\/results\.svg$/,
    ];
    const others = files.filter(({ path }) => !groups.some((group) => group.test(path)));
    expect(others).toEqual([]);
    for (const group of groups) expect(files.some(({ path }) => group.test(path))).toBe(true);
    const forUsers = files.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(forUsers).toEqual(expect.arrayContaining(['docs/relay.md', 'docs/errors.md']));
    const forDevelopers = [
      'docs/ARCHITECTURE.md',
      'docs/CONTRIBUTING.md',
      'docs/contract.md',
      'docs/faults.md',
      'docs/protocol.md',
      'docs/reference.md',
    ];
    expect(forUsers.filter((path) => forDevelopers.includes(path))).toEqual([]);
    expect(size).toBe(statSync(join(folder, filename)).size);
    expect(unpackedSize).toBeLessThanOrEqual(MAX_UNPACKED_BYTES);
  });

  test('links and images in the README point to files in the package, except links to pages about the project itself', () => {
    const paths = packed.files.map(({ path }) => path);
    const links = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g);
    const others = [...new Set([...links].map(([, path = '']) => path))].filter(
      (path) => !paths.includes(path),
    );
    // npm shows the README with links to `repository`, which the workflow for releases sets (cli/ci-platforms.test.ts).
    expect(others.sort()).toEqual([
      'CHANGELOG.md',
      'bench/results.md',
      'docs/ARCHITECTURE.md',
      'docs/CONTRIBUTING.md',
      'docs/contract.md',
      'docs/protocol.md',
      'docs/reference.md',
    ]);
  });

  test('bundles export plain values to each other: a getter would run for each event', () => {
    const names = ['base', 'stream', 'filter', 'render.pretty.pretty'];
    const code = `for (const name of ${JSON.stringify(names)}) {
      const all = Object.entries(Object.getOwnPropertyDescriptors(require('./dist/' + name + '.cjs')));
      console.log(name, all.length > 1, all.filter(([, { get }]) => get !== undefined).length);
    }`;
    const output = execFileSync(process.execPath, ['-e', code], { cwd: ROOT, encoding: 'utf8' });
    expect(output.trimEnd().split('\n')).toEqual(names.map((name) => `${name} true 0`));
  });

  test.each(['library', 'simulator'])(
    'an ES module that imports %s.cjs gets what require returns',
    (name) => {
      const code = `import(${JSON.stringify(`./dist/${name}.cjs`)}).then((all) => {
      const required = require(${JSON.stringify(`./dist/${name}.cjs`)});
      console.log(Object.entries(required).filter(([name, value]) => all[name] !== value).length, Object.keys(required).length > 1);
    })`;
      expect(execFileSync(process.execPath, ['-e', code], { cwd: ROOT, encoding: 'utf8' })).toBe('0 true\n');
    },
  );

  test('a bundle requires another one once, not once for each of its source files', () => {
    const bundles = readdirSync(join(ROOT, 'dist')).filter((name) => name.endsWith('.cjs'));
    const repeated = bundles.flatMap((name) => {
      const code = readFileSync(join(ROOT, 'dist', name), 'utf8');
      const required = [...code.matchAll(/=require\("(\.\/[^"]+)"\)/g)].map(([, path]) => `${name}: ${path}`);
      return required.filter((one, at) => required.indexOf(one) < at);
    });
    expect(repeated).toEqual([]);
  });

  test('has no install scripts and no dependencies', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const hooks = ['preinstall', 'install', 'postinstall', 'prepublish', 'prepublishOnly'];
    expect(hooks.filter((name) => name in manifest.scripts)).toEqual([]);
    // npm runs it when the package is made, never when it is installed: an unbuilt clone would pack no dist.
    expect(manifest.scripts.prepack).toBe(manifest.scripts.prestart);
    // npm runs it when a git URL is installed, but not for a package from a registry.
    expect(manifest.scripts.prepare).toBe(manifest.scripts.prestart);
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
      expect(manifest).not.toHaveProperty(kind);
    expect(Object.keys(manifest.exports)).toEqual(['.', './simulator', './package.json']);
  });

  test('names every bundled dependency, with its license', () => {
    const licenses = readFileSync(join(ROOT, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const ours = ['commander', 'ws', 'chalk', 'ora', 'conf', 're2js'];
    const theirs = ['dot-prop', 'cli-spinners', 'is-unicode-supported', '@nats-io/nkeys'];
    for (const name of [...ours, ...theirs])
      expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, 'm'));
    expect(licenses).toContain('Permission is hereby granted, free of charge');
    expect(licenses).not.toMatch(/^(?:when-exit|env-paths|ajv|semver|tweetnacl|jest) /m);
  });

  /** The files that a file loads, itself included; those of a library must not contain a command. */
  function listLoaded(name: string, loaded = new Set<string>()): Set<string> {
    if (loaded.has(name)) return loaded;
    loaded.add(name);
    const source = readFileSync(join(ROOT, 'dist', name), 'utf8');
    for (const [, path = ''] of source.matchAll(/\b(?:require\(|import\(|from|import) ?"\.\/([^"]+)"/g))
      listLoaded(path, loaded);
    return loaded;
  }

  test.each([
    ['library.mjs', ['ws.mjs']],
    ['simulator.mjs', ['ws.mjs']],
    [
      'library.cjs',
      [
        'base.cjs',
        'connection.dial.http-tunnel.cjs',
        'connection.dial.socks-tunnel.cjs',
        'core.cjs',
        'filter.cjs',
        'filter.pattern.cjs',
        'stream.cjs',
        'ws.cjs',
      ],
    ],
    [
      'simulator.cjs',
      ['core.cjs', 'simulator.certificate.cjs', 'simulator.parts.cjs', 'simulator.scenarios.cjs', 'ws.cjs'],
    ],
  ])('%s contains no command, and loads only what it shares', (name, others) => {
    const loaded = listLoaded(name);
    expect([...loaded].sort()).toEqual([name, ...others].sort());
    for (const one of loaded)
      expect(readFileSync(join(ROOT, 'dist', one), 'utf8')).not.toMatch(
        /CommanderError|Nats-Msg-Id|profiles\.json|Dynamic require of/,
      );
  });

  test('a program that uses the library is bundled without optional packages, and streams', async () => {
    const outfile = join(makeTempFolder(), 'program.cjs');
    const program = `
      const { stream } = require('./dist/library.cjs');
      (async () => {
        for await (const event of stream({ url: process.argv[2], key: process.argv[3] })) {
          console.log(event.text);
          break;
        }
      })();`;
    const { warnings } = await build({
      stdin: { contents: program, resolveDir: ROOT },
      outfile,
      bundle: true,
      platform: 'node',
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    const { url, exampleKey } = await openSimulator({});
    const exit = await startChild(process.execPath, [outfile, url, exampleKey], {
      env: makeCleanEnvironment(),
    }).exit;
    expect(exit).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^\{.*"type":.*\}\n$/) });
  });

  test('`npm install -g` of the tarball into a clean prefix: the command streams', async () => {
    const prefix = join(folder, 'prefix');
    runNpm(['install', '--global', '--prefix', prefix, join(folder, packed.filename)], folder);
    await streamOnce(prefix);
    expect(existsSync(join(prefix, 'lib/node_modules/atlantis-cli/node_modules'))).toBe(false);
    expect(existsSync(join(prefix, 'share/man/man1/atlantis.1'))).toBe(true);
  }, 60_000);

  test('`npm install -g` of the folder: the command streams', async () => {
    const prefix = makeTempFolder();
    runNpm(['install', '--global', '--prefix', prefix, ROOT], prefix);
    await streamOnce(prefix);
  }, 60_000);
});
