// The report of a check, as a JSON document (docs/check.schema.json) and as text.
import { joinWords } from '../../render/fit-lines.ts';
import type { LogStyle } from '../../render/paint.ts';
import { SIGNS, type Signs, spellEllipses } from '../../render/signs.ts';
import { formatDuration } from '../../ui/format.ts';
import type { ExpectationCounter } from './expectations.ts';
import { nameExitCode, sayVerdict } from './messages.ts';
import {
  cleanDeep,
  type Details,
  STEP_NAMES,
  type StepLog,
  type StepName,
  type StepResult,
} from './steps.ts';

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
  /** Null if a signal ended the check. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly failed_step: StepName | null;
  readonly steps: readonly ReportStep[];
  readonly expectations: readonly {
    readonly expression: string;
    readonly min: number;
    readonly matched: number;
    readonly late: number;
    readonly future: number;
    readonly min_lag_ms: number | null;
    readonly max_lag_ms: number | null;
    readonly untimed: number;
    readonly met: boolean;
  }[];
}

interface ReportFrame {
  readonly tool: string;
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** @param clean removes secrets and makes control characters visible */
export function buildReport(
  frame: ReportFrame,
  log: StepLog,
  counter: ExpectationCounter,
  clean: (text: string) => string,
): Report {
  const report: Report = {
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
    expectations: counter.counts.map(({ lagMs, ...count }) => ({
      ...count,
      min_lag_ms: lagMs?.min ?? null,
      max_lag_ms: lagMs?.max ?? null,
      met: count.matched >= count.min,
    })),
  };
  return cleanDeep(report, clean) as Report;
}

const NAME_WIDTH = Math.max(...STEP_NAMES.map((name) => name.length));
/** With fewer columns the summary goes below the name of the step. */
const MIN_SUMMARY_WIDTH = 30;

/**
 * `ok      tls        TLSv1.3, issued by …, expires in 71 days (12 ms)`; a failure has its hint on the next line.
 *
 * @param columns width of the terminal; default unlimited
 */
export function formatStep(
  result: StepResult,
  { live, error, info }: LogStyle,
  columns = Number.POSITIVE_INFINITY,
  signs: Signs = SIGNS,
): string {
  const { name, status, durationMs, summary } = result;
  // One word, so that the line does not break before the unit.
  const time = status === 'skipped' ? [] : [`(${formatMs(durationMs)})`];
  const head = `${status.padEnd(7)} ${name.padEnd(NAME_WIDTH)} `;
  const indent = ' '.repeat(columns - head.length < MIN_SUMMARY_WIDTH ? 2 : head.length + 1);
  const hint = result.status === 'failed' ? (result.failure.hint ?? '') : '';
  const [first = '', ...rest] = [
    ...joinWords([head, ...spellEllipses(summary, signs).split(' '), ...time], columns, indent),
    ...(hint === '' ? [] : joinWords(spellEllipses(hint, signs).split(' '), columns, indent, indent)),
  ];
  const { open, close } = { ok: live, failed: error, skipped: info }[status];
  const painted = open + first.slice(0, 7) + close + first.slice(7);
  return [painted, ...rest].map((line) => `${line.trimEnd()}\n`).join('');
}

export function formatVerdict(report: Report, columns = Number.POSITIVE_INFINITY): string {
  const count = (status: string): number => report.steps.filter((step) => step.status === status).length;
  const end = report.signal ?? nameExitCode(report.exit_code);
  const verdict = sayVerdict(report.failed_step, report.duration_ms, count, end);
  return joinWords(verdict.split(' '), columns, '  ')
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : formatDuration(ms);
}
