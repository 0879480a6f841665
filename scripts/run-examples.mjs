// Runs docs/examples as other projects would: against the packed package, in a folder of its own.
//
// jest, ws and the compiler are those of this project; vitest is installed for the run, at a fixed version.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const VITEST = 'vitest@3.2.4';
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'atlantis-examples-'));
const modules = join(folder, 'node_modules');
const failed = [];

function run(command, args) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  return { status, stdout };
}

function example(name, command, args) {
  const { status, stdout } = run(command, args);
  console.log(`${status === 0 ? 'passed' : 'FAILED'}: ${name}`);
  if (status === 0) return;
  console.log(stdout);
  failed.push(name);
}

try {
  cpSync(join(root, 'docs/examples'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "jest": { "testEnvironment": "node" } }\n');
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', VITEST]);
  const packed = JSON.parse(
    run('npm', ['pack', root, '--json', '--ignore-scripts', '--loglevel=error']).stdout,
  );
  mkdirSync(join(modules, 'atlantis-cli'), { recursive: true });
  run('tar', ['-xzf', packed[0].filename, '-C', join(modules, 'atlantis-cli'), '--strip-components=1']);
  for (const name of ['jest', '@jest/globals', 'ws', '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(
    join(folder, 'types.mts'),
    `import { type Scenario, type Simulator, startSimulator } from 'atlantis-cli/simulator';
const scenario: Scenario = { summary: 'mine', getAct: () => ({ steps: [{ do: 'welcome' }, { do: 'events', count: 3 }] }) };
const simulator: Simulator = await startSimulator({ scenario, tls: true });
const url: string = simulator.url;
// @ts-expect-error a rate is a number
await startSimulator({ ratePerSecond: 'fast' });
console.log(url);
`,
  );
  const { execPath } = process;
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(modules, 'jest/bin/jest.js'),
  ];
  example('jest', execPath, [...jest, '--testMatch=**/*.jest.test.mjs', '--rootDir', folder]);
  example('vitest', execPath, [join(modules, 'vitest/vitest.mjs'), 'run', 'stream.vitest.test.mjs']);
  example('node:test', execPath, ['--test', 'stream.node.test.mjs']);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  example('types', execPath, [tsc, ...strict, 'types.mts']);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${4 - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
