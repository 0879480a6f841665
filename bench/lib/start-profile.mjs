// CPU profile of startup, from spawn to the first event, of the built command, summed by the owner of the code.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { tail } from './clients.mjs';
import { runOrThrow } from './pipeline.mjs';

const RUNS = 10;

/** Functions that represent work of Node and V8. */
const OF_NODE = {
  wrapSafe: 'Node: compiling our bundles',
  compileForInternalLoader: 'Node: compiling its own modules, such as net, http and crypto',
  '(garbage collector)': 'V8: garbage collection',
  '(program)': 'native code',
};

function nameOwner({ functionName, url }) {
  if (Object.hasOwn(OF_NODE, functionName)) return OF_NODE[functionName];
  if (url.startsWith('wasm:')) return 'WebAssembly';
  if (url.startsWith('node:')) return 'Node: running its own modules';
  return url === '' ? 'native code' : `\`${basename(url)}\``;
}

/** A Markdown table: ms per run by owner. */
export async function profileStart(server) {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  try {
    const [program, ...words] = tail(server.base({ count: 1, end: 'open' }), 1);
    const flags = ['--cpu-prof', '--cpu-prof-dir', directory, '--cpu-prof-interval', '100'];
    for (let run = 0; run < RUNS; run += 1) await runOrThrow([program, ...flags, ...words]);
    const msByOwner = new Map();
    for (const file of readdirSync(directory)) {
      const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(directory, file), 'utf8'));
      const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
      for (const [at, id] of samples.entries()) {
        const frame = frames.get(id);
        if (frame.functionName === '(idle)') continue;
        const owner = nameOwner(frame);
        msByOwner.set(owner, (msByOwner.get(owner) ?? 0) + timeDeltas[at] / 1_000 / RUNS);
      }
    }
    const rows = [...msByOwner]
      .sort(([, a], [, b]) => b - a)
      .map(([owner, ms]) => `| ${owner} | ${ms.toFixed(1)} |`);
    return ['| what | ms, with the profiler on |', '| --- | --- |', ...rows].join('\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
