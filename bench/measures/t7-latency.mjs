// T7: latency of single events at random times, from the write of the server until the reader of stdout has the
// line. T7s: the same over `wss:`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as clients from '../lib/clients.mjs';
import { spread, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { runOrThrow } from '../lib/pipeline.mjs';
import { compareRuns, quantile, summarize } from '../lib/stats.mjs';

const READER = fileURLToPath(new URL('../clients/latency-reader.mjs', import.meta.url));
/** Warm-up: the first events of a connection run code that is not yet compiled. */
const WARM_UP_EVENTS = 50;
/** The client is connected and idle before the first event. */
const DELAY_MS = 300;

export const measureLatency = (context) => measureOver('T7', context.server, context);
export const measureLatencyOverTls = (context) => measureOver('T7s', context.server.tls, context);

async function measureOver(id, server, { plan, note }) {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const output = join(directory, 'latencies');
  const count = plan.latencyEvents + WARM_UP_EVENTS;
  const flow = { count, everyMs: plan.latencyEveryMs, delayMs: DELAY_MS };
  const run = async (argv) => {
    const { cpuMs } = await runOrThrow(argv, { sink: `| '${process.execPath}' '${READER}' >'${output}'` });
    const latencies = JSON.parse(readFileSync(output, 'utf8')).slice(WARM_UP_EVENTS);
    if (latencies.length !== plan.latencyEvents)
      throw new Error(`${latencies.length} of ${count} events arrived`);
    return {
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      ...(cpuMs === undefined ? {} : { cpuUs: (cpuMs * 1_000) / count }),
    };
  };
  const own = clients.tail(server.base({ ...flow, end: 'open' }), count);
  const reference = clients.referenceJs(server.stream(flow));
  try {
    const runs = await interleave(
      [
        { name: 'atlantis stream tail', run: () => run(own) },
        { name: 'reference, JavaScript', run: () => run(reference) },
      ],
      plan.latencyRounds,
      (what) => note(`${id} ${what}`),
    );
    const [ownRuns, referenceRuns] = [...runs.values()];
    const pick = (list, share) => list.map((one) => one[share]);
    return {
      id,
      title: `Latency of a single event over \`${server.scheme}:\`, ${whole(plan.latencyEvents)} at random times`,
      head: ['client', 'p50, µs', 'p99, µs', 'CPU, µs per event, including startup'],
      rows: [...runs].map(([name, list]) => [
        name,
        spread(summarize(pick(list, 'p50')), whole),
        spread(summarize(pick(list, 'p99')), whole),
        list[0].cpuUs === undefined ? '' : spread(summarize(pick(list, 'cpuUs')), whole),
      ]),
      checks: ['p50', 'p99'].map((share) => ({
        goal: `${id} ${share}`,
        ...compareRuns(pick(ownRuns, share), pick(referenceRuns, share)),
      })),
      skipped: [],
      notes: [],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
