// What all bundles have in common: the target, what is built in, and the modules of dependencies that are replaced.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scannerPlugin } from './scanner-code.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

/** The short hash of the commit; `unknown` if this is not the root of a repository. */
function readCommit() {
  if (!existsSync(resolve(root, '.git'))) return 'unknown';
  const { stdout } = spawnSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return stdout?.trim() || 'unknown';
}

/** Module → the file in scripts/stand-ins that replaces it, and says why. test/stand-ins.test.ts tests these files. */
const STAND_INS = {
  'when-exit': 'when-exit.mjs',
  'env-paths': 'env-paths.mjs',
  'ajv/dist/2020.js': 'ajv.mjs',
  'ajv-formats': 'ajv.mjs',
  semver: 'semver.mjs',
  'cli-spinners': 'cli-spinners.mjs',
  'prom-client': 'prom-client.cjs',
  tweetnacl: 'tweetnacl.cjs',
};

/** Options of esbuild. */
export const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  minify: true,
  metafile: true,
  logLevel: 'warning',
  alias: {
    ...Object.fromEntries(
      Object.entries(STAND_INS).map(([name, file]) => [name, resolve(root, 'scripts/stand-ins', file)]),
    ),
    // The ES module of yaml: of its CommonJS version, esbuild would include everything.
    yaml: resolve(root, 'node_modules/yaml/browser/index.js'),
  },
  // Dependencies must not print (contract P4): the NATS client, for example, logs errors to stdout.
  drop: ['console'],
  define: {
    ATLANTIS_VERSION: JSON.stringify(manifest.version),
    ATLANTIS_COMMIT: JSON.stringify(readCommit()),
    // Otherwise ws would load two native packages from any parent directory, NODE_PATH or the home directory.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
  plugins: [scannerPlugin],
};
