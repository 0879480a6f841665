// T9: CPU of a connection on which nothing happens, keepalive on.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import * as clients from '../lib/clients.mjs';
import { timedEnv } from '../lib/pipeline.mjs';
import { readCpuMs } from '../lib/process-usage.mjs';
import { summarize } from '../lib/stats.mjs';

/** Starting has ended by then: what follows is idleness. */
const SETTLE_MS = 1_500;

export async function measureIdle({ server, plan, note }) {
  const result = {
    id: 'T9',
    title: `An idle connection for ${plan.idleMs / 1_000} s, keepalive on`,
    head: ['start, until at rest', 'idle', 'both'],
    rows: [],
    checks: [],
    skipped: [],
    notes: [],
  };
  if (process.platform !== 'linux') {
    result.skipped.push('CPU of an idle connection: it is read from /proc');
    return result;
  }
  note('T9 idle');
  const begun = server.nextBegin();
  const [program, ...args] = clients.tail(server.base({ end: 'open' }), 1);
  const child = spawn(program, args, { env: timedEnv(), stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await Promise.race([begun, ended]);
    await sleep(SETTLE_MS);
    const startMs = readCpuMs(child.pid);
    await sleep(plan.idleMs);
    const totalMs = readCpuMs(child.pid);
    result.rows.push([startMs, totalMs - startMs, totalMs].map((ms) => `${ms.toFixed(1)} ms`));
    result.checks.push({ goal: 'T9 idle', ...summarize([totalMs - startMs]) });
    return result;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
