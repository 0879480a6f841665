// The report for people: a line for each step, and one at the end. Pure.
import { formatDuration } from '../ui/words.ts';
import type { Report } from './report.ts';
import { STEPS, type StepResult } from './steps.ts';

const NAME_WIDTH = Math.max(...Object.values(STEPS).map((name) => name.length));
const COLORS = { ok: '32', failed: '31', skipped: '90' } as const;

/** `ok      TLS            TLSv1.3, issued by …, 71 days left (12 ms)`; for a failure with what to do below. */
export function formatStep(result: StepResult, useColor: boolean): string {
  const { name, status, durationMs, summary } = result;
  const label = useColor ? `\x1b[${COLORS[status]}m${status.padEnd(7)}\x1b[0m` : status.padEnd(7);
  const time = status === 'skipped' ? '' : ` (${formatMs(durationMs)})`;
  const line = `${label} ${STEPS[name].padEnd(NAME_WIDTH)}  ${summary}${time}\n`;
  const hint = result.status === 'failed' ? result.failure.hint : undefined;
  if (hint === undefined) return line;
  const indent = ' '.repeat(10 + NAME_WIDTH);
  return (
    line +
    hint
      .split('\n')
      .map((part) => `${indent}${part}\n`)
      .join('')
  );
}

/** `passed in 0.21 s: 7 ok, 3 skipped` */
export function formatVerdict(report: Report): string {
  const count = (status: string): number => report.steps.filter((step) => step.status === status).length;
  const time = formatDuration(report.duration_ms);
  const figures = `${count('ok')} ok, ${count('skipped')} skipped`;
  if (report.failed_step === null) return `passed in ${time}: ${figures}\n`;
  const end = report.signal ?? `exit code ${report.exit_code}`;
  return `failed at ${STEPS[report.failed_step]} in ${time}: ${end}, ${figures}\n`;
}

function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : formatDuration(ms);
}
