// T3: memory growth while the reader of stdout is blocked and the server sends at full speed. (The peak memory is
// measured in the runs of T1.)
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { makeFifo } from '../lib/fifo.mjs';
import { mebibytes, whole } from '../lib/format.mjs';
import { timedEnv } from '../lib/pipeline.mjs';
import { readStatusKiB } from '../lib/process-usage.mjs';
import { summarize } from '../lib/stats.mjs';

/** Long enough for the command to be connected and idle before events arrive. */
const REST_MS = 1_000;
const ENDLESS = 1e12;

/** Peak minus idle memory in KiB, for one run into a pipe that is not read. */
async function measureGrowth(server, size, blockedMs) {
  const unread = makeFifo();
  const begun = server.nextBegin();
  const [program, ...args] = clients.tail(
    server.base({ count: ENDLESS, size, delayMs: REST_MS, end: 'open' }),
    ENDLESS,
  );
  const child = spawn(program, args, { env: timedEnv(), stdio: ['ignore', unread.fd, 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const before = (async () => {
      await sleep(REST_MS);
      return readStatusKiB(child.pid, 'VmRSS');
    })();
    await Promise.race([begun, ended]);
    const restingKiB = await before;
    await sleep(blockedMs);
    const peakKiB = readStatusKiB(child.pid, 'VmHWM');
    return { restingKiB, peakKiB, growthKiB: peakKiB - restingKiB };
  } finally {
    child.kill('SIGKILL');
    await ended;
    unread.remove();
  }
}

export async function measureMemory({ server, plan, note }) {
  const result = {
    id: 'T3',
    title: `Memory while the reader is blocked for ${plan.blockedMs / 1_000} s and the server sends at full speed`,
    head: ['stream', 'idle', 'peak', 'growth'],
    rows: [],
    checks: [],
    skipped: [],
    notes: ['Peak memory at full speed is in the tables of T1s and T1.'],
  };
  if (process.platform !== 'linux') {
    result.skipped.push('memory growth with a blocked reader: needs /proc');
    return result;
  }
  for (const [goal, { scheme, ...listener }] of [
    ['T3s growth', server.tls],
    ['T3 growth', server],
  ]) {
    const growths = [];
    for (const size of [SIZES.small, SIZES.large]) {
      note(`T3 blocked reader, ${scheme} ${size} bytes`);
      const grown = await measureGrowth(listener, size, plan.blockedMs);
      growths.push(grown.growthKiB / 1024);
      result.rows.push([`\`${scheme}:\`, ${whole(size)} bytes`, ...Object.values(grown).map(mebibytes)]);
    }
    result.checks.push({ goal, ...summarize([Math.max(...growths)]) });
  }
  return result;
}
