// Runs before `npm start` and `npm pack`, and when npm installs a git URL: installs and builds only what is missing or
// out of date.
//
// Child processes print to stderr, so that `npm -s start -- --json | jq` sees events only.
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Modification time in ms, or -1 if the path does not exist. */
function modified(path) {
  try {
    return statSync(join(root, path)).mtimeMs;
  } catch {
    return -1;
  }
}

/**
 * Whether every package of the lock file is installed as locked; optional ones may be for other platforms. Compares
 * content, since the times of files are arbitrary in a copied tree.
 */
function isInstalled() {
  try {
    const [locked, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map(
      (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages,
    );
    return Object.entries(locked).every(([path, { integrity, optional }]) => {
      const found = installed[path];
      return path === '' || (found === undefined ? optional === true : found.integrity === integrity);
    });
  } catch {
    return false;
  }
}

function newestBelow(path) {
  const entries = readdirSync(join(root, path), { recursive: true });
  return Math.max(...entries.map((entry) => modified(join(path, entry))));
}

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Works around a fault of npm when it installs a git URL with `--global`. Before the build, npm should install the
 * packages in its clone of the repository. But that installation inherits `--global`, and only puts a link to the clone
 * where the package should be. Later, npm unpacks the package into the link and deletes the clone. So the link is
 * replaced by a directory here.
 *
 * @returns whether this is such a clone, whose packages are not installed yet
 */
function replaceGlobalLink() {
  const { npm_lifecycle_event: event, npm_config_global: isGlobal, npm_config_prefix: prefix } = process.env;
  if (event !== 'prepare' || isGlobal !== 'true' || prefix === undefined) return false;
  if (!/[\\/]_cacache[\\/]tmp[\\/]/.test(root)) return false;
  const modules = join(prefix, process.platform === 'win32' ? '' : 'lib', 'node_modules');
  const link = join(modules, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name);
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return false;
  if (realpathSync(link) !== realpathSync(root)) return false;
  rmSync(link);
  mkdirSync(link);
  return true;
}

const isGlobal = replaceGlobalLink();
// `npm ci --omit=dev` in a clone: there is nothing to build with.
if (process.env.npm_lifecycle_event === 'prepare' && !isGlobal && modified('node_modules/esbuild') < 0)
  process.exit();
// npm runs `prepare` after it has installed the packages; a dry run installs none, and must not be repeated here.
if ((process.env.npm_lifecycle_event !== 'prepare' || isGlobal) && !isInstalled()) {
  // On Windows, npm is a shell script. node must not use a shell, because its path may contain a space.
  const shell = process.platform === 'win32';
  run('npm', ['ci', '--no-global', '--no-audit', '--no-fund', '--loglevel=error'], { shell });
}
const newestSource = Math.max(
  ...['src', 'assembly', 'scripts'].map(newestBelow),
  modified('package.json'),
  modified('node_modules/.package-lock.json'),
);
if (modified('dist/main.cjs') < newestSource) run(process.execPath, ['scripts/build.mjs']);
