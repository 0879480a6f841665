// T10: `stream simulate`: its rate to one client, its CPU usage at 50,000 events per second, and its memory
// with clients that do not read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { atlantis } from '../lib/clients.mjs';
import { openDrain } from '../lib/drain.mjs';
import { mebibytes, whole } from '../lib/format.mjs';
import { timedEnv } from '../lib/pipeline.mjs';
import { readCpuMs, readStatusKiB } from '../lib/process-usage.mjs';
import { summarize } from '../lib/stats.mjs';

const STEADY_RATE = 50_000;
/** The first second is excluded: code is being compiled, and buffers fill up. */
const SETTLE_MS = 1_000;
const BLOCKED_CLIENTS = 10;

/** Runs a simulator at this rate during `act`. */
async function withSimulator(rate, act) {
  const [program, ...args] = atlantis('stream', 'simulate', '--port', '0', '--json', '--rate', String(rate));
  const child = spawn(program, args, { env: timedEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const [ready] = await once(child.stdout, 'data');
    return await act({ port: JSON.parse(ready).port, pid: child.pid });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Events per second that one client receives, and the simulator's CPU usage in percent of a core. */
const measureFlow = (rate, forMs) =>
  withSimulator(rate, async ({ port, pid }) => {
    const { socket, count } = await openDrain(port);
    await sleep(SETTLE_MS);
    const before = { count: count(), cpuMs: readCpuMs(pid), atMs: performance.now() };
    await sleep(forMs);
    const seconds = (performance.now() - before.atMs) / 1_000;
    const perSecond = (count() - before.count) / seconds;
    const corePercent = (readCpuMs(pid) - before.cpuMs) / seconds / 10;
    socket.destroy();
    return { perSecond, corePercent };
  });

/** Memory growth of the simulator in KiB while one client reads and others do not. */
const measureGrowth = (forMs) =>
  withSimulator('max', async ({ port, pid }) => {
    const reading = await openDrain(port);
    await sleep(SETTLE_MS);
    const before = readStatusKiB(pid, 'VmRSS');
    const blocked = await Promise.all(Array.from({ length: BLOCKED_CLIENTS }, () => openDrain(port)));
    for (const { socket } of blocked) socket.pause();
    await sleep(forMs);
    const grown = readStatusKiB(pid, 'VmRSS') - before;
    for (const { socket } of [reading, ...blocked]) socket.destroy();
    return grown;
  });

export async function measureSimulator({ plan, note }) {
  const result = {
    id: 'T10',
    title: 'Simulator: events to one client that only counts them',
    head: ['requested rate', 'events per second', 'CPU, % of a core'],
    rows: [],
    checks: [],
    skipped: [],
    notes: [],
  };
  if (process.platform !== 'linux') {
    result.skipped.push('simulator: CPU and memory need /proc');
    return result;
  }
  for (const rate of [STEADY_RATE, 'max']) {
    note(`T10 at ${rate}`);
    const { perSecond, corePercent } = await measureFlow(rate, plan.simulatorMs);
    const asked = rate === 'max' ? 'max' : `${whole(rate)} per second`;
    result.rows.push([asked, whole(perSecond), `${whole(corePercent)} %`]);
    if (rate === 'max') result.checks.push({ goal: 'T10 rate', ...summarize([perSecond]) });
    else result.checks.push({ goal: 'T10 core', ...summarize([corePercent]) });
  }
  note('T10 memory');
  const grownKiB = await measureGrowth(plan.simulatorMs);
  result.checks.push({ goal: 'T10 memory', ...summarize([grownKiB / 1024]) });
  result.notes.push(
    `Memory grew by ${mebibytes(grownKiB)} with ${BLOCKED_CLIENTS} clients that did not read and one that did.`,
  );
  return result;
}
