// T1: small events as NDJSON into `cat >/dev/null`, compared with the ceiling, the reference clients and the peers.
// Its runs of `tail` also measure the peak memory of T3.
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { mebibytes, spread, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { compareRuns, median, summarize } from '../lib/stats.mjs';
import { countLines, timeClient } from '../lib/throughput.mjs';

const TAIL = 'atlantis stream tail';

/** The clients: command line, number of events, goal. */
function listClients(server, plan, peers) {
  const stream = (count) => server.stream({ count, size: SIZES.small });
  const all = plan.smallEvents;
  const few = plan.slowPeerEvents;
  return [
    { name: TAIL, count: all, argv: (n) => clients.tail(server.base({ count: n, end: 'open' }), n) },
    { name: 'ceiling', goal: 'T1 ceiling', count: all, argv: (n) => clients.ceiling(stream(n)) },
    {
      name: 'reference, JavaScript',
      goal: 'T1 reference JavaScript',
      count: all,
      rounds: plan.peerRounds,
      extraLines: 1,
      argv: (n) => clients.referenceJs(stream(n)),
    },
    {
      name: 'reference, Python',
      goal: 'T1 reference Python',
      count: few,
      rounds: plan.peerRounds,
      extraLines: 1,
      peer: peers.python,
      argv: (n) => clients.referencePython(peers.python, stream(n)),
    },
    ...['batch', 'log'].map((way) => ({
      name: way === 'batch' ? 'Bun, one write per tick' : 'Bun, console.log',
      ...(way === 'log' ? { goal: 'T1 Bun' } : {}),
      count: all,
      rounds: plan.peerRounds,
      extraLines: 1,
      peer: peers.bun,
      argv: (n) => clients.bun(peers.bun, stream(n), way),
    })),
    {
      // wscat discards unwritten output when the server closes. So the server keeps the connection open, and
      // the reader ends wscat after the last line.
      name: 'wscat',
      goal: 'T1 wscat',
      count: few,
      rounds: plan.peerRounds,
      peer: peers.wscat,
      argv: (n) => clients.wscat(peers.wscat, stream(n * 2)),
      options: (n) => ({ reader: `| head -n ${n}`, mayFail: true }),
    },
  ];
}

export async function measureThroughput({ server, plan, peers, note }) {
  const listed = listClients(server, plan, peers);
  const skipped = listed.filter(({ peer }) => peer?.skipped).map((one) => `${one.name}: ${one.peer.skipped}`);
  const present = listed.filter(({ peer }) => !peer?.skipped);
  const notes = [];
  for (const { name, argv, options, extraLines = 0 } of present) {
    const lines = await countLines(argv(plan.trialEvents), options?.(plan.trialEvents));
    const lost = plan.trialEvents + extraLines - lines;
    if (lost !== 0) notes.push(`${name} lost ${lost} of ${whole(plan.trialEvents)} events in a trial.`);
    if (lost !== 0 && name === TAIL) throw new Error(`${name} lost ${lost} events`);
  }
  const runs = await interleave(
    present.map((one) => ({
      ...one,
      run: () => timeClient(server, one.argv(one.count), one.count, one.options?.(one.count)),
    })),
    plan.rounds,
    (what) => note(`T1 ${what}`),
  );
  const rates = new Map([...runs].map(([name, list]) => [name, list.map((run) => run.perSecond)]));
  const own = rates.get(TAIL);
  const checks = [];
  const rows = present.map(({ name, goal, count }) => {
    const compared = compareRuns(own, rates.get(name));
    if (goal !== undefined) checks.push({ goal, ...compared });
    if (goal === 'T1 ceiling') checks.push({ goal: 'T1 stretch', ...compared });
    const cpu = runs.get(name).map(({ cpuMs }) => (cpuMs === undefined ? undefined : (cpuMs * 1e3) / count));
    const peaks = runs.get(name).map((run) => run.peakKiB);
    const peak = peaks.includes(undefined) ? undefined : Math.max(...peaks);
    return [
      name,
      spread(summarize(rates.get(name)), whole),
      whole(count),
      name === TAIL ? '' : `${spread(compared, (value) => value.toFixed(2))} ×`,
      cpu.includes(undefined) ? 'not measured' : median(cpu).toFixed(2),
      mebibytes(peak),
    ];
  });
  const peaks = runs.get(TAIL).map((run) => run.peakKiB);
  if (peaks.includes(undefined)) skipped.push('peak memory: GNU time is missing (Debian: time)');
  else checks.push({ goal: 'T3 peak', ...summarize(peaks.map((kib) => (kib * 1024) / 1e6)) });
  return {
    id: 'T1',
    title: `Events of ${SIZES.small} bytes, NDJSON into \`cat >/dev/null\``,
    head: ['client', 'events per second', 'events', 'tail is faster by', 'CPU, µs per event', 'peak memory'],
    rows,
    checks,
    skipped,
    notes,
    bars: present.map(({ name }) => ({ name, value: summarize(rates.get(name)).median })),
    rate: summarize(own).median,
  };
}
