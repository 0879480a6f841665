// Finds the peers, other programs to compare with, on the machine, or installs them into bench/.peers. Missing peers
// are skipped and reported.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../.peers', import.meta.url));
/** Exact versions: a benchmark against "latest" cannot be repeated. */
const NPM_PEERS = {
  wscat: '6.1.0',
  [`@oven/bun-${process.platform}-${process.arch}`]: '1.4.5',
};

const inPeers = (...path) => join(DIRECTORY, 'node_modules', ...path);

function installFromNpm(name, version) {
  const manifest = inPeers(name, 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version) return;
  mkdirSync(DIRECTORY, { recursive: true });
  const own = join(DIRECTORY, 'package.json');
  if (!existsSync(own)) writeFileSync(own, '{"private":true}\n');
  spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', `${name}@${version}`],
    { cwd: DIRECTORY, stdio: 'ignore', timeout: 300_000 },
  );
}

/** The first line that a program prints, or undefined if it fails. */
function firstLine(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.trim().split('\n')[0] : undefined;
}

function findPython() {
  for (const python of ['python3', '/usr/bin/python3']) {
    const version = firstLine(python, '-c', 'import websocket; print(websocket.__version__)');
    if (version !== undefined) return { command: [python], version: `websocket-client ${version}` };
  }
  return { skipped: 'no python3 with websocket-client (Debian: python3-websocket)' };
}

function findNpmPeer(name, script, command) {
  const version = NPM_PEERS[name];
  const file = inPeers(name, ...script);
  if (!existsSync(file)) return { skipped: `npm package ${name}@${version} is not installed` };
  const runs = firstLine(command(file)[0], ...command(file).slice(1), '--version');
  return runs === undefined
    ? { skipped: `npm package ${name}@${version} does not run here` }
    : { command: command(file), version };
}

/**
 * Every peer by name, with either `command` (argv) and `version`, or `skipped` (the reason).
 *
 * @param mayInstall false: only use what is already installed
 */
export function findPeers(mayInstall) {
  if (mayInstall) for (const [name, version] of Object.entries(NPM_PEERS)) installFromNpm(name, version);
  const jq = firstLine('jq', '--version');
  const bun = `@oven/bun-${process.platform}-${process.arch}`;
  return {
    python: findPython(),
    wscat: findNpmPeer('wscat', ['bin', 'wscat'], (file) => [process.execPath, file]),
    bun: findNpmPeer(bun, ['bin', 'bun'], (file) => [file]),
    jq: jq === undefined ? { skipped: 'jq is not installed' } : { command: ['jq'], version: jq },
  };
}
