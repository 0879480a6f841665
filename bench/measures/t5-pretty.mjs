// T5: pretty with colour into a file, against pino-pretty and `jq -C .` on the same events.
//
// The peers are given the events as a file, which is less work than a WebSocket. Whole processes are timed,
// starts included, on both sides.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as clients from '../lib/clients.mjs';
import { makeEvents, SIZES } from '../lib/events.mjs';
import { spread, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { runOrThrow } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';

const OWN = 'tail --format pretty';

export async function measurePretty({ server, plan, peers, note }) {
  const count = plan.prettyEvents;
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const input = join(folder, 'events.ndjson');
  const output = join(folder, 'pretty');
  const distinct = makeEvents(SIZES.small);
  const lines = Array.from({ length: count }, (_unused, index) => distinct[index % distinct.length]);
  writeFileSync(input, `${lines.join('\n')}\n`);
  const rate = async (argv, redirect) => {
    const { startNs, endNs } = await runOrThrow(argv, { sink: `${redirect} >'${output}'` });
    return count / (Number(endNs - startNs) / 1e9);
  };
  const pretty = clients.tail(
    server.base({ count, end: 'open' }),
    count,
    '--format',
    'pretty',
    '--color',
    'always',
  );
  const skipped = [];
  const contenders = [{ name: OWN, run: () => rate(pretty, '') }];
  for (const [name, goal, peer, flags] of [
    ['pino-pretty --colorize', 'T5 pino-pretty', peers.pinoPretty, ['--colorize']],
    ['jq -C .', 'T5 jq', peers.jq, ['-C', '.']],
  ]) {
    if (peer.skipped) skipped.push(`${name}: ${peer.skipped}`);
    else {
      const run = () => rate([...peer.command, ...flags], `<'${input}'`);
      contenders.push({ name, goal, rounds: plan.peerRounds, run });
    }
  }
  try {
    const runs = await interleave(contenders, plan.rounds, (what) => note(`T5 ${what}`));
    const checks = [];
    const rows = contenders.map(({ name, goal }) => {
      const compared = compareRuns(runs.get(OWN), runs.get(name));
      if (goal !== undefined) checks.push({ goal, ...compared });
      const times = `${spread(compared, (value) => value.toFixed(2))} ×`;
      return [name, spread(summarize(runs.get(name)), whole), goal === undefined ? '' : times];
    });
    return {
      id: 'T5',
      title: `Pretty, coloured, into a file: ${whole(count)} events of ${SIZES.small} bytes`,
      head: ['what', 'events per second', 'tail is faster by'],
      rows,
      checks,
      skipped,
      notes: [],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
