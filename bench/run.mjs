// `npm run bench`: measures the goals of goals.mjs on this machine.
//
//   --quick   small counts, within a minute; does not write results
//   --check   exit 1 if a goal is missed by over 2× in each of three measurements (for CI)
//   --only T1,T6   only these measurements; does not write results
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeGoal, isBetter, judge } from './goals.mjs';
import { drawBars } from './lib/chart.mjs';
import { describeMachine } from './lib/machine.mjs';
import { findPeers } from './lib/peers.mjs';
import { FULL, QUICK } from './lib/plan.mjs';
import { profileMisses } from './lib/profile.mjs';
import { writeReport } from './lib/report.mjs';
import { startServer } from './lib/server-process.mjs';
import { profileStart } from './lib/start-profile.mjs';
import { measureThroughput, measureThroughputOverTls } from './measures/t1-throughput.mjs';
import { measureSizes, measureSizesOverTls } from './measures/t2-sizes.mjs';
import { measureMemory } from './measures/t3-memory.mjs';
import { measureFilters } from './measures/t4-filters.mjs';
import { measurePretty } from './measures/t5-pretty.mjs';
import { measureStart } from './measures/t6-start.mjs';
import { measureLatency, measureLatencyOverTls } from './measures/t7-latency.mjs';
import { measureLongRun } from './measures/t8-long.mjs';
import { measureIdle } from './measures/t9-idle.mjs';
import { measureSimulator } from './measures/t10-simulator.mjs';
import { measureRelay } from './measures/t11-relay.mjs';
import { measureReplay } from './measures/t12-replay.mjs';
import { measureMerge } from './measures/t13-merge.mjs';

const MEASURES = {
  T1s: measureThroughputOverTls,
  T1: measureThroughput,
  T2s: measureSizesOverTls,
  T2: measureSizes,
  T3: measureMemory,
  T4: measureFilters,
  T5: measurePretty,
  T6: measureStart,
  T7s: measureLatencyOverTls,
  T7: measureLatency,
  T8: measureLongRun,
  T9: measureIdle,
  T10: measureSimulator,
  T11: measureRelay,
  T12: measureReplay,
  T13: measureMerge,
};

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, check: { type: 'boolean' }, only: { type: 'string' } },
});
const plan = options.quick ? QUICK : FULL;
const wanted = options.only?.split(',') ?? Object.keys(MEASURES);
const writesResults = !options.quick && options.only === undefined;
const note = (what) => process.stderr.isTTY && process.stderr.write(`\r\x1b[2K${what}`);

const peers = findPeers(!options.quick);
const server = await startServer();

/** A measure that throws is reported and fails the run; the other measures continue. */
async function measureOrReport(id) {
  try {
    return await MEASURES[id]({ server, plan, peers, note });
  } catch (error) {
    process.exitCode = 1;
    console.error(`${id}: ${error.message}`);
    return { id, title: 'failed', head: [], rows: [], checks: [], skipped: [], notes: [error.message] };
  }
}

/** A goal that is missed by over 2× is measured again, because the miss may be due to other load on the machine. */
const MAX_TRIES = 3;

const isMissedByFar = ({ goal, median }) => judge(goal, median) === 'missed by over 2×';

/** @returns for each goal, the better of both figures */
function keepBest(checks, others) {
  return checks.map((check) => {
    const other = others.find(({ goal }) => goal === check.goal);
    return other !== undefined && isBetter(check.goal, other.median, check.median) ? other : check;
  });
}

async function measureWithRetries(id) {
  let measure = await measureOrReport(id);
  for (let tries = 1; options.check && tries < MAX_TRIES && measure.checks.some(isMissedByFar); tries += 1) {
    console.error(
      `${id}: again, since ${measure.checks
        .filter(isMissedByFar)
        .map(({ goal }) => goal)
        .join(', ')} was missed by over 2×`,
    );
    const again = await measureOrReport(id);
    measure = { ...again, checks: keepBest(again.checks, measure.checks) };
  }
  return measure;
}

const measures = [];
const profiles = [];
try {
  for (const id of wanted) {
    const beganMs = Date.now();
    measures.push(await measureWithRetries(id));
    note('');
    console.error(`${id}: ${((Date.now() - beganMs) / 1_000).toFixed(1)} s`);
  }
  if (writesResults) {
    const figures = measures.flatMap(({ checks }) => checks);
    const isReached = (wanted) =>
      figures.some(({ goal, median }) => goal === wanted && judge(goal, median) === 'reached');
    profiles.push(...(await profileMisses(server, isReached)));
    const text = await profileStart(server).catch(({ message }) => message);
    profiles.push({ title: 'CPU profile of startup, from spawn to the first event', text });
  }
} finally {
  server.stop();
}

const report = writeReport({ measures, machine: describeMachine(peers), plan, profiles });
console.log(report);
if (writesResults) {
  const { bars, title } = measures.find(({ id }) => id === 'T1s');
  writeFileSync(new URL('results.md', import.meta.url), report);
  const subtitle = title.replaceAll('`', '');
  if (bars)
    writeFileSync(
      new URL('results.svg', import.meta.url),
      drawBars('Events per second of CPU time', subtitle, bars),
    );
}

const missed = measures.flatMap(({ checks }) => checks).filter(isMissedByFar);
for (const { goal } of missed) console.error(`missed by over 2×: ${describeGoal(goal)}`);
if (options.check && missed.length > 0) process.exitCode = 1;
