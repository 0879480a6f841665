// Reports mistakes in filters and `--fields` that would otherwise stay silent (row 140). Loaded only with one of them.
import type { Clock } from '../clock.ts';
import type { Batch } from '../events/batch.ts';
import { listComparisons, parseExpression } from '../filter/expression.ts';
import { parseFieldList } from '../filter/field-list.ts';
import type { TailConfig } from '../settings/stream-config.ts';
import type { Filtered } from '../ui/format.ts';
import type { Reporter } from '../ui/reporter.ts';
import { type Compared, EventSample } from './event-sample.ts';
import { sayMisfit, sayMissingFields, sayUnmatched } from './messages.ts';

/** A filter that matches nothing for this long is probably wrong. */
const REPORT_MS = 10_000;

export interface EventWatch {
  /** Call with each batch, before anything of it is released. */
  note(received: Batch, wanted: Batch): void;
  /** Reports at the end of a run what has not been reported; missing fields only if these were all events of a file. */
  finish(isWhole: boolean): void;
  /** Reports nothing more. */
  end(): void;
}

export type WatchConfig = Pick<TailConfig, 'filter'> & Partial<Pick<TailConfig, 'fields'>>;

/** @param config whose filter and fields are valid */
export async function createEventWatch(
  { filter, fields }: WatchConfig,
  clock: Clock,
  { report }: Reporter,
): Promise<EventWatch> {
  const { types = [], where = [] } = filter ?? {};
  const comparisons = where.flatMap((text) => listComparisons(parseExpression(text)));
  const sample = new EventSample(comparisons, fields === undefined ? [] : await parseFieldList(fields));
  const reported = new Set<Compared>();
  let seen: Filtered = { received: 0, matched: 0 };
  let cancel: (() => void) | undefined;
  let isDone = false;

  const reportMisfits = (min?: number): void => {
    for (const one of sample.listMisfits(min)) {
      if (!reported.has(one)) report(sayMisfit(one, sample.paths));
      reported.add(one);
    }
  };
  const reportAll = (knowsFields = true): void => {
    if (isDone) return;
    isDone = true;
    reportMisfits(1);
    if (filter !== undefined && seen.matched === 0) report(sayUnmatched(seen, sample, types));
    if (knowsFields && seen.matched > 0) {
      const missing = sample.fields.filter(({ isPresent }) => !isPresent).map(({ text }) => text);
      if (missing.length > 0) report(sayMissingFields(missing, sample.paths));
    }
  };
  return {
    note(received, wanted) {
      if (received.count === 0) return;
      cancel ??= clock.setTimer(() => reportAll(), REPORT_MS);
      seen = { received: seen.received + received.count, matched: seen.matched + wanted.count };
      sample.look(received);
      if (!isDone) sample.lookForFields(wanted);
      reportMisfits();
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
