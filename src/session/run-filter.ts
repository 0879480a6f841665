// The filters of a run, and the warnings about them.
import type { Clock } from '../clock.ts';
import type { TailConfig } from '../settings/stream-config.ts';
import type { Select } from '../stream/event-stream.ts';
import type { Reporter } from '../ui/reporter.ts';
import type { EventWatch, WatchConfig } from './event-watch.ts';
import { saySearchCut } from './messages.ts';

/** What happens to an event with a text that is too long for a pattern. */
type CutOutcome = 'kept' | 'not counted' | 'not marked';

/** Reports only the first event that a pattern could not search completely. */
export function createSearchCutReport(reporter: Reporter, where: string, outcome: CutOutcome): () => void {
  let isReported = false;
  return () => {
    if (!isReported) reporter.report(saySearchCut(where, outcome));
    isReported = true;
  };
}

export function reportSearchCuts(
  select: Select,
  reporter: Reporter,
  where = '--where',
  outcome: CutOutcome = 'kept',
): void {
  if (select !== undefined) select.onCut = createSearchCutReport(reporter, where, outcome);
}

/** @throws UsageError for an invalid filter */
export async function loadFilter({ filter }: TailConfig): Promise<Select> {
  if (filter === undefined) return undefined;
  const { createFilter } = await import('../filter/filter.ts');
  return createFilter(filter);
}

export async function loadEventWatch(
  config: WatchConfig,
  clock: Clock,
  reporter: Reporter,
): Promise<EventWatch | undefined> {
  const { filter, fields, watchedPaths = [] } = config;
  if (filter === undefined && fields === undefined && watchedPaths.length === 0) return undefined;
  const { createEventWatch } = await import('./event-watch.ts');
  return createEventWatch(config, clock, reporter);
}
