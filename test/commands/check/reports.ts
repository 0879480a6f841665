// A report of a failed check, for the tests of the report formats.
import type { Report, ReportStep } from '../../../src/commands/check/report.ts';
import { STEP_NAMES } from '../../../src/commands/check/steps.ts';

/** Returns a report in which `upgrade` failed with this message; earlier steps are ok, later ones skipped. */
export function makeFailedReport(message: string, hint: string | null = null): Report {
  const failedAt = STEP_NAMES.indexOf('upgrade');
  const steps = STEP_NAMES.map((name, at): ReportStep => {
    const base = { name, duration_ms: at === failedAt ? 1234.5 : 2, details: {} };
    if (at < failedAt) return { ...base, status: 'ok', summary: `${name} is fine` };
    if (at > failedAt) return { ...base, duration_ms: 0, status: 'skipped', summary: 'upgrade failed' };
    return { ...base, status: 'failed', summary: message, error: { cause: 'rejected', message, hint } };
  });
  return {
    version: 1,
    tool: 'atlantis-cli/0.0.0',
    started_at: '2026-01-02T03:04:05.678Z',
    duration_ms: 1250,
    ok: false,
    exit_code: 5,
    signal: null,
    failed_step: 'upgrade',
    steps,
    expectations: [],
  };
}

/** A text with every kind of character that needs escaping in some format. */
export const NASTY = [
  'quotes " \' and <tags> & &amp; ]]> --> |pipes| `ticks` *stars* [link](http://x) @user #1',
  '::error::no ##[error]no %0A 100% \r\n\t\0\x07\x1b[31m\x7f\x85\u2028\ufffe\uffff \ud800 \u{1f600} é',
].join(' ');
