// T1: small events as NDJSON into `cat >/dev/null`, compared with the ceiling, the reference clients and the peers.
// T1s: the same over `wss:`, where the goals are about CPU time, with a loop that copies the bytes unparsed as a floor.
// The runs of `tail` in T1 and T1s also measure the peak memory of T3.
import * as clients from '../lib/clients.mjs';
import { startConnectProxy } from '../lib/connect-proxy.mjs';
import { SIZES } from '../lib/events.mjs';
import { mebibytes, spread, times, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { hasGnuTime } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';
import { countLines, timeClient } from '../lib/throughput.mjs';

const TAIL = 'atlantis stream tail';
const CEILING = 'ceiling';
const REFERENCE = 'reference, JavaScript';
const COPY = 'copy loop, unparsed';
const TUNNELED = 'the same through a CONNECT proxy';

/** The clients: command line and number of events. */
function listClients(server, plan, peers, proxyUrl) {
  const stream = (count) => server.stream({ count, size: SIZES.small });
  const tail = (n) => clients.tail(server.base({ count: n, end: 'open' }), n);
  const all = plan.smallEvents;
  const few = plan.slowPeerEvents;
  // `tail` connects to 127.0.0.1 without a proxy.
  const tunneled = (n) => tail(n).map((word) => word.replace('127.0.0.1', '0.0.0.0'));
  const onlyOverTls = [
    {
      name: TUNNELED,
      count: all,
      rounds: plan.peerRounds,
      argv: (n) => ['env', `HTTPS_PROXY=${proxyUrl}`, ...tunneled(n)],
    },
    { name: COPY, count: all, argv: (n) => clients.copy(stream(n)) },
  ];
  return [
    { name: TAIL, count: all, argv: (n) => tail(n) },
    ...(proxyUrl === undefined ? [] : onlyOverTls),
    { name: CEILING, count: all, argv: (n) => clients.ceiling(stream(n)) },
    {
      name: REFERENCE,
      count: all,
      rounds: plan.peerRounds,
      extraLines: 1,
      argv: (n) => clients.referenceJs(stream(n)),
    },
    {
      name: 'reference, Python',
      count: few,
      rounds: plan.peerRounds,
      extraLines: 1,
      peer: peers.python,
      argv: (n) => clients.referencePython(peers.python, stream(n)),
    },
    ...['batch', 'log'].map((way) => ({
      name: way === 'batch' ? 'Bun, one write per tick' : 'Bun, console.log',
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
      count: few,
      rounds: plan.peerRounds,
      peer: peers.wscat,
      argv: (n) => clients.wscat(peers.wscat, stream(n * 2)),
      options: (n) => ({ reader: `| head -n ${n}`, mayFail: true }),
    },
  ];
}

/**
 * Goals as `[goal, client, figure]`, for one of these figures:
 * - `speed`: events per second of `tail`, relative to the client
 * - `saved`: CPU time per event of the client, relative to `tail`
 * - `spent`: CPU time per event of `tail`, relative to the client
 */
const GOALS = {
  T1: [
    ['T1 ceiling', CEILING, 'speed'],
    ['T1 reference', REFERENCE, 'speed'],
  ],
  T1s: [
    ['T1s ceiling', CEILING, 'saved'],
    ['T1s stretch', CEILING, 'saved'],
    ['T1s copy', COPY, 'spent'],
  ],
};

export const measureThroughput = (context) => measureOver('T1', context.server, context);

export async function measureThroughputOverTls(context) {
  const proxy = await startConnectProxy();
  try {
    return await measureOver('T1s', context.server.tls, context, proxy.url);
  } finally {
    proxy.stop();
  }
}

async function measureOver(id, server, { plan, peers, note }, proxyUrl) {
  const listed = listClients(server, plan, peers, proxyUrl);
  const skipped = listed.filter(({ peer }) => peer?.skipped).map((one) => `${one.name}: ${one.peer.skipped}`);
  const present = listed.filter(({ peer }) => !peer?.skipped);
  const notes = [];
  for (const { name, argv, options, extraLines = 0 } of present) {
    // The copy loop prints no lines.
    if (name === COPY) continue;
    const lines = await countLines(argv(plan.trialEvents), options?.(plan.trialEvents));
    const lost = plan.trialEvents + extraLines - lines;
    if (lost !== 0)
      notes.push(`${name} lost ${whole(lost)} of ${whole(plan.trialEvents)} events in a trial.`);
    if (lost !== 0 && name === TAIL) throw new Error(`${name} lost ${lost} events`);
  }
  const runs = await interleave(
    present.map((one) => ({
      ...one,
      run: () => timeClient(server, one.argv(one.count), one.count, one.options?.(one.count)),
    })),
    plan.rounds,
    (what) => note(`${id} ${what}`),
  );
  const rates = new Map([...runs].map(([name, list]) => [name, list.map((run) => run.perSecond)]));
  const own = rates.get(TAIL);
  const cpuOf = (name) => runs.get(name).map(({ cpuUs }) => cpuUs);
  const compare = (name, what) => {
    if (what === 'speed') return compareRuns(own, rates.get(name));
    return what === 'spent' ? compareRuns(cpuOf(TAIL), cpuOf(name)) : compareRuns(cpuOf(name), cpuOf(TAIL));
  };
  const checks = GOALS[id]
    .filter(([, , what]) => what === 'speed' || hasGnuTime)
    .map(([goal, name, what]) => ({ goal, ...compare(name, what) }));
  const rows = present.map(({ name, count }) => [
    name,
    hasGnuTime ? spread(summarize(cpuOf(name)), (us) => us.toFixed(2)) : 'not measured',
    hasGnuTime && name !== TAIL ? times(compare(name, 'saved')) : '',
    spread(summarize(rates.get(name)), whole),
    name === TAIL ? '' : times(compare(name, 'speed')),
    whole(count),
    mebibytes(hasGnuTime ? Math.max(...runs.get(name).map((run) => run.peakKiB)) : undefined),
  ]);
  if (hasGnuTime) {
    const peaks = runs.get(TAIL).map(({ peakKiB }) => (peakKiB * 1024) / 1e6);
    checks.push({ goal: id === 'T1' ? 'T3 peak' : 'T3s peak', ...summarize(peaks) });
  } else skipped.push('CPU time and peak memory: GNU time is missing (Debian: time)');
  return {
    id,
    title: `Events of ${SIZES.small} bytes over \`${server.scheme}:\`, NDJSON into \`cat >/dev/null\``,
    head: [
      ...['client', 'CPU, µs per event', 'CPU relative to tail', 'events per second', 'speedup of tail'],
      ...['events', 'peak memory'],
    ],
    rows,
    checks,
    skipped,
    notes,
    bars:
      hasGnuTime &&
      present
        .filter(({ name }) => name !== TUNNELED && name !== COPY)
        .map(({ name }) => ({ name, value: 1e6 / summarize(cpuOf(name)).median })),
  };
}
