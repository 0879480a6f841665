// T8: ten times the events cost ten times the time and no more memory.
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { mebibytes, whole } from '../lib/format.mjs';
import { summarize } from '../lib/stats.mjs';
import { timeClient } from '../lib/throughput.mjs';

export async function measureLongRun({ server, plan, note }) {
  const time = (count) => {
    note(`T8 ${whole(count)} events`);
    const flow = { count, size: SIZES.small, end: 'open' };
    return timeClient(server, clients.tail(server.base(flow), count), count);
  };
  const count = plan.longEvents;
  // One short run before and one behind the long one: the machine's pace may change meanwhile.
  const before = await time(count / 10);
  const long = await time(count);
  const after = await time(count / 10);
  const shortSeconds = (before.seconds + after.seconds) / 2;
  const checks = [{ goal: 'T8 time', ...summarize([long.seconds / shortSeconds / 10]) }];
  const skipped = [];
  if (long.peakKiB === undefined) skipped.push('memory: GNU time is missing (Debian: time)');
  else {
    const grownKiB = long.peakKiB - Math.max(before.peakKiB, after.peakKiB);
    checks.push({ goal: 'T8 memory', ...summarize([(grownKiB * 1024) / 1e6]) });
  }
  const row = (events, { seconds, peakKiB }) => [whole(events), seconds.toFixed(1), mebibytes(peakKiB)];
  return {
    id: 'T8',
    title: 'A long run',
    head: ['events', 's', 'peak memory'],
    rows: [row(count / 10, before), row(count, long), row(count / 10, after)],
    checks,
    skipped,
    notes: ['Peaks are compared, which is stricter than memory at the end.'],
  };
}
