// Reports mistakes in filters and `--fields` that would otherwise stay silent (row 140). Loaded only with one of them.
import type { Clock } from '../clock.ts';
import type { Batch } from '../events/batch.ts';
import { listComparisons, parseExpression } from '../filter/expression.ts';
import { parseFieldList } from '../filter/field-list.ts';
import { suggestNearest } from '../io/messages.ts';
import type { TailConfig } from '../settings/stream-config.ts';
import type { Filtered } from '../ui/format.ts';
import type { Reporter } from '../ui/reporter.ts';
import { EventSample, type NamedPath, type WatchedPath } from './event-sample.ts';
import { sayMisfit, sayMissingFields, sayUnmatched } from './messages.ts';

/** A filter that matches nothing for this long is probably wrong. */
const REPORT_MS = 10_000;
/** After this many events: a path that none of them has, but that resembles one that they have, is probably misspelled. */
const MISSPELLED_AFTER = 20;

export interface EventWatch {
  /** Call with each batch, before anything of it is released. */
  note(received: Batch, wanted: Batch): void;
  /** Reports at the end of a run what has not been reported; rare fields may be missing unless these were all events of a file. */
  finish(isWhole: boolean): void;
  /** Reports nothing more. */
  end(): void;
}

export type WatchConfig = Pick<TailConfig, 'filter'> &
  Partial<Pick<TailConfig, 'fields'>> & {
    /** Paths of other flags that events should have. */
    readonly watchedPaths?: readonly WatchedPath[];
  };

/** @param config whose filter and fields are valid */
export async function createEventWatch(
  { filter, fields, watchedPaths = [] }: WatchConfig,
  clock: Clock,
  { report }: Reporter,
): Promise<EventWatch> {
  const { types = [], where = [] } = filter ?? {};
  const comparisons = where.flatMap((text) => listComparisons(parseExpression(text)));
  const listed = fields === undefined ? [] : await parseFieldList(fields);
  const paths = [...listed.map((path) => ({ ...path, flag: '--fields' })), ...watchedPaths];
  const sample = new EventSample(comparisons, paths);
  const reported = new Set<NamedPath>();
  let seen: Filtered = { received: 0, matched: 0 };
  let cancel: (() => void) | undefined;
  let isDone = false;

  const reportMisfits = (min?: number): void => {
    for (const one of sample.listMisfits(min)) {
      if (!reported.has(one)) report(sayMisfit(one, sample.paths));
      reported.add(one);
    }
  };
  const reportMissing = (isReported: (path: string) => boolean): void => {
    const missing = sample.fields.filter(
      (one) => !one.isPresent && !reported.has(one) && isReported(one.text),
    );
    for (const flag of new Set(missing.map((one) => one.flag))) {
      const texts = missing.filter((one) => one.flag === flag).map(({ text }) => text);
      report(sayMissingFields(flag, texts, sample.paths));
    }
    for (const one of missing) reported.add(one);
  };
  const isMisspelled = (path: string): boolean => suggestNearest(path, sample.paths) !== undefined;
  let isSpellingChecked = false;
  const reportAll = (isWhole = true): void => {
    if (isDone) return;
    isDone = true;
    reportMisfits(1);
    if (filter !== undefined && seen.matched === 0) report(sayUnmatched(seen, sample, types));
    if (seen.matched > 0) reportMissing(isWhole ? () => true : isMisspelled);
  };
  return {
    note(received, wanted) {
      if (received.count === 0) return;
      cancel ??= clock.setTimer(() => reportAll(), REPORT_MS);
      seen = { received: seen.received + received.count, matched: seen.matched + wanted.count };
      sample.look(received);
      if (!isDone) sample.lookForFields(wanted);
      reportMisfits();
      if (isDone || isSpellingChecked || seen.matched < MISSPELLED_AFTER) return;
      isSpellingChecked = true;
      reportMissing(isMisspelled);
    },
    finish(isWhole) {
      if (seen.received > 0) reportAll(isWhole);
    },
    end() {
      isDone = true;
      cancel?.();
    },
  };
}
