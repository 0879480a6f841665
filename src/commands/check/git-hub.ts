// Words for GitHub Actions: an annotation for a failure, a table for the step summary. Pure.
//
// The runner reads every line of a step's output for commands, so foreign text must not become one.
import { formatDuration } from '../../ui/words.ts';
import type { Report } from './report.ts';
import { STEPS } from './steps.ts';

/** `::error …` for the step that failed, escaped as the runner decodes it; undefined if none did. */
export function formatAnnotation({ steps }: Report): string | undefined {
  const failed = steps.find((step) => step.error !== undefined);
  if (failed?.error === undefined) return undefined;
  const { message, hint } = failed.error;
  const title = `atlantis stream check: ${STEPS[failed.name]} failed`;
  const text = hint === null ? message : `${message}\n${hint}`;
  return `::error title=${escapeProperty(title)}::${escapeData(text)}`;
}

/** What stands behind the second `::`. */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** The value of a property, which a colon or comma would end. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/**
 * Foreign text in which the runner finds no command: those of the older form, `##[…]`, count wherever they
 * stand in a line. (Those that begin with `::` must stand at its beginning, where words of ours are.)
 */
export function disarm(text: string): string {
  return text.replaceAll('##[', '## [');
}

/** A table in Markdown, a row for each step. */
export function formatSummary(report: Report): string {
  const rows = report.steps.map(({ name, status, duration_ms: ms, summary, error }) => {
    const hint = error?.hint ?? '';
    const words = hint === '' ? summary : `${summary} (${hint})`;
    const time = status === 'skipped' ? '' : formatDuration(ms);
    return `| ${STEPS[name]} | ${status} | ${time} | ${escapeMarkdown(words)} |`;
  });
  const end = report.ok ? 'passed' : `failed, ${report.signal ?? `exit code ${report.exit_code}`}`;
  return [
    `### atlantis stream check: ${end}`,
    '',
    '| step | result | time | what |',
    '|---|---|---|---|',
    ...rows,
    '',
    '',
  ].join('\n');
}

/**
 * The text as nothing but text in a cell: punctuation as character references, which have no meaning of their
 * own in Markdown (CommonMark § 2.5), line breaks as spaces.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[!-+:-@[-`{-~]|\.(?=[a-z])/gi, (one) => `&#${one.charCodeAt(0)};`);
}
