// T2: larger events, compared with the ceiling only. T2s: the same over `wss:`, where the goals are about CPU time.
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { spread, times, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { hasGnuTime } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';
import { timeClient } from '../lib/throughput.mjs';

export const measureSizes = (context) => measureOver('T2', context.server, context);
export const measureSizesOverTls = (context) => measureOver('T2s', context.server.tls, context);

async function measureOver(id, server, { plan, note }) {
  const checks = [];
  const rows = [];
  for (const [name, size, count] of [
    ['2 kB', SIZES.medium, plan.mediumEvents],
    ['60 kB', SIZES.large, plan.largeEvents],
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
      (what) => note(`${id} ${size} bytes ${what}`),
    );
    const [ownRuns, ceilingRuns] = [...runs.values()];
    const pick = (list, figure) => list.map((run) => run[figure]);
    const faster = compareRuns(pick(ownRuns, 'perSecond'), pick(ceilingRuns, 'perSecond'));
    const less = hasGnuTime && compareRuns(pick(ceilingRuns, 'cpuUs'), pick(ownRuns, 'cpuUs'));
    if (id === 'T2') checks.push({ goal: `T2 ${name}`, ...faster });
    else if (less) checks.push({ goal: `T2s ${name}`, ...less });
    const cpu = (list) =>
      hasGnuTime ? spread(summarize(pick(list, 'cpuUs')), (us) => us.toFixed(1)) : 'not measured';
    rows.push([
      `${whole(size)} bytes, ${whole(count)} events`,
      ...[cpu(ownRuns), cpu(ceilingRuns), less ? times(less) : ''],
      ...[ownRuns, ceilingRuns].map((list) => spread(summarize(pick(list, 'perSecond')), whole)),
      times(faster),
    ]);
  }
  return {
    id,
    title: `Larger events over \`${server.scheme}:\`, NDJSON into \`cat >/dev/null\``,
    head: [
      ...[
        'event size',
        'tail, CPU, µs per event',
        'ceiling, CPU, µs per event',
        'CPU of the ceiling relative to tail',
      ],
      ...['tail, events per second', 'ceiling, events per second', 'speedup of tail'],
    ],
    rows,
    checks,
    skipped: hasGnuTime ? [] : ['CPU time: GNU time is missing (Debian: time)'],
    notes: [],
  };
}
