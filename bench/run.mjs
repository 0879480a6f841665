// `npm run bench`: measures the goals of goals.mjs side by side on the machine at hand.
//
//   --quick   small counts, within a minute; prints the table and writes no file
//   --check   ends in 1 on a gross loss: half of a goal or worse (for CI)
//   --only T1,T6   these measures; prints the table and writes no file
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judge } from './goals.mjs';
import { drawBars } from './lib/chart.mjs';
import { describeMachine } from './lib/machine.mjs';
import { findPeers } from './lib/peers.mjs';
import { FULL, QUICK } from './lib/plan.mjs';
import { writeReport } from './lib/report.mjs';
import { startServer } from './lib/server-process.mjs';
import { measureThroughput } from './measures/t1-throughput.mjs';
import { measureMemory } from './measures/t3-memory.mjs';
import { measureStart } from './measures/t6-start.mjs';

const MEASURES = { T1: measureThroughput, T3: measureMemory, T6: measureStart };

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, check: { type: 'boolean' }, only: { type: 'string' } },
});
const plan = options.quick ? QUICK : FULL;
const wanted = options.only?.split(',') ?? Object.keys(MEASURES);
const note = (what) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${what}` : '');

const peers = findPeers(!options.quick);
const server = await startServer();
const bench = { server, plan, peers, note, measures: [] };
try {
  for (const id of wanted) {
    const begunMs = Date.now();
    const measured = await MEASURES[id](bench);
    bench.measures.push(measured);
    note('');
    process.stderr.write(`${id}: ${((Date.now() - begunMs) / 1_000).toFixed(1)} s\n`);
  }
} finally {
  server.stop();
}

const { measures } = bench;
const machine = describeMachine(peers);
console.log(writeReport({ measures, machine, plan }));
if (!options.quick && options.only === undefined) {
  const { bars, title } = measures.find(({ id }) => id === 'T1');
  writeFileSync(new URL('results.md', import.meta.url), writeReport({ measures, machine, plan }));
  writeFileSync(
    new URL('results.svg', import.meta.url),
    drawBars('Events per second', title.replaceAll('`', ''), bars),
  );
}

const lost = measures
  .flatMap(({ checks }) => checks)
  .filter(({ goal, median }) => judge(goal, median) === 'gross loss');
for (const { goal } of lost) console.error(`gross loss: ${goal}`);
if (options.check && lost.length > 0) process.exitCode = 1;
