// The reports for CI systems: a JUnit XML file (`--junit`), and the annotation and step summary of GitHub Actions.
import { isAtlantisError, type OutputError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import {
  appendText,
  assertWritable,
  describeWriteFault,
  resolvePlace,
  writeWholeFile,
} from '../../io/safe-file.ts';
import { escapeUnits } from '../../render/sanitize.ts';
import { formatDuration } from '../../ui/format.ts';
import type { CheckConfig } from './config.ts';
import * as say from './messages.ts';
import type { Report, ReportStep } from './report.ts';

type Warn = (message: string, hint: string | undefined) => void;

/**
 * Checks that the reports can be written, before any connection is opened. The returned function writes them, and
 * returns the error if the JUnit file cannot be written.
 *
 * @throws OutputError if the JUnit file cannot be written
 */
export function openReports(
  { junit, gitHub }: CheckConfig,
  io: Io,
  warn: Warn,
): (report: Report) => OutputError | undefined {
  if (junit !== undefined) assertWritable(junit, say.THE_JUNIT_REPORT);
  const summaryFile = gitHub?.summaryFile;
  const hasSummary =
    summaryFile !== undefined && attemptSummary(summaryFile, warn, () => resolvePlace(summaryFile));
  return (report) => {
    const annotation = gitHub === undefined ? undefined : formatAnnotation(report);
    // The only output that GitHub Actions should run as a command.
    if (annotation !== undefined) io.writeErrRaw(`${annotation}\n`);
    if (hasSummary) attemptSummary(summaryFile, warn, () => appendText(summaryFile, formatSummary(report)));
    if (junit === undefined) return undefined;
    try {
      writeWholeFile(junit, io.redactor.redact(formatJunit(report)), say.THE_JUNIT_REPORT);
      return undefined;
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      return error;
    }
  };
}

/** No flag requests the summary, so an error is only a warning. @returns whether `action` succeeded */
function attemptSummary(path: string, warn: Warn, action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    const { message, hint } = describeWriteFault(say.THE_STEP_SUMMARY, path, error);
    warn(message, hint);
    return false;
  }
}

/** Characters that XML does not allow, not even as references (XML 1.0 § 2.2, Char). */
const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Tabs and line breaks become references, since parsers turn them into spaces in attributes (XML 1.0 § 3.3.3). */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, escapeUnits)
    .replace(/[&<>"']/g, (one) => REFERENCES[one] ?? one)
    .replace(/[\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`);
}

const CLASS_NAME = 'atlantis.stream.check';

/**
 * JUnit XML has no standard. The schemas of Ant and of Jenkins' xUnit plugin (junit-10.xsd) and the importers of GitLab
 * and Azure accept this form.
 */
export function formatJunit(report: Report): string {
  const { steps } = report;
  const count = (status: string): number => steps.filter((step) => step.status === status).length;
  const suite = formatAttributes({
    name: say.CHECK,
    package: CLASS_NAME,
    id: '0',
    timestamp: report.started_at.slice(0, 19),
    hostname: 'localhost',
    tests: String(steps.length),
    failures: String(count('failed')),
    errors: '0',
    skipped: String(count('skipped')),
    time: formatSeconds(report.duration_ms),
  });
  const properties = { tool: report.tool, exit_code: String(report.exit_code ?? report.signal) };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${suite}>`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([name, value]) => `      <property${formatAttributes({ name, value })}/>`,
    ),
    '    </properties>',
    ...steps.map(formatCase),
    `    <system-out>${escapeXml(steps.map(formatLine).join('\n'))}</system-out>`,
    '    <system-err></system-err>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function formatCase(step: ReportStep): string {
  const attributes = formatAttributes({
    name: step.name,
    classname: CLASS_NAME,
    time: formatSeconds(step.duration_ms),
  });
  const open = `    <testcase${attributes}`;
  if (step.status === 'skipped') {
    return `${open}><skipped${formatAttributes({ message: step.summary })}/></testcase>`;
  }
  if (step.error === undefined) return `${open}/>`;
  const { cause, message, hint } = step.error;
  const text = hint === null ? message : `${message}\n${hint}`;
  const failure = formatAttributes({ message, type: cause });
  return `${open}><failure${failure}>${escapeXml(text)}</failure></testcase>`;
}

function formatLine({ status, name, summary }: ReportStep): string {
  return `${status} ${name}: ${summary}`;
}

function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join('');
}

/** Three decimals are the most that every version of Jenkins' schema accepts. */
function formatSeconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

/** The `::error` command for the failed step; undefined if none failed. */
export function formatAnnotation({ steps }: Report): string | undefined {
  const failed = steps.find((step) => step.error !== undefined);
  if (failed?.error === undefined) return undefined;
  const { message, hint } = failed.error;
  const title = say.sayStepFailed(failed.name);
  const text = hint === null ? message : `${message}\n${hint}`;
  return `::error title=${escapeProperty(title)}::${escapeData(text)}`;
}

/** Escapes the text after the second `::`. */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

export function formatSummary(report: Report): string {
  const rows = report.steps.map(({ name, status, duration_ms: ms, summary, error }) => {
    const hint = error?.hint ?? '';
    const text = hint === '' ? summary : `${summary} (${hint})`;
    const time = status === 'skipped' ? '' : formatDuration(ms);
    return `| ${name} | ${status} | ${time} | ${escapeMarkdown(text)} |`;
  });
  const title = say.sayChecked(report.ok, report.signal ?? say.nameExitCode(report.exit_code));
  return [
    `### ${title}`,
    '',
    '| step | result | time | details |',
    '|---|---|---|---|',
    ...rows,
    '',
    '',
  ].join('\n');
}

/** Character references are never markup (CommonMark § 2.5). */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[!-+:-@[-`{-~]|\.(?=[a-z])/gi, (one) => `&#${one.charCodeAt(0)};`);
}
