// What happens after a failure, as data and pure functions (contract § 5).
//
// `decide` walks the table of rules.ts with the run's history and answers "try again" or "end";
// `computeDelayMs` says how long to wait; the limiter keeps attempts apart whatever the two say. Nothing here reads a clock, draws a random number or does I/O.
import type { ExitCode } from '../errors.ts';
import { CAUSES } from './cause-table.ts';
import type { Cause } from './causes.ts';
import { RULES, type Rule, type RuleName } from './rules.ts';

/** No two attempts begin closer together than this (contract § 5). */
export const MIN_SPACING_MS = 250;
/** At most this many attempts begin within WINDOW_MS (contract § 5). */
export const MAX_ATTEMPTS = 20;
export const WINDOW_MS = 60_000;
/** The server counts where attempts arrive, and the first of a run takes longer to get there than the others. */
const WINDOW_MARGIN_MS = 500;

interface AttemptLimiter {
  /** Ms to wait before an attempt may begin at `nowMs` (monotonic); 0 when it may begin now. */
  delayMs(nowMs: number): number;
  /** Records that an attempt begins. */
  record(nowMs: number): void;
}

/** Remembers the last MAX_ATTEMPTS beginnings; one limiter serves one run. */
export function createAttemptLimiter(): AttemptLimiter {
  const beganAtMs: number[] = [];
  return {
    delayMs(nowMs) {
      const last = beganAtMs.at(-1);
      if (last === undefined) return 0;
      const oldest = beganAtMs.length < MAX_ATTEMPTS ? undefined : beganAtMs[0];
      const earliest = Math.max(
        last + MIN_SPACING_MS,
        oldest === undefined ? 0 : oldest + WINDOW_MS + WINDOW_MARGIN_MS,
      );
      return Math.max(0, earliest - nowMs);
    },
    record(nowMs) {
      beganAtMs.push(nowMs);
      if (beganAtMs.length > MAX_ATTEMPTS) beganAtMs.shift();
    },
  };
}

/** Before the first welcome of the run: at most so many attempts, all begun within so long (contract § 5). */
export const FIRST_BUDGET = { attempts: 5, ms: 60_000 } as const;
/** A connection that lived this long after its welcome starts the backoff afresh. */
const STABLE_AFTER_MS = 10_000;
/** No delay is shorter than this. */
const MIN_DELAY_MS = 250;
/** A server that asks for a longer wait ends the run instead. */
const MAX_RETRY_AFTER_MS = 15 * 60_000;

export interface PolicyConfig {
  /** Attempts allowed beyond the first one in the whole run; 0 is `--no-reconnect`. */
  readonly maxReconnects: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Monotonic time in ms at which `--timeout` ends the run; undefined without one. */
  readonly deadlineMs: number | undefined;
}

/** What the policy remembers of a run. Times are monotonic ms. */
export interface History {
  readonly startedAtMs: number;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly hasBeenWelcomed: boolean;
  /** Retries since the last stable connection: the exponent of the backoff. */
  readonly retriesSinceStable: number;
  readonly lastRule: RuleName | undefined;
  /** Failures in a row under `lastRule` that count for `inARow`. */
  readonly inARow: number;
  readonly frameFaultsAtMs: readonly number[];
}

export type Decision =
  | {
      readonly action: 'retry';
      readonly atLeastMs: number;
      /** What is left of the first budget; Infinity after the first welcome. */
      readonly atMostMs: number;
      readonly exponent: number;
    }
  | { readonly action: 'end'; readonly exitCode: ExitCode; readonly why: EndReason };

/** Why a run ends rather than trying again. */
export type EndReason =
  | 'pointless'
  | 'no-reconnect'
  | 'first-budget'
  | 'too-often'
  | 'wait-too-long'
  | 'beyond-deadline';

export function startHistory(nowMs: number): History {
  return {
    startedAtMs: nowMs,
    attempts: 0,
    hasBeenWelcomed: false,
    retriesSinceStable: 0,
    lastRule: undefined,
    inARow: 0,
    frameFaultsAtMs: [],
  };
}

/** The history once another attempt has begun. */
export function noteAttempt(history: History): History {
  return { ...history, attempts: history.attempts + 1 };
}

/**
 * The decision after a failure.
 *
 * @param upMs how long the connection was up after its welcome; undefined when there was none
 * @param nowMs monotonic time of the failure
 */
export function decide(
  settings: PolicyConfig,
  history: History,
  cause: Cause,
  upMs: number | undefined,
  nowMs: number,
): { readonly decision: Decision; readonly history: History } {
  const ruleName = CAUSES[cause.kind].rule;
  const rule: Rule = RULES[ruleName];
  const noted = noteFailure(history, ruleName, rule, upMs, nowMs);
  const retry = {
    action: 'retry',
    atLeastMs: addMargin(cause.retryAfterMs ?? 0),
    atMostMs: noted.hasBeenWelcomed
      ? Number.POSITIVE_INFINITY
      : history.startedAtMs + FIRST_BUDGET.ms - nowMs,
    exponent: noted.retriesSinceStable,
  } as const;
  const why = findEndReason(settings, noted, rule, cause, retry, nowMs);
  if (why !== undefined) return { decision: { action: 'end', exitCode: rule.exitCode, why }, history: noted };
  return { decision: retry, history: { ...noted, retriesSinceStable: noted.retriesSinceStable + 1 } };
}

/**
 * Ms to wait before a retry: uniform between 250 ms and min(retryMax, retryMin · 2ⁿ), where n counts the
 * retries since the last stable connection from 0; never below what the server asked for, which is stretched
 * by up to 10 % so that many clients do not come back together; never past the end of the first budget.
 *
 * @param random uniform in [0, 1)
 */
export function computeDelayMs(
  settings: PolicyConfig,
  retry: Extract<Decision, { action: 'retry' }>,
  random: number,
): number {
  const boundMs = Math.min(settings.retryMaxMs, settings.retryMinMs * 2 ** retry.exponent);
  const backoffMs = MIN_DELAY_MS + random * Math.max(0, boundMs - MIN_DELAY_MS);
  return Math.min(retry.atMostMs, Math.max(backoffMs, retry.atLeastMs * (1 + 0.1 * random)));
}

/** A timer may fire a shade early; a server that counts whole seconds must not see that. */
function addMargin(retryAfterMs: number): number {
  return retryAfterMs > 0 ? retryAfterMs + 20 : 0;
}

function noteFailure(
  history: History,
  ruleName: RuleName,
  rule: Rule,
  upMs: number | undefined,
  nowMs: number,
): History {
  const wasStable = upMs !== undefined && upMs >= STABLE_AFTER_MS;
  const hasBeenWelcomed = history.hasBeenWelcomed || upMs !== undefined;
  const verdict = hasBeenWelcomed ? rule.afterIt : rule.beforeFirstWelcome;
  const continues = history.lastRule === ruleName && (upMs === undefined || ruleName === 'normalClose');
  const counts =
    typeof verdict !== 'object' ||
    !('upBelowMs' in verdict) ||
    upMs === undefined ||
    upMs < (verdict.upBelowMs ?? 0);
  const horizonMs = typeof verdict === 'object' && 'withinMs' in verdict ? nowMs - verdict.withinMs : 0;
  const recentFaults = history.frameFaultsAtMs.filter((atMs) => atMs > horizonMs);
  return {
    ...history,
    hasBeenWelcomed,
    retriesSinceStable: wasStable ? 0 : history.retriesSinceStable,
    lastRule: ruleName,
    inARow: counts ? (continues ? history.inARow + 1 : 1) : 0,
    frameFaultsAtMs: ruleName === 'frames' ? [...recentFaults, nowMs] : history.frameFaultsAtMs,
  };
}

function findEndReason(
  settings: PolicyConfig,
  history: History,
  rule: Rule,
  cause: Cause,
  { atLeastMs, atMostMs }: Extract<Decision, { action: 'retry' }>,
  nowMs: number,
): EndReason | undefined {
  const verdict = history.hasBeenWelcomed ? rule.afterIt : rule.beforeFirstWelcome;
  if (verdict === 'never') return 'pointless';
  if (typeof verdict === 'object') {
    if ('inARow' in verdict && history.inARow >= verdict.inARow) return 'too-often';
    if ('retries' in verdict && history.frameFaultsAtMs.length > verdict.retries) return 'too-often';
  }
  if (history.attempts > settings.maxReconnects) return 'no-reconnect';
  if ((cause.retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS) return 'wait-too-long';
  if (settings.deadlineMs !== undefined && nowMs + atLeastMs > settings.deadlineMs && atLeastMs > 0) {
    return 'beyond-deadline';
  }
  if (atLeastMs > Math.max(0, atMostMs)) return 'wait-too-long';
  if (MIN_DELAY_MS > atMostMs) return 'first-budget';
  return !history.hasBeenWelcomed && history.attempts >= FIRST_BUDGET.attempts ? 'first-budget' : undefined;
}
