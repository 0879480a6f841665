// Reports mistakes in filters, and in flags with paths such as `--fields`, that would otherwise stay silent
// (docs/faults.md, rows 140 and 141). Loaded only if a run has a filter or such a flag.
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
/** After this many matching events, a missing path that resembles another one is probably misspelled. */
const MISSPELLED_AFTER = 20;

export interface EventWatch {
  /** Call with each batch, before its memory is released. */
  note(received: Batch, wanted: Batch): void;
  /**
   * Reports all mistakes that have not been reported. Unless a file was read to its end, a missing field may just be
   * rare, so it is reported only if it looks misspelled.
   */
  finish(isFileEnd: boolean): void;
  /** Reports nothing more. */
  end(): void;
}

export type WatchConfig = Pick<TailConfig, 'filter'> &
  Partial<Pick<TailConfig, 'fields'>> & {
    /** Paths of flags other than `--fields`. */
    readonly watchedPaths?: readonly WatchedPath[];
  };

/** The filter and the fields must be valid. */
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
  const reportMissing = (shouldReport: (path: string) => boolean): void => {
    const missing = sample.fields.filter(
      (one) => !one.isPresent && !reported.has(one) && shouldReport(one.text),
    );
    for (const flag of new Set(missing.map((one) => one.flag))) {
      const texts = missing.filter((one) => one.flag === flag).map(({ text }) => text);
      report(sayMissingFields(flag, texts, sample.paths));
    }
    for (const one of missing) reported.add(one);
  };
  const isMisspelled = (path: string): boolean => suggestNearest(path, sample.paths) !== undefined;
  let isSpellingChecked = false;
  const reportAll = (includesRare: boolean): void => {
    if (isDone) return;
    isDone = true;
    reportMisfits(1);
    if (filter !== undefined && seen.matched === 0) report(sayUnmatched(seen, sample, types));
    if (seen.matched > 0) reportMissing(includesRare ? () => true : isMisspelled);
  };
  return {
    note(received, wanted) {
      if (received.count === 0) return;
      cancel ??= clock.setTimer(() => reportAll(true), REPORT_MS);
      seen = { received: seen.received + received.count, matched: seen.matched + wanted.count };
      sample.look(received);
      if (!isDone) sample.lookForFields(wanted);
      reportMisfits();
      if (isDone || isSpellingChecked || seen.matched < MISSPELLED_AFTER) return;
      isSpellingChecked = true;
      reportMissing(isMisspelled);
    },
    finish(isFileEnd) {
      if (seen.received > 0) reportAll(isFileEnd);
    },
    end() {
      isDone = true;
      cancel?.();
    },
  };
}
