// T4: one --type and one --where that together pass half of the events, compared with the unfiltered stream and
// with piping the stream into `jq -c` with the same filter.
import * as clients from '../lib/clients.mjs';
import { missingFlags } from '../lib/features.mjs';
import { spread, times, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { hasGnuTime } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';
import { timeClient } from '../lib/throughput.mjs';

const FILTER = ['--type', 'large_*', '--where', 'usd_value >= 1000000'];
const JQ_FILTER = 'select((.type | startswith("large_")) and .usd_value >= 1000000)';

export async function measureFilters({ server, plan, peers, note }) {
  const result = {
    id: 'T4',
    title: 'Filters: `--type` and one `--where` that pass half of the events',
    head: ['what', 'events read per second', 'events', 'speedup of filter', 'CPU of tail, µs per event read'],
    rows: [],
    checks: [],
    skipped: [],
    notes: [`Filter: \`${FILTER.join(' ')}\`; in jq \`${JQ_FILTER}\`.`],
  };
  const missing = missingFlags('--type', '--where');
  if (missing.length > 0) {
    result.skipped.push(`filters: stream tail has no ${missing.join(' and no ')}`);
    return result;
  }
  const time = (count, limit, flags, reader) =>
    timeClient(server, clients.tail(server.base({ count, end: 'open' }), limit, ...flags), count, { reader });
  const count = plan.filterEvents;
  const contenders = [
    { name: 'filter', count, run: () => time(count, count / 2, FILTER) },
    { name: 'no filter', goal: 'T4 own', count, run: () => time(count, count, []) },
  ];
  if (peers.jq.skipped) result.skipped.push(`jq -c: ${peers.jq.skipped}`);
  else {
    const few = plan.slowPeerEvents * 2;
    const reader = `| jq -c '${JQ_FILTER}'`;
    contenders.push({
      name: 'no filter, piped into jq -c',
      goal: 'T4 jq',
      count: few,
      rounds: plan.peerRounds,
      run: () => time(few, few, [], reader),
    });
  }
  const runs = await interleave(contenders, plan.rounds, (what) => note(`T4 ${what}`));
  const rates = (name) => runs.get(name).map((run) => run.perSecond);
  for (const { name, goal, count: events } of contenders) {
    const compared = compareRuns(rates('filter'), rates(name));
    if (goal !== undefined) result.checks.push({ goal, ...compared });
    result.rows.push([
      name,
      spread(summarize(rates(name)), whole),
      whole(events),
      goal === undefined ? '' : times(compared),
      hasGnuTime ? spread(summarize(runs.get(name).map((run) => run.cpuUs)), (us) => us.toFixed(2)) : '',
    ]);
  }
  return result;
}
