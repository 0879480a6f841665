// T5: pretty output with color on a terminal of 120 columns. The terminal is script(1), which forwards all output.
//
// The goal is about CPU time, including that of script: the two processes alternate, so wall time on a busy machine
// depends mostly on the scheduler.
import { spawnSync } from 'node:child_process';
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { spread, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { hasGnuTime } from '../lib/pipeline.mjs';
import { summarize } from '../lib/stats.mjs';
import { timeClient } from '../lib/throughput.mjs';

const GOAL = 'T5 terminal';
const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

export async function measurePretty({ server, plan, note }) {
  const count = plan.prettyEvents;
  const result = {
    id: 'T5',
    title: `Pretty with color on a terminal of 120 columns: ${whole(count)} events of ${SIZES.small} bytes`,
    head: ['what', 'events per second of CPU time', 'events per second'],
    rows: [],
    checks: [],
    skipped: [],
    notes: [],
  };
  if (!hasGnuTime || spawnSync('script', ['--version']).status !== 0) {
    result.skipped.push('pretty: needs GNU time and script(1)');
    return result;
  }
  const flags = ['--format', 'pretty', '--color', 'always'];
  const tail = clients.tail(server.base({ count, end: 'open' }), count, ...flags);
  const command = `stty cols 120 && exec ${tail.map(quote).join(' ')}`;
  const run = () =>
    timeClient(server, ['script', '--quiet', '--return', '--command', command, '/dev/null'], count);
  const runs = await interleave([{ name: GOAL, run }], plan.rounds, (what) => note(`T5 ${what}`));
  const rates = summarize(runs.get(GOAL).map(({ cpuMs }) => (count * 1_000) / cpuMs));
  const byTheClock = summarize(runs.get(GOAL).map(({ perSecond }) => perSecond));
  result.rows.push(['tail --format pretty', spread(rates, whole), spread(byTheClock, whole)]);
  result.checks.push({ goal: GOAL, ...rates });
  return result;
}
