// T9: CPU time of an idle connection with keepalive.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import * as clients from '../lib/clients.mjs';
import { timedEnv } from '../lib/pipeline.mjs';
import { readCpuMs } from '../lib/process-usage.mjs';
import { summarize } from '../lib/stats.mjs';

/** Startup is finished by then. */
const SETTLE_MS = 1_500;

export async function measureIdle({ server, plan, note }) {
  const result = {
    id: 'T9',
    title: `Idle connection with keepalive, ${plan.idleMs / 1_000} s`,
    head: ['startup', 'idle', 'total'],
    rows: [],
    checks: [],
    skipped: [],
    notes: [],
  };
  if (process.platform !== 'linux') {
    result.skipped.push('CPU time of an idle connection: needs /proc');
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
