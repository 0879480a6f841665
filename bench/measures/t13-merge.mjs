// T13: two connections with the same 50,000 events per second each, merged into one stream, compared with one
// connection. The server writes each event to both connections at the same time, so a single connection is as fast as
// the faster of the two.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as clients from '../lib/clients.mjs';
import { spread, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { hasGnuTime, runOrThrow } from '../lib/pipeline.mjs';
import { quantile, summarize } from '../lib/stats.mjs';

const READER = fileURLToPath(new URL('../clients/latency-reader.mjs', import.meta.url));
/** Warm-up: the first events run code that is not yet compiled. */
const WARM_UP_SHARE = 0.1;
const DELAY_MS = 300;

export async function measureMerge({ server, plan, note }) {
  const { mergeEvents: count, mergePerSecond: perSecond, mergeRounds: rounds } = plan;
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const output = join(directory, 'latencies');
  const seconds = count / perSecond;
  let feed = 0;
  const run = async (connections) => {
    feed += 1;
    const flow = { count, perSecond, feed, clients: connections, delayMs: DELAY_MS, end: 'open' };
    const argv = clients.tail(server.base(flow), count, '--connections', String(connections));
    const { cpuMs } = await runOrThrow(argv, {
      sink: `| '${process.execPath}' '${READER}' >'${output}'`,
      timeoutMs: 60_000,
    });
    const latencies = JSON.parse(readFileSync(output, 'utf8'));
    if (latencies.length !== count) throw new Error(`${latencies.length} of ${count} events arrived`);
    const measured = latencies.slice(count * WARM_UP_SHARE);
    return { p50: quantile(measured, 0.5), p99: quantile(measured, 0.99), cpuMs };
  };
  try {
    const runs = await interleave(
      [1, 2].map((connections) => ({
        name: connections === 1 ? 'one connection' : 'two connections, merged',
        run: () => run(connections),
      })),
      rounds,
      (what) => note(`T13 ${what}`),
    );
    const [one, two] = [...runs.values()];
    const pick = (list, key) => list.map((each) => each[key]);
    const shareOfCore = (list) => pick(list, 'cpuMs').map((ms) => ms / 10 / seconds);
    return {
      id: 'T13',
      title: `${whole(count)} events at ${whole(perSecond)} per second on each connection`,
      head: ['client', 'p50, µs', 'p99, µs', 'CPU of one core, including startup'],
      rows: [...runs].map(([name, list]) => [
        name,
        ...['p50', 'p99'].map((key) => spread(summarize(pick(list, key)), whole)),
        hasGnuTime
          ? spread(summarize(shareOfCore(list)), (percent) => `${percent.toFixed(0)} %`)
          : 'not measured',
      ]),
      checks: [
        ...(hasGnuTime ? [{ goal: 'T13 core', ...summarize(shareOfCore(two)) }] : []),
        { goal: 'T13 p50', ...summarize(two.map(({ p50 }, i) => Math.max(0, p50 - one[i].p50) / 1_000)) },
      ],
      skipped: hasGnuTime ? [] : ['CPU time: GNU time is missing (Debian: time)'],
      notes: [],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
