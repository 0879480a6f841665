// T12: `stream replay` of a recording at full speed, plain and compressed, into `cat >/dev/null`, compared with T1. The
// recordings are made by `tail --record`.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { mebibytes, spread, times, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { hasGnuTime, runOrThrow } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';
import { timeClient } from '../lib/throughput.mjs';

const PLAIN = 'replay, plain';
const PACKED = 'replay, .gz';
const TAIL = 'tail, as in T1';

export async function measureReplay({ server, plan, note }) {
  const count = plan.replayEvents;
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const files = { [PLAIN]: join(directory, 'events.ndjson'), [PACKED]: join(directory, 'events.ndjson.gz') };
  const tail = (...flags) =>
    clients.tail(server.base({ count, size: SIZES.small, end: 'open' }), count, ...flags);
  /** Measures the whole run, including startup. */
  const replay = async (file) => {
    const words = ['stream', 'replay', file, '--speed', 'max', '--json'];
    const { startNs, endNs, cpuMs, peakKiB } = await runOrThrow(clients.atlantis(...words));
    const seconds = Number(endNs - startNs) / 1e9;
    return { perSecond: count / seconds, peakKiB, cpuUs: cpuMs && (cpuMs * 1_000) / count };
  };
  try {
    for (const file of Object.values(files)) {
      note('T12 recording');
      await runOrThrow(tail('--record', file));
    }
    const runs = await interleave(
      [
        ...Object.entries(files).map(([name, file]) => ({ name, run: () => replay(file) })),
        { name: TAIL, run: () => timeClient(server, tail(), count) },
      ],
      plan.replayRounds,
      (what) => note(`T12 ${what}`),
    );
    const pick = (name, figure) => runs.get(name).map((run) => run[figure]);
    const compare = (name) => compareRuns(pick(TAIL, 'cpuUs'), pick(name, 'cpuUs'));
    const checks = [];
    if (hasGnuTime) {
      checks.push({ goal: 'T12 plain', ...compare(PLAIN) });
      const peaks = [PLAIN, PACKED].flatMap((name) => pick(name, 'peakKiB'));
      checks.push({ goal: 'T12 memory', ...summarize([(Math.max(...peaks) * 1024) / 1e6]) });
    }
    const [plainMb, packedMb] = Object.values(files).map((file) => statSync(file).size / 1e6);
    return {
      id: 'T12',
      title: `Replay at full speed: ${whole(count)} events of ${SIZES.small} bytes, into \`cat >/dev/null\``,
      head: ['what', 'CPU, µs per event', 'relative to tail', 'events per second', 'peak memory'],
      rows: [...runs.keys()].map((name) => [
        name,
        hasGnuTime ? spread(summarize(pick(name, 'cpuUs')), (us) => us.toFixed(2)) : 'not measured',
        name === TAIL || !hasGnuTime ? '' : times(compare(name)),
        spread(summarize(pick(name, 'perSecond')), whole),
        mebibytes(hasGnuTime ? Math.max(...pick(name, 'peakKiB')) : undefined),
      ]),
      checks,
      skipped: hasGnuTime ? [] : ['CPU time and memory: GNU time is missing (Debian: time)'],
      notes: [`The recording is ${whole(plainMb)} MB, or ${whole(packedMb)} MB compressed.`],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
