// `simulate --replay`: a recording as a scenario, from its beginning for every client, in its own time.

import { type Clock, systemClock } from './clock.ts';
import { UsageError } from './errors.ts';
import { textsOf } from './protocol/batch.ts';
import { createDamageReport } from './record/damage-report.ts';
import { play } from './record/play.ts';
import { readLines } from './record/read-lines.ts';
import type { Scenario } from './simulator/scenario.ts';
import type { Reporter } from './ui/reporter.ts';

const NO_STDIN = (): never => {
  throw new UsageError('--replay needs a file', 'stdin could be read once only, not for every client');
};

/**
 * The scenario. Damaged lines are told of to the reporter, for the first client.
 * @param speed see `play`
 * @throws UsageError if the file cannot be read
 */
export async function createReplay(
  path: string,
  speed: number,
  reporter: Reporter,
  clock: Clock = systemClock,
): Promise<Scenario> {
  const probe = new AbortController();
  for await (const _lines of readLines(path, NO_STDIN, probe.signal)) break;
  let isFirst = true;

  async function* feed(signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const damage = isFirst ? createDamageReport(reporter) : undefined;
    isFirst = false;
    let events = 0;
    const startedAtMs = clock.monotonicMs();
    for await (const item of play(readLines(path, NO_STDIN, signal), { speed, clock, signal })) {
      if (item.kind === 'damaged') damage?.note(item.line, item.why);
      if (item.kind !== 'events') continue;
      events += item.batch.count;
      yield textsOf(item.batch).map((text) => text.toString('utf8'));
    }
    if (damage !== undefined) reporter.report(damage.summarize(events, clock.monotonicMs() - startedAtMs));
  }

  return {
    summary: `the recording ${path}`,
    getAct: () => ({ steps: [{ do: 'welcome' }, { do: 'feed', open: feed }] }),
  };
}
