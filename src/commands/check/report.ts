// The report of a check as one JSON document (docs/check.schema.json); the other reports are made from it.

import type { ExpectationCounter } from './expectations.ts';
import { cleanDeep, type StepLog } from './step-log.ts';
import type { Details, StepName } from './steps.ts';

/** A step as the document has it. */
export interface ReportStep {
  readonly name: StepName;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly duration_ms: number;
  readonly summary: string;
  readonly details: Details;
  readonly error?: { readonly cause: string; readonly message: string; readonly hint: string | null };
}

export interface Report {
  readonly version: 1;
  readonly tool: string;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly ok: boolean;
  /** Null where a signal ended the check. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly failed_step: StepName | null;
  readonly steps: readonly ReportStep[];
  readonly expectations: readonly {
    readonly expression: string;
    readonly min: number;
    readonly matched: number;
    readonly late: number;
    readonly untimed: number;
    readonly met: boolean;
  }[];
}

export interface ReportFrame {
  readonly tool: string;
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** The document. `clean` takes out secrets and makes foreign text visible, as in the log. */
export function buildReport(
  frame: ReportFrame,
  log: StepLog,
  counter: ExpectationCounter,
  clean: (text: string) => string,
): Report {
  return {
    version: 1,
    tool: frame.tool,
    started_at: new Date(frame.startedAtMs).toISOString(),
    duration_ms: Math.round(frame.durationMs * 10) / 10,
    ok: frame.exitCode === 0,
    exit_code: frame.exitCode,
    signal: frame.signal,
    failed_step: log.failure?.name ?? null,
    steps: log.results.map((result) => {
      const { name, status, durationMs, summary, details } = result;
      const step = { name, status, duration_ms: durationMs, summary, details };
      if (result.status !== 'failed') return step;
      const { cause, message, hint = null } = result.failure;
      return { ...step, error: { cause, message, hint } };
    }),
    expectations: counter.counts.map((count) => ({
      ...count,
      expression: clean(count.expression),
      met: count.matched >= count.min,
    })),
  };
}

/** Takes out once more what all of it may hold; idempotent. */
export function cleanReport(report: Report, clean: (text: string) => string): Report {
  return cleanDeep(report, clean) as Report;
}
