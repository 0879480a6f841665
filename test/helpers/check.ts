// Runs `stream check` for tests: with the canary key. Its JSON report must match the schema, and no output may
// contain the key.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Ajv } from 'ajv';
import type { Report, ReportStep } from '../../src/commands/check/report.ts';
import { CANARY_KEY, findKeyIn } from './canary.ts';
import { type Child, type CliOptions, type Exit, ROOT, startCli } from './run-cli.ts';

const validate = new Ajv({ allErrors: true, strict: false }).compile(
  JSON.parse(readFileSync(join(ROOT, 'docs/check.schema.json'), 'utf8')),
);

/** Fails unless the report matches docs/check.schema.json and contains no key. */
export function readReport(json: string): Report {
  expect(findKeyIn(json)).toEqual([]);
  const report = JSON.parse(json);
  expect([validate(report), validate.errors]).toEqual([true, null]);
  return report;
}

export interface CheckExit extends Exit {
  readonly report: Report;
  /** The step that failed. */
  readonly failed: ReportStep | undefined;
  /** `ok`, `failed` or `skipped` of every step, by name. */
  readonly statuses: Readonly<Record<string, string>>;
  step(name: string): ReportStep;
}

/** Starts `stream check --json` of `url`; `finish` waits for its end. */
export function startCheck(
  url: string,
  args: readonly string[] = [],
  options: CliOptions = {},
): { child: Child; finish(): Promise<CheckExit> } {
  const child = startCli(['stream', 'check', '--url', url, '--json', ...args], {
    key: CANARY_KEY,
    ...options,
  });
  const finish = async (): Promise<CheckExit> => {
    const exit = await child.exit;
    expect(findKeyIn(exit.stderr)).toEqual([]);
    const report = readReport(exit.stdout);
    const step = (name: string): ReportStep => {
      const found = report.steps.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no step ${name}`);
      return found;
    };
    expect([report.exit_code, report.signal]).toEqual([exit.code, exit.signal]);
    return {
      ...exit,
      report,
      failed: report.steps.find(({ status }) => status === 'failed'),
      statuses: Object.fromEntries(report.steps.map(({ name, status }) => [name, status])),
      step,
    };
  };
  return { child, finish };
}

/** Runs a check to its end. */
export function runCheck(
  url: string,
  args: readonly string[] = [],
  options: CliOptions = {},
): Promise<CheckExit> {
  return startCheck(url, args, options).finish();
}
