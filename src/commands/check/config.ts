// The checked flags of `stream check`.
import { UsageError } from '../../errors.ts';
import { createFilter, FILTER_FLAGS } from '../../filter/filter.ts';
import { type FlagValues, listGiven, parseFlags, pick } from '../../flags/definition.ts';
import { sayInvalid } from '../../flags/messages.ts';
import type { Io } from '../../io/io.ts';
import {
  type ConnectionConfig,
  type LogConfig,
  parseConnectionFlags,
  parseLogFlags,
  wantsColor,
} from '../../settings/stream-config.ts';
import { parseLagPaths } from '../../settings/table-paths.ts';
import { readVariable } from '../../settings/target.ts';
import type { Expectation, Expected } from './expectations.ts';
import { CHECK_FLAGS, type CheckFlags } from './flags.ts';
import { ACCEPTED_REPORT_PATH, sayExpectRequired, sayMaxLagRequired } from './messages.ts';

export interface CheckConfig {
  readonly log: LogConfig;
  readonly connection: ConnectionConfig;
  /** For the whole check. */
  readonly deadlineMs: number;
  readonly expected: Expected | undefined;
  readonly isJson: boolean;
  /** On stdout. */
  readonly useColor: boolean;
  readonly junit: string | undefined;
  /** Undefined outside of GitHub Actions. */
  readonly gitHub: { readonly summaryFile: string | undefined } | undefined;
}

/** For all steps before `events`. */
const DEFAULT_DEADLINE_MS = 30_000;

/** @throws UsageError; StoreError if the settings cannot be used */
export async function parseCheckFlags(flags: CheckFlags, io: Io): Promise<CheckConfig> {
  const values = parseFlags(CHECK_FLAGS, flags);
  const expected = await parseExpected(values, flags);
  // A check reports the current state, so it does not reconnect.
  const connection = parseConnectionFlags({ ...flags, reconnect: false });
  const waitMs = connection.firstBudget.isWait ? connection.firstBudget.ms : 0;
  return {
    log: parseLogFlags(flags, io),
    connection,
    deadlineMs: values.deadlineMs ?? DEFAULT_DEADLINE_MS + (expected?.withinMs ?? 0) + waitMs,
    expected,
    isJson: values.isJson,
    useColor: wantsColor(flags, io, io.stdout.isTty),
    junit: parseJunit(values.junit),
    gitHub:
      io.env['GITHUB_ACTIONS'] === 'true'
        ? { summaryFile: readVariable(io.env, 'GITHUB_STEP_SUMMARY') }
        : undefined,
  };
}

/** `-` would be stdout, which has another report. */
function parseJunit(path: string | undefined): string | undefined {
  if (path !== '' && path !== '-') return path;
  throw new UsageError(...sayInvalid('--junit', path, ACCEPTED_REPORT_PATH));
}

async function parseExpected(
  values: FlagValues<typeof CHECK_FLAGS>,
  flags: CheckFlags,
): Promise<Expected | undefined> {
  const { expect, min, withinMs, maxLagMs, lagField } = values;
  if (expect.length === 0) {
    const [alone] = listGiven(pick(CHECK_FLAGS, 'min', 'withinMs', 'maxLagMs', 'lagField'), flags);
    if (alone === undefined) return undefined;
    throw new UsageError(...sayExpectRequired(alone));
  }
  if (lagField !== undefined && maxLagMs === undefined) {
    throw new UsageError(...sayMaxLagRequired());
  }
  return {
    expectations: await Promise.all(expect.map(parseExpectation)),
    min,
    withinMs,
    maxLagMs,
    lagPaths: parseLagPaths(lagField),
  };
}

/** `--expect` has the syntax of `--where`. */
async function parseExpectation(expression: string): Promise<Expectation> {
  const names = { ...FILTER_FLAGS, where: '--expect' };
  return { expression, select: await createFilter({ types: [], where: [expression] }, names, false) };
}
