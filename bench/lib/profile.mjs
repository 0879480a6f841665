// A CPU profile of `stream tail`, summed by function.
//
// The command is bundled again without minification, so that functions keep their names.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scannerPlugin } from '../../scripts/scanner-code.mjs';
import { tail } from './clients.mjs';
import { SIZES } from './events.mjs';
import { timeClient } from './throughput.mjs';

/** V8's "idle" includes everything outside of JavaScript and its calls, such as libuv's reads and writes. */
const OUTSIDE = { '(idle)': 'waiting, and system reads and writes', '(program)': 'native code' };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function bundleReadable(directory) {
  const { build } = await import('esbuild');
  const outfile = join(directory, 'atlantis.cjs');
  await build({
    stdin: { contents: "import { run } from './src/main.ts'; run();", resolveDir: ROOT },
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['bufferutil', 'utf-8-validate'],
    define: { ATLANTIS_VERSION: '"0.0.0"' },
    plugins: [scannerPlugin],
    logLevel: 'error',
  });
  return outfile;
}

/** `[function, file, self ms]`, longest first. */
function addUpSelfTime({ nodes, samples, timeDeltas }) {
  const usById = new Map();
  for (let at = 0; at < samples.length; at++) {
    usById.set(samples[at], (usById.get(samples[at]) ?? 0) + timeDeltas[at]);
  }
  const byPlace = new Map();
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const file = url === '' ? '' : url.startsWith('node:') ? url : `${basename(url)}:${lineNumber + 1}`;
    const place = `${functionName || '(anonymous)'}\t${file}`;
    byPlace.set(place, (byPlace.get(place) ?? 0) + (usById.get(id) ?? 0) / 1_000);
  }
  return [...byPlace].map(([place, ms]) => [...place.split('\t'), ms]).sort((a, b) => b[2] - a[2]);
}

/**
 * Profiles T1, and T2 if it missed its goal. Runs are long enough to make startup negligible.
 *
 * @param {(goal: string) => boolean} isReached
 * @returns {Promise<{title: string, text: string}[]>} a Markdown table each, or the reason why it is missing
 */
export async function profileMisses(server, isReached) {
  const wanted = [
    { id: 'T1', size: SIZES.small, count: 5_000_000, isWanted: true },
    { id: 'T2 at 2 kB', size: SIZES.medium, count: 500_000, isWanted: !isReached('T2 2 kB') },
    { id: 'T2 at 60 kB', size: SIZES.large, count: 20_000, isWanted: !isReached('T2 60 kB') },
  ];
  const profiles = [];
  for (const { id, size, count } of wanted.filter(({ isWanted }) => isWanted)) {
    const text = await profileTail(server, count, size).catch(({ message }) => message);
    profiles.push({ title: `CPU profile of ${id}`, text });
  }
  return profiles;
}

/** The functions with the most self time, as a Markdown table; those below 1 % are omitted. */
export async function profileTail(server, count, size = SIZES.small) {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  try {
    const bundle = await bundleReadable(directory);
    const [program, , ...words] = tail(server.base({ count, size, end: 'open' }), count);
    const flags = ['--cpu-prof', '--cpu-prof-dir', directory, '--cpu-prof-interval', '500'];
    await timeClient(server, [program, ...flags, bundle, ...words], count);
    const file = readdirSync(directory).find((name) => name.endsWith('.cpuprofile'));
    const text = readFileSync(join(directory, file), 'utf8');
    if (process.env.ATLANTIS_BENCH_PROFILE) writeFileSync(process.env.ATLANTIS_BENCH_PROFILE, text);
    const all = addUpSelfTime(JSON.parse(text));
    const totalMs = all.reduce((sum, [, , ms]) => sum + ms, 0);
    const rows = all
      .filter(([, , ms]) => ms >= totalMs / 100)
      .map(([name, place, ms]) => {
        const what = OUTSIDE[name] ?? (name.startsWith('wasm-') ? `the scanner, \`${name}\`` : `\`${name}\``);
        return `| ${what} | ${place} | ${((ms / totalMs) * 100).toFixed(1)} % |`;
      });
    return ['| function | where | self time |', '| --- | --- | --- |', ...rows].join('\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
