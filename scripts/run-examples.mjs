// Runs docs/examples as other projects would: against the packed package, in a separate directory.
//
// Uses jest, ws and the compiler of this project; installs vitest at a fixed version.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS, runBundlers } from './bundler-examples.mjs';

const VITEST = 'vitest@3.2.4';
/** The oldest TypeScript that the types support. They are also compiled with the TypeScript of this project. */
const OLD_TYPESCRIPT = 'typescript-old@npm:typescript@5.0.4';
/** Versions of the npm package `node`. The examples also run on the Node that runs this script. */
const NODES = ['20.0.0', '22.23.3', '24.21.0', '26.10.0'];
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const directory = mkdtempSync(join(tmpdir(), 'atlantis-examples-'));
const modules = join(directory, 'node_modules');
const failed = [];
let ran = 0;

/** Must compile in strict mode with the types of both libraries. */
const TYPES = `import { type EventStream, EXIT, isAtlantisError, StreamEndedError, type StreamItem, stream } from 'atlantis-cli';
import { type Scenario, type Simulator, startSimulator } from 'atlantis-cli/simulator';
const scenario: Scenario = { summary: 'mine', getAct: () => ({ steps: [{ do: 'welcome' }, { do: 'events', count: 3 }] }) };
export const start = async (): Promise<string> => {
  const simulator: Simulator = await startSimulator({ scenario, tls: true });
  return simulator.url;
};
// @ts-expect-error a rate is a number
export const wrong = () => startSimulator({ ratePerSecond: 'fast' });
const options = { url: 'http://localhost', key: async () => 'ak_live_0', onGap: ({ fromMs }: { fromMs: number }) => console.log(fromMs) };
export async function follow(): Promise<void> {
  const events: EventStream = stream(options);
  try {
    for await (const { text, value, seq } of events) {
      const exact: string = text;
      // @ts-expect-error the shape of an event is not specified
      value.amount;
      console.log(exact, seq);
    }
    for await (const item of stream(options).items()) print(item);
  } catch (error) {
    if (error instanceof StreamEndedError && error.cause.kind === 'unauthorized') console.log(error.why);
    if (isAtlantisError(error) && error.exitCode === EXIT.tls) console.log(error.hint);
  }
}
function print(item: StreamItem): void {
  if (item.kind === 'events') for (const { line } of item.batch) console.log(line);
  if (item.kind === 'lost') console.log(item.cause.detail, item.upMs);
}
// @ts-expect-error a duration is a number of ms
stream({ ...options, retryMinMs: '1s' });
`;

/** The code blocks of docs/library.md, with declarations of the names that they use. */
function readLibraryPage() {
  const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  return `declare const url: string, key: string, handle: (event: unknown) => void;\n${blocks.join('')}`;
}

function run(command, args) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  return { status, stdout };
}

/** @param fault what went wrong, if anything did */
function report(name, fault) {
  ran += 1;
  console.log(`${fault === undefined ? 'passed' : 'FAILED'}: ${name}`);
  if (fault === undefined) return;
  console.log(fault);
  failed.push(name);
}

function example(name, command, args) {
  const { status, stdout } = run(command, args);
  report(name, status === 0 ? undefined : stdout);
}

try {
  cpSync(join(root, 'docs/examples'), directory, { recursive: true });
  writeFileSync(
    join(directory, 'package.json'),
    '{ "private": true, "jest": { "testEnvironment": "node" } }\n',
  );
  run('npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    VITEST,
    OLD_TYPESCRIPT,
    ...PROGRAMS,
  ]);
  const packed = JSON.parse(
    run('npm', ['pack', root, '--json', '--ignore-scripts', '--loglevel=error']).stdout,
  );
  mkdirSync(join(modules, 'atlantis-cli'), { recursive: true });
  run('tar', ['-xzf', packed[0].filename, '-C', join(modules, 'atlantis-cli'), '--strip-components=1']);
  for (const name of ['jest', '@jest/globals', 'ws', '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    rmSync(join(modules, name), { recursive: true, force: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(join(directory, 'types.mts'), TYPES);
  writeFileSync(join(directory, 'types.cts'), TYPES);
  writeFileSync(join(directory, 'page.mts'), readLibraryPage());
  const { execPath } = process;
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(modules, 'jest/bin/jest.js'),
  ];
  example('jest', execPath, [...jest, '--testMatch=**/*.jest.test.mjs', '--rootDir', directory]);
  example('vitest', execPath, [join(modules, 'vitest/vitest.mjs'), 'run', 'stream.vitest.test.mjs']);
  example('node:test', execPath, ['--test', 'stream.node.test.mjs']);
  example('the library', execPath, ['--test', 'library.node.test.mjs']);
  const tests = ['stream.node.test.mjs', 'library.node.test.mjs'];
  for (const version of NODES) {
    const npx = ['-y', '-p', `node@${version}`, 'node'];
    const { status, stdout } = run('npx', [...npx, '--version']);
    const isAvailable = status === 0 && stdout.trim() === `v${version}`;
    if (isAvailable) example(`Node ${version}`, 'npx', [...npx, '--test', ...tests]);
    else console.log(`skipped: Node ${version}, which is not available here`);
  }
  example('Deno: the same tests', join(modules, '.bin/deno'), [
    'test',
    '--quiet',
    '--allow-all',
    '--node-modules-dir=manual',
    ...tests,
  ]);
  const others = tests.map((name) => `./${name}`);
  example('Bun: the same tests', join(modules, '.bin/bun'), ['test', ...others]);
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  for (const [name, compiler] of [
    ['5.0', join(modules, 'typescript-old')],
    ['7.0', join(root, 'node_modules/typescript')],
  ]) {
    const tsc = [join(compiler, 'bin/tsc'), ...strict];
    example(`TypeScript ${name}: types for an ES module`, execPath, [...tsc, 'types.mts']);
    example(`TypeScript ${name}: types of docs/library.md`, execPath, [...tsc, 'page.mts']);
    example(`TypeScript ${name}: types for CommonJS`, execPath, [...tsc, 'types.cts']);
  }
  await runBundlers(directory, report);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${ran - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
