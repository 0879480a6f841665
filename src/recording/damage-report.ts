// Reports damaged lines of a recording: the first few one by one, the others as a count.

import { type Filtered, formatFiltered } from '../ui/format.ts';
import type { Reporter, StatusRecord } from '../ui/reporter.ts';

const MAX_NAMED = 10;

export interface DamageReport {
  /** Counts a damaged line and reports it. */
  note(line: number, why: string): void;
  readonly count: number;
  /** The summary at the end. */
  summarize(events: number, durationMs: number, filtered?: Filtered): StatusRecord;
}

export function createDamageReport(reporter: Reporter): DamageReport {
  let damaged = 0;
  return {
    note(line, why) {
      damaged += 1;
      if (damaged > MAX_NAMED) return;
      const more = damaged === MAX_NAMED ? '; further damaged lines are only counted' : '';
      reporter.report({
        event: 'discarded',
        level: 'warn',
        message: `line ${line} is damaged: ${why}${more}`,
        figures: { line, why },
      });
    },
    get count() {
      return damaged;
    },
    summarize(events, durationMs, filtered) {
      const matched = filtered === undefined ? '' : `, ${formatFiltered(filtered)} matched`;
      const seconds = (durationMs / 1000).toFixed(durationMs < 10_000 ? 1 : 0);
      return {
        event: 'summary',
        level: 'info',
        message: `${events} event${events === 1 ? '' : 's'} in ${seconds} s${matched}, ${damaged} damaged line${damaged === 1 ? '' : 's'}`,
        figures: { events, duration_ms: Math.round(durationMs), damaged, ...filtered },
      };
    },
  };
}
