// T2: larger events, compared with the ceiling only.
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { spread, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';
import { timeClient } from '../lib/throughput.mjs';

export async function measureSizes({ server, plan, note }) {
  const checks = [];
  const rows = [];
  for (const [goal, size, count] of [
    ['T2 2 kB', SIZES.medium, plan.mediumEvents],
    ['T2 60 kB', SIZES.large, plan.largeEvents],
  ]) {
    const flow = { count, size };
    const own = clients.tail(server.base({ ...flow, end: 'open' }), count);
    const ceiling = clients.ceiling(server.stream(flow));
    const runs = await interleave(
      [
        { name: 'tail', run: () => timeClient(server, own, count) },
        { name: 'ceiling', run: () => timeClient(server, ceiling, count) },
      ],
      plan.rounds,
      (what) => note(`T2 ${size} bytes ${what}`),
    );
    const [ownRates, ceilingRates] = [...runs.values()].map((list) => list.map((run) => run.perSecond));
    const compared = compareRuns(ownRates, ceilingRates);
    checks.push({ goal, ...compared });
    rows.push([
      `${whole(size)} bytes, ${whole(count)} events`,
      spread(summarize(ownRates), whole),
      spread(summarize(ceilingRates), whole),
      `${spread(compared, (value) => value.toFixed(2))} ×`,
    ]);
  }
  return {
    id: 'T2',
    title: 'Larger events, NDJSON into `cat >/dev/null`',
    head: ['event size', 'tail, events per second', 'ceiling, events per second', 'ratio'],
    rows,
    checks,
    skipped: [],
    notes: [],
  };
}
