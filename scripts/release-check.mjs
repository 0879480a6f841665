// `npm run release:check [-- v1.2.3]`: checks everything about a release that can be checked without a network; with a
// tag, also whether the tag fits the version and the changelog.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { manifest, root } from './bundle-options.mjs';
import { readReleaseNotes } from './release-notes.mjs';

const MAX_UNPACKED_BYTES = 2_000_000;
const [, , tag] = process.argv;
const faults = [];
const read = (path) => readFileSync(join(root, path), 'utf8');

/** Prints the result of a check. @param found the faults, empty if there are none */
function check(name, found) {
  console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  for (const one of found) console.log(`         ${one}`);
  faults.push(...found);
}

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}

const hash = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Builds and packs. @returns the output of `npm pack`, and the hash of every file and of the tarball */
function buildAndPack() {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-release-'));
  try {
    run(process.execPath, ['scripts/build.mjs']);
    const [packed] = JSON.parse(
      run('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', directory]),
    );
    const hashes = new Map(packed.files.map(({ path }) => [path, hash(join(root, path))]));
    return { packed, hashes: hashes.set('the tarball', hash(join(directory, packed.filename))) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Every path in a value of package.json. */
function listPaths(value) {
  if (typeof value === 'string') return [value];
  return Object.values(value).flatMap(listPaths);
}

/** Relative links in the packed documents to files that do not exist. */
function findDeadLinks(files) {
  return [...files]
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, target]) => normalize(join(dirname(path), target)))
        .filter((target) => !files.has(target) && !existsSync(join(root, target)))
        .map((target) => `${path} links to ${target}, which does not exist`),
    );
}

const { version } = manifest;
const first = buildAndPack();
const second = buildAndPack();
check('two builds are byte-identical', [
  ...[...first.hashes]
    .filter(([path, one]) => second.hashes.get(path) !== one)
    .map(([path]) => `${path} differs`),
  ...[...second.hashes.keys()].filter((path) => !first.hashes.has(path)).map((path) => `${path} is new`),
]);

const files = new Set(second.packed.files.map(({ path }) => path));
const lock = JSON.parse(read('package-lock.json'));
const versions = {
  'package-lock.json': lock.version,
  'the root package of package-lock.json': lock.packages[''].version,
  'the built command': run(process.execPath, ['bin/atlantis.cjs', '--version']).trim(),
  'dist/sbom.cdx.json': JSON.parse(read('dist/sbom.cdx.json')).metadata.component.version,
  ...(tag === undefined ? {} : { 'the tag': tag.replace(/^v/, '') }),
};
check(
  `versions are ${version}`,
  Object.entries(versions)
    .filter(([, one]) => one !== version)
    .map(([place, one]) => `${place} has ${one}`),
);
if (tag !== undefined) {
  const isMissing = readReleaseNotes(version) === undefined;
  check('the changelog has the release', isMissing ? [`CHANGELOG.md has no section ## [${version}]`] : []);
}

const { exports, bin, man, main, types } = manifest;
check(
  'no file is missing',
  [...new Set(listPaths({ exports, bin, man, main, types }).map((path) => normalize(path)))]
    .filter((path) => !files.has(path))
    .map((path) => `package.json names ${path}, which is not packed`),
);
check('no link is dead', findDeadLinks(files));

const licenses = read('dist/THIRD-PARTY-LICENSES.txt');
const { components } = JSON.parse(read('dist/sbom.cdx.json'));
check('licenses are complete', [
  ...(files.has('LICENSE') ? [] : ['LICENSE is not packed']),
  ...components
    .filter(({ name, version: one }) => !licenses.split('\n').includes(`${name} ${one}`))
    .map(({ name }) => `${name} is not in THIRD-PARTY-LICENSES.txt`),
  ...components
    .filter(
      ({ licenses: [{ license }] }) =>
        !/^(?:MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|Unlicense)$/.test(license.id),
    )
    .map(({ name, licenses: [{ license }] }) => `${name} has the license ${license.id}`),
]);

check('the package installs nothing and runs nothing', [
  ...['dependencies', 'peerDependencies', 'optionalDependencies']
    .filter((kind) => kind in manifest)
    .map((kind) => `package.json has ${kind}`),
  ...['preinstall', 'install', 'postinstall']
    .filter((name) => name in manifest.scripts)
    .map((name) => `package.json has the script ${name}`),
]);
const { unpackedSize } = second.packed;
check(
  `the package takes ${(unpackedSize / 1e6).toFixed(2)} MB`,
  unpackedSize > MAX_UNPACKED_BYTES ? [`more than ${MAX_UNPACKED_BYTES / 1e6} MB`] : [],
);
check(
  'tests are not skipped',
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && statSync(join(root, 'test', path)).isFile())
    .filter((path) => /\b(?:test|describe)\.only\(/.test(read(`test/${path}`)))
    .map((path) => `test/${path} has .only`),
);
process.exitCode = faults.length === 0 ? 0 : 1;
