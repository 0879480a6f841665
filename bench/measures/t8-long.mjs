// T8: ten times as many events take ten times as long and no more memory.
import { spawn } from 'node:child_process';
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { makeFifo } from '../lib/fifo.mjs';
import { mebibytes, whole } from '../lib/format.mjs';
import { timedEnv } from '../lib/pipeline.mjs';
import { readStatusKiB } from '../lib/process-usage.mjs';
import { summarize } from '../lib/stats.mjs';

/** Interval of memory readings: the last one is at most this long before the end. */
const READ_EVERY_MS = 20;

/** Duration in seconds for `count` events into `cat`, memory shortly before the end, and peak memory. */
async function runOnce(server, count) {
  const pipe = makeFifo();
  const reader = spawn('cat', { stdio: [pipe.readFd, 'ignore', 'ignore'] });
  const begun = server.nextBegin();
  const [program, ...args] = clients.tail(server.base({ count, size: SIZES.small, end: 'open' }), count);
  const child = spawn(program, args, { env: timedEnv(), stdio: ['ignore', pipe.fd, 'ignore'] });
  let endKiB;
  let peakKiB;
  const timer = setInterval(() => {
    endKiB = readStatusKiB(child.pid, 'VmRSS') ?? endKiB;
    peakKiB = readStatusKiB(child.pid, 'VmHWM') ?? peakKiB;
  }, READ_EVERY_MS);
  try {
    const exitCode = await new Promise((resolve) => child.once('exit', resolve));
    if (exitCode !== 0) throw new Error(`stream tail exited with ${exitCode}`);
    return { seconds: Number(process.hrtime.bigint() - (await begun)) / 1e9, endKiB, peakKiB };
  } finally {
    clearInterval(timer);
    reader.kill();
    pipe.remove();
  }
}

export async function measureLongRun({ server, plan, note }) {
  const time = (count) => {
    note(`T8 ${whole(count)} events`);
    return runOnce(server, count);
  };
  const count = plan.longEvents;
  // One short run before and one after the long one, because the speed of the machine may change.
  const before = await time(count / 10);
  const long = await time(count);
  const after = await time(count / 10);
  const shortSeconds = (before.seconds + after.seconds) / 2;
  const checks = [{ goal: 'T8 time', ...summarize([long.seconds / shortSeconds / 10]) }];
  const skipped = [];
  if (long.endKiB === undefined) skipped.push('memory: needs /proc');
  else {
    const grownKiB = long.endKiB - Math.max(before.endKiB, after.endKiB);
    checks.push({ goal: 'T8 memory', ...summarize([(grownKiB * 1024) / 1e6]) });
  }
  const row = (events, { seconds, endKiB, peakKiB }) => [
    whole(events),
    seconds.toFixed(1),
    mebibytes(endKiB),
    mebibytes(peakKiB),
  ];
  return {
    id: 'T8',
    title: 'A long run',
    head: ['events', 's', 'memory at the end', 'peak memory'],
    rows: [row(count / 10, before), row(count, long), row(count / 10, after)],
    checks,
    skipped,
    notes: [],
  };
}
