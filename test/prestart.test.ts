// `npm start` in a clone: what scripts/prestart.mjs installs and builds, with an npm that only records that it ran.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from './helpers/cleanup.ts';
import { ROOT } from './helpers/run-cli.ts';

const LOCK = 'package-lock.json';
const INSTALLED = 'node_modules/.package-lock.json';
const PACKAGES = {
  'node_modules/esbuild': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/@esbuild/aix-ppc64': { version: '1.0.0', integrity: 'sha512-b', optional: true },
};

/** A clone that is installed and built, without the packages for other platforms. */
function makeClone(clone = makeTempFolder()): string {
  for (const folder of ['src', 'assembly', 'scripts', 'dist', 'node_modules/esbuild', 'bin'])
    mkdirSync(join(clone, folder), { recursive: true });
  cpSync(join(ROOT, 'scripts/prestart.mjs'), join(clone, 'scripts/prestart.mjs'));
  const write = (path: string, value: unknown): void =>
    writeFileSync(join(clone, path), JSON.stringify(value));
  write('package.json', { name: 'atlantis-cli', type: 'module' });
  write(LOCK, { packages: { '': { name: 'atlantis-cli' }, ...PACKAGES } });
  write(INSTALLED, { packages: { 'node_modules/esbuild': PACKAGES['node_modules/esbuild'] } });
  write('src/main.ts', '');
  writeFileSync(
    join(clone, 'scripts/build.mjs'),
    `import { writeFileSync } from 'node:fs'; writeFileSync('built', '');`,
  );
  writeFileSync(join(clone, 'bin/npm'), '#!/bin/sh\necho "$@" > installed\n', { mode: 0o755 });
  write('dist/main.cjs', '');
  return clone;
}

function setTime(path: string, seconds: number): void {
  utimesSync(path, seconds, seconds);
}

function prestart(clone: string, npm: Record<string, string> = {}): { installed: boolean; built: boolean } {
  const PATH = `${join(clone, 'bin')}:${process.env['PATH']}`;
  const { status, stderr } = spawnSync(process.execPath, ['scripts/prestart.mjs'], {
    cwd: clone,
    env: { ...npm, PATH },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return { installed: existsSync(join(clone, 'installed')), built: existsSync(join(clone, 'built')) };
}

test.each([1, 2_000_000_000])(
  'dependencies of a copied clone are not installed again, whatever the times of its files (%i)',
  (seconds) => {
    const clone = makeClone();
    setTime(join(clone, LOCK), seconds);
    expect(prestart(clone)).toEqual({ installed: false, built: false });
  },
);

const CHANGES: readonly (readonly [string, (clone: string) => void])[] = [
  ['nothing is installed', (clone) => rmSync(join(clone, 'node_modules'), { recursive: true })],
  ['the list of npm is damaged', (clone) => writeFileSync(join(clone, INSTALLED), '{')],
  ['a package is missing', (clone) => writeFileSync(join(clone, INSTALLED), '{"packages":{}}')],
  [
    'a package has another version',
    (clone) => {
      const packages = { 'node_modules/esbuild': { version: '0.9.0', integrity: 'sha512-c' } };
      writeFileSync(join(clone, INSTALLED), JSON.stringify({ packages }));
    },
  ],
];
test.each(CHANGES)('%s: dependencies are installed, even if the lock file is older', (_what, change) => {
  const clone = makeClone();
  change(clone);
  setTime(join(clone, LOCK), 1);
  expect(prestart(clone).installed).toBe(true);
});

test('a source file that is newer than the bundles triggers a build', () => {
  const clone = makeClone();
  setTime(join(clone, 'dist/main.cjs'), 1);
  expect(prestart(clone)).toEqual({ installed: false, built: true });
});

describe('`prepare` of a git URL that is installed with --global', () => {
  /** The link that npm makes in place of the package, and the environment variables that it sets for the script. */
  function link(target: string): { place: string; npm: Record<string, string> } {
    const prefix = makeTempFolder();
    const place = join(prefix, 'lib/node_modules/atlantis-cli');
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(target, place);
    const npm = { npm_lifecycle_event: 'prepare', npm_config_global: 'true', npm_config_prefix: prefix };
    return { place, npm };
  }
  const makeCached = (): string => {
    const clone = makeClone(join(makeTempFolder(), '_cacache/tmp/git-clone1'));
    rmSync(join(clone, 'node_modules'), { recursive: true });
    setTime(join(clone, 'dist/main.cjs'), 1);
    return clone;
  };

  test('a link to a clone in the cache of npm becomes a folder, and the dependencies of the build are installed', () => {
    const clone = makeCached();
    const { place, npm } = link(clone);
    expect(prestart(clone, npm)).toEqual({ installed: true, built: true });
    expect(lstatSync(place).isSymbolicLink()).toBe(false);
  });

  test.each([
    ['a link to something else', makeCached, makeTempFolder],
    ['a link to a clone of the user', makeClone, undefined],
  ])('%s is not touched', (_what, make, makeTarget) => {
    const clone = make();
    const { place, npm } = link(makeTarget?.() ?? clone);
    expect(prestart(clone, npm).installed).toBe(false);
    expect(lstatSync(place).isSymbolicLink()).toBe(true);
  });
});
