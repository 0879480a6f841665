// Reports damaged lines of a recording: the first few one by one, the others as a count.

import { formatCount } from '../ui/format.ts';
import type { Reporter, StatusRecord } from '../ui/reporter.ts';
import { formatEvents, formatGaps, type RunFigures } from '../ui/summary.ts';

const MAX_NAMED = 10;

/** Gaps are undefined if they are not counted. */
type PlayFigures = Pick<RunFigures, 'events' | 'durationMs'> & {
  readonly [Name in 'filtered' | 'gaps' | 'gapMs']?: RunFigures[Name];
};

export interface DamageReport {
  /** Counts a damaged line and reports it. */
  note(line: number, why: string): void;
  readonly count: number;
  /** The summary at the end. */
  summarize(figures: PlayFigures): StatusRecord;
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
    summarize({ events, durationMs, filtered, gaps, gapMs = 0 }) {
      const parts = [formatEvents({ events, durationMs, filtered })];
      if (gaps !== undefined) parts.push(formatGaps({ gaps, gapMs, isGapOpen: false }));
      if (damaged > 0) parts.push(formatCount(damaged, 'damaged line'));
      const gapFigures = gaps === undefined ? {} : { gaps, gap_ms: Math.round(gapMs) };
      return {
        event: 'summary',
        level: 'info',
        message: parts.join(', '),
        figures: { events, duration_ms: Math.round(durationMs), ...gapFigures, damaged, ...filtered },
      };
    },
  };
}
