// The flags of `stream check`, checked.

import { isAtlantisError, UsageError } from '../../errors.ts';
import { ExpressionFault, parsePath, type Step } from '../../events/path.ts';
import { createFilter } from '../../filter/filter.ts';
import { optionalDuration, parseCount, parseDuration } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';
import {
  type ConnectionConfig,
  type ConnectionFlags,
  parseConnectionFlags,
} from '../../settings/connection-config.ts';
import { type GlobalFlags, type LogConfig, parseLogFlags, wantsColor } from '../../settings/stream-config.ts';
import { DEFAULT_LAG_FIELDS } from './timestamp.ts';
import type { Expectation, Expected } from './witness.ts';

/** As the command line gives them. */
export interface CheckFlags extends GlobalFlags, ConnectionFlags {
  readonly expect?: readonly string[];
  readonly min?: string;
  readonly within?: string;
  readonly maxLag?: string;
  readonly lagField?: string;
  readonly deadline?: string;
  readonly json?: boolean;
  readonly junit?: string;
}

export interface CheckConfig {
  readonly log: LogConfig;
  readonly connection: ConnectionConfig;
  /** Ms for the whole check. */
  readonly deadlineMs: number;
  readonly expected: Expected | undefined;
  readonly isJson: boolean;
  /** Colour on stdout. */
  readonly useColor: boolean;
  /** Path of the JUnit report. */
  readonly junit: string | undefined;
  /** Under GitHub Actions; `summaryFile` is where the step summary goes. */
  readonly gitHub: { readonly summaryFile: string | undefined } | undefined;
}

/** For everything up to the keepalive. */
const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_WITHIN_MS = 30_000;

/** Reads the flags that need no store and no secret. @throws UsageError */
export async function parseCheckFlags(flags: CheckFlags, io: Io): Promise<CheckConfig> {
  const expected = await parseExpected(flags);
  const summaryFile = io.env['GITHUB_STEP_SUMMARY'];
  return {
    log: parseLogFlags(flags, io),
    connection: parseConnectionFlags(flags),
    deadlineMs:
      optionalDuration('--deadline', flags.deadline) ?? DEFAULT_DEADLINE_MS + (expected?.withinMs ?? 0),
    expected,
    isJson: flags.json === true,
    useColor: wantsColor(flags, io, io.stdout.isTty),
    junit: parseJunit(flags.junit),
    gitHub:
      io.env['GITHUB_ACTIONS'] === 'true'
        ? { summaryFile: summaryFile === '' ? undefined : summaryFile }
        : undefined,
  };
}

/** `-` is stdout elsewhere, where the lines for people are here. */
function parseJunit(path: string | undefined): string | undefined {
  if (path !== '' && path !== '-') return path;
  throw new UsageError(`invalid --junit "${path}"`, 'accepted: the path of a file such as check.xml');
}

async function parseExpected(flags: CheckFlags): Promise<Expected | undefined> {
  const { expect = [], min, within, maxLag, lagField } = flags;
  if (expect.length === 0) {
    const given = { '--min': min, '--within': within, '--max-lag': maxLag, '--lag-field': lagField };
    const [alone] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
    if (alone === undefined) return undefined;
    throw new UsageError(`${alone} says nothing without --expect`, "give --expect 'type=large_transfer'");
  }
  if (lagField !== undefined && maxLag === undefined) {
    throw new UsageError('--lag-field says nothing without --max-lag', 'give --max-lag 10s');
  }
  return {
    expectations: await Promise.all(expect.map(parseExpectation)),
    min: min === undefined ? 1 : parseCount('--min', min, 1),
    withinMs: optionalDuration('--within', within) ?? DEFAULT_WITHIN_MS,
    maxLagMs: maxLag === undefined ? undefined : parseDuration('--max-lag', maxLag),
    lagPaths: (lagField === undefined ? DEFAULT_LAG_FIELDS : [lagField]).map(parseLagField),
  };
}

/** The grammar of `--where`, in words about `--expect`. */
async function parseExpectation(expression: string): Promise<Expectation> {
  try {
    return { expression, select: await createFilter({ types: [], where: [expression] }) };
  } catch (error) {
    if (!isAtlantisError(error)) throw error;
    throw new UsageError(error.message.replace('--where', '--expect'), error.hint);
  }
}

function parseLagField(text: string): readonly Step[] {
  try {
    const { steps, end } = parsePath(text);
    if (end === text.length) return steps;
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
  }
  throw new UsageError(
    `invalid --lag-field "${text.slice(0, 100)}"`,
    'accepted: a path such as created_at, block.time or items[0].ts',
  );
}
