// The report for people: a line for each step, and one at the end. Pure.
import { SIGNS, type Signs, spellEllipses } from '../../render/signs.ts';
import { joinWords } from '../../render/wrap-words.ts';
import { formatDuration } from '../../ui/words.ts';
import type { Report } from './report.ts';
import { STEPS, type StepResult } from './steps.ts';

const NAME_WIDTH = Math.max(...Object.values(STEPS).map((name) => name.length));
/** A summary beside the names of the steps needs this many columns. */
const MIN_SUMMARY_WIDTH = 30;
const COLORS = { ok: '32', failed: '31', skipped: '90' } as const;

/**
 * `ok      TLS            TLSv1.3, issued by …, 71 days left (12 ms)`; for a failure with what to do below.
 * @param columns width of the terminal, where lines break between words; undefined where there is none
 */
export function formatStep(
  result: StepResult,
  useColor: boolean,
  columns = Number.POSITIVE_INFINITY,
  signs: Signs = SIGNS,
): string {
  const { name, status, durationMs, summary } = result;
  // One word: a figure without its unit is none.
  const time = status === 'skipped' ? [] : [`(${formatMs(durationMs)})`];
  const head = `${status.padEnd(7)} ${STEPS[name].padEnd(NAME_WIDTH)} `;
  // Beside the names where there is room, else below them.
  const indent = ' '.repeat(columns - head.length < MIN_SUMMARY_WIDTH ? 2 : head.length + 1);
  const hint = result.status === 'failed' ? (result.failure.hint ?? '') : '';
  const hints = hint === '' ? [] : spellEllipses(hint, signs).split('\n');
  const [first = '', ...rest] = [
    ...joinWords([head, ...spellEllipses(summary, signs).split(' '), ...time], columns, indent),
    ...hints.flatMap((hint) => joinWords(hint.split(' '), columns, indent, indent)),
  ];
  const painted = useColor ? `\x1b[${COLORS[status]}m${first.slice(0, 7)}\x1b[0m${first.slice(7)}` : first;
  return [painted, ...rest].map((line) => `${line.trimEnd()}\n`).join('');
}

/**
 * `passed in 0.21 s: 7 ok, 3 skipped`
 * @param columns as for `formatStep`
 */
export function formatVerdict(report: Report, columns = Number.POSITIVE_INFINITY): string {
  const count = (status: string): number => report.steps.filter((step) => step.status === status).length;
  const time = formatDuration(report.duration_ms);
  const figures = `${count('ok')} ok, ${count('skipped')} skipped`;
  const end = report.signal ?? `exit code ${report.exit_code}`;
  const verdict =
    report.failed_step === null
      ? `passed in ${time}: ${figures}`
      : `failed at ${STEPS[report.failed_step]} in ${time}: ${end}, ${figures}`;
  return joinWords(verdict.split(' '), columns, '  ')
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : formatDuration(ms);
}
