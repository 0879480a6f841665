// The report as JUnit XML: one suite, a test case for each step. Pure.
//
// JUnit XML has no standard: what is written here is accepted by the schemas of Ant and of Jenkins at once,
// which differ, and of which that of Ant is the stricter one.
import type { Report, ReportStep } from './report.ts';
import { STEPS } from './steps.ts';

/** What no XML document may hold, not even as a reference (XML 1.0 § 2.2, Char). */
const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/**
 * The text for an element or an attribute. Characters that XML forbids are written as `\uXXXX`; white space
 * but the space becomes a reference, which an attribute would otherwise lose (XML 1.0 § 3.3.3).
 */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (one) => REFERENCES[one] ?? one)
    .replace(/[\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`);
}

const CLASS_NAME = 'atlantis.stream.check';

/** The whole file. @param hostname where the check ran, or undefined */
export function formatJunit(report: Report, hostname = 'localhost'): string {
  const { steps } = report;
  const count = (status: string): number => steps.filter((step) => step.status === status).length;
  const suite = formatAttributes({
    name: 'atlantis stream check',
    package: CLASS_NAME,
    id: '0',
    timestamp: report.started_at.slice(0, 19),
    hostname,
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
    name: STEPS[step.name],
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
  return `${status} ${STEPS[name]}: ${summary}`;
}

function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join('');
}

/** xs:decimal: no exponent. */
function formatSeconds(ms: number): string {
  return (ms / 1_000).toFixed(4);
}
