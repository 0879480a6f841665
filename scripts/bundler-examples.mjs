// Bundles a program that uses the library with each common bundler, without configuration, and runs the results.
// Also runs it with Deno and Bun. The packages of PROGRAMS must be installed in the directory given to `runBundlers`.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './bundle-options.mjs';

export const PROGRAMS = [
  'esbuild@0.28.2',
  'webpack@5.99.9',
  'rollup@4.40.0',
  '@rollup/plugin-node-resolve@16.0.1',
  'vite@7.3.8',
  'bun@1.4.5',
  'deno@2.9.6',
];

/**
 * Reads an event over TLS, with a filter that needs the engine for regular expressions. Then a server refuses the
 * program, and the library refuses an unknown option.
 */
const PROGRAM = `
const [url, refusing, ca, key] = process.argv.slice(2);
const options = { url, key, ca: readFileSync(ca, 'utf8') };
(async () => {
  for await (const { type } of stream({ ...options, where: 'type ~ ^large_tr' })) {
    console.log(type);
    break;
  }
  try {
    for await (const _ of stream({ ...options, url: refusing })) break;
  } catch (error) {
    console.log(error.name, error.exitCode, error instanceof StreamEndedError);
  }
  try {
    stream({ ...options, texture: 'red' });
  } catch (error) {
    console.log(error.message);
  }
})();
`;
const EXPECTED = `large_transfer
StreamEndedError 3 true
stream() has no option "texture"
`;

/** Strings in code that only commands need: commander, the NATS client and the profile store. */
const COMMAND_STRINGS = /CommanderError|Nats-Msg-Id|profiles\.json/;
/** The library is 320 kB, nearly half of it the engine for regular expressions; some bundlers add white space. */
const MAX_BYTES = 600_000;

function bundlers(directory) {
  const bin = (name) => join(directory, 'node_modules/.bin', name);
  const load = (name) => import(pathToFileURL(join(directory, 'node_modules', name)).href);
  const esm = join(directory, 'program.mjs');
  return {
    'esbuild to CommonJS': ['esbuild-cjs/index.cjs', bin('esbuild'), [esm, '--bundle', '--platform=node']],
    'esbuild to an ES module': [
      'esbuild-mjs/index.mjs',
      bin('esbuild'),
      [esm, '--bundle', '--platform=node', '--format=esm'],
    ],
    'esbuild of CommonJS': [
      'esbuild-of-cjs/index.cjs',
      bin('esbuild'),
      [join(directory, 'program.cjs'), '--bundle', '--platform=node'],
    ],
    'rollup to an ES module': [
      'rollup-mjs/index.mjs',
      bin('rollup'),
      [esm, '-p', 'node-resolve', '-f', 'es', '--silent', '-o'],
    ],
    'rollup to CommonJS': [
      'rollup-cjs/index.cjs',
      bin('rollup'),
      [esm, '-p', 'node-resolve', '-f', 'cjs', '--silent', '-o'],
    ],
    bun: ['bun/index.mjs', bin('bun'), ['build', esm, '--target=node', '--outfile']],
    webpack: [
      'webpack/main.js',
      async () => {
        const { default: webpack } = await load('webpack/lib/index.js');
        const output = { path: join(directory, 'webpack') };
        const stats = await new Promise((done, fail) =>
          webpack({ mode: 'production', target: 'node', entry: esm, output }, (error, result) =>
            error ? fail(error) : done(result),
          ),
        );
        if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
      },
    ],
    vite: [
      'vite/program.mjs',
      async () => {
        const { build } = await load('vite/dist/node/index.js');
        const ssr = { noExternal: true };
        await build({ root: directory, logLevel: 'warn', ssr, build: { ssr: esm, outDir: 'vite' } });
      },
    ],
  };
}

function run(command, args, cwd) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', (error) => done({ status: -1, stdout, stderr: String(error) }));
    child.on('close', (status) => done({ status, stdout, stderr }));
  });
}

/** @param report called with the name of each example, and with its fault, undefined if it passed */
export async function runBundlers(directory, report) {
  const names = '{ stream, StreamEndedError }';
  writeFileSync(
    join(directory, 'program.mjs'),
    `import { readFileSync } from 'node:fs';\nimport ${names} from 'atlantis-cli';\n${PROGRAM}`,
  );
  writeFileSync(
    join(directory, 'program.cjs'),
    `const { readFileSync } = require('node:fs');\nconst ${names} = require('atlantis-cli');\n${PROGRAM}`,
  );
  const { parseScript, startSimulator } = await import(pathToFileURL(join(root, 'dist/simulator.mjs')).href);
  const simulator = await startSimulator({ tls: true, ratePerSecond: 1_000 });
  const scenario = parseScript({ connections: [{ refuse: { status: 401 } }] });
  const refusing = await startSimulator({ scenario });
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, simulator.caCertificate);
  const stream = [simulator.url, refusing.url, ca, simulator.exampleKey];
  const check = async (name, command, args) => {
    const { status, stdout, stderr } = await run(command, [...args, ...stream], directory);
    const isFine = status === 0 && stdout === EXPECTED && stderr === '';
    report(name, isFine ? undefined : `exit ${status}\n${stdout}${stderr}`);
  };
  try {
    for (const [name, [file, command, args]] of Object.entries(bundlers(directory))) {
      const output = resolve(directory, file);
      try {
        if (typeof command === 'function') await command();
        else {
          const target = command.endsWith('esbuild')
            ? [`--outfile=${output}`, '--log-level=warning']
            : [output];
          const { status, stdout, stderr } = await run(command, [...args, ...target], directory);
          if (status !== 0 || /warning/i.test(stderr)) throw new Error(`exit ${status}\n${stdout}${stderr}`);
        }
        const outputDirectory = resolve(output, '..');
        const files = readdirSync(outputDirectory).map((one) => join(outputDirectory, one));
        const bytes = files.reduce((sum, one) => sum + statSync(one).size, 0);
        if (bytes > MAX_BYTES) throw new Error(`${bytes} bytes`);
        const found = files
          .map((one) => COMMAND_STRINGS.exec(readFileSync(one, 'utf8')))
          .find((one) => one !== null);
        if (found) throw new Error(`it contains the command: ${found[0]}`);
        await check(`${name} (${Math.round(bytes / 1000)} kB)`, process.execPath, [output]);
      } catch (error) {
        report(name, String(error));
      }
    }
    const bin = (name) => join(directory, 'node_modules/.bin', name);
    await check('Bun', bin('bun'), ['program.mjs']);
    await check('Deno', bin('deno'), [
      'run',
      '--quiet',
      '--allow-all',
      '--node-modules-dir=manual',
      'program.mjs',
    ]);
  } finally {
    await Promise.all([simulator.close(), refusing.close()]);
  }
}
