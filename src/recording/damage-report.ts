// Reports damaged lines of a recording or dead-letter file: the first few one by one, the others as a count.
import type { Reporter, StatusRecord } from '../ui/reporter.ts';
import { type PlayFigures, sayDamagedLine, sayPlayed } from './messages.ts';

const MAX_REPORTED = 10;

export interface DamageReport {
  note(line: number, why: string): void;
  readonly count: number;
  summarize(figures: PlayFigures): StatusRecord;
}

export function createDamageReport(reporter: Reporter): DamageReport {
  let damaged = 0;
  return {
    note(line, why) {
      damaged += 1;
      if (damaged <= MAX_REPORTED) reporter.report(sayDamagedLine(line, why, damaged === MAX_REPORTED));
    },
    get count() {
      return damaged;
    },
    summarize: (figures) => sayPlayed(figures, damaged),
  };
}
