// Whether a failure is retried, how often and when (contract § 5), as data and pure functions.
import { EXIT, type ExitCode } from '../errors.ts';
import { CAUSES, type RuleName } from './cause-table.ts';
import { FIRST_BUDGET, type FirstBudget } from './config.ts';
import type { Cause, EndReason } from './lifecycle.ts';

type RetryLimit =
  | 'never'
  | 'retry'
  /**
   * This many failures in a row under the same rule end the run. With `upBelowMs`, a failure after a longer connection
   * does not count.
   */
  | { readonly inARow: number; readonly upBelowMs?: number }
  /** This many retries within `withinMs`; the next failure ends the run. */
  | { readonly retries: number; readonly withinMs: number };

interface Rule {
  readonly beforeFirstWelcome: RetryLimit;
  readonly afterFirstWelcome: RetryLimit;
  readonly exitCode: ExitCode;
}

const FIVE_IN_A_ROW = { inARow: 5 } as const;
const THREE_IN_TEN_MINUTES = { retries: 3, withinMs: 600_000 } as const;

/** The table of contract § 5 by rule; `absent` is only for JetStream streams. */
export const RULES = {
  key: { beforeFirstWelcome: 'never', afterFirstWelcome: 'never', exitCode: EXIT.credential },
  // The key had worked and may have been replaced. The next attempt reads it again.
  outdatedKey: { beforeFirstWelcome: 'never', afterFirstWelcome: 'retry', exitCode: EXIT.credential },
  credit: { beforeFirstWelcome: 'never', afterFirstWelcome: 'never', exitCode: EXIT.credit },
  request: { beforeFirstWelcome: 'never', afterFirstWelcome: 'never', exitCode: EXIT.refused },
  // A stream that existed before may be recreated.
  absent: { beforeFirstWelcome: 'never', afterFirstWelcome: 'retry', exitCode: EXIT.refused },
  foreign: { beforeFirstWelcome: 'never', afterFirstWelcome: FIVE_IN_A_ROW, exitCode: EXIT.refused },
  redirect: { beforeFirstWelcome: 'never', afterFirstWelcome: FIVE_IN_A_ROW, exitCode: EXIT.refused },
  rateLimit: { beforeFirstWelcome: 'retry', afterFirstWelcome: 'retry', exitCode: EXIT.rateLimited },
  unavailable: { beforeFirstWelcome: 'retry', afterFirstWelcome: 'retry', exitCode: EXIT.unreachable },
  network: { beforeFirstWelcome: 'retry', afterFirstWelcome: 'retry', exitCode: EXIT.unreachable },
  trust: { beforeFirstWelcome: 'never', afterFirstWelcome: FIVE_IN_A_ROW, exitCode: EXIT.tls },
  upgrade: { beforeFirstWelcome: 'never', afterFirstWelcome: FIVE_IN_A_ROW, exitCode: EXIT.protocol },
  welcome: { beforeFirstWelcome: 'retry', afterFirstWelcome: FIVE_IN_A_ROW, exitCode: EXIT.protocol },
  loss: { beforeFirstWelcome: 'retry', afterFirstWelcome: 'retry', exitCode: EXIT.unreachable },
  normalClose: {
    beforeFirstWelcome: 'retry',
    afterFirstWelcome: { inARow: 5, upBelowMs: 10_000 },
    exitCode: EXIT.unreachable,
  },
  policyClose: { beforeFirstWelcome: 'retry', afterFirstWelcome: 'retry', exitCode: EXIT.unreachable },
  frames: {
    beforeFirstWelcome: THREE_IN_TEN_MINUTES,
    afterFirstWelcome: THREE_IN_TEN_MINUTES,
    exitCode: EXIT.protocol,
  },
} as const satisfies Record<RuleName, Rule>;

/** No two attempts begin closer together than this (contract § 5). */
export const MIN_SPACING_MS = 250;
/** At most this many attempts begin within WINDOW_MS (contract § 5). */
export const MAX_ATTEMPTS = 20;
export const WINDOW_MS = 60_000;
/** The server counts attempts on arrival, and the first one of a run takes longer to arrive than the others. */
const WINDOW_MARGIN_MS = 500;

/** Spaces out the attempts of one connect loop, together with those of its replacement. Times are monotonic ms. */
export class AttemptLimiter {
  readonly #beganAtMs: number[] = [];

  /** Ms until an attempt may begin. */
  delayMs(nowMs: number): number {
    const last = this.#beganAtMs.at(-1);
    if (last === undefined) return 0;
    const oldest = this.#beganAtMs.at(-MAX_ATTEMPTS) ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, last + MIN_SPACING_MS - nowMs, oldest + WINDOW_MS + WINDOW_MARGIN_MS - nowMs);
  }

  record(nowMs: number): void {
    this.#beganAtMs.push(nowMs);
    if (this.#beganAtMs.length > MAX_ATTEMPTS) this.#beganAtMs.shift();
  }
}

export type Limiter = Pick<AttemptLimiter, 'delayMs' | 'record'>;

const CONNECTION_SPACING_MS = 1_000;

export class AttemptSpacing {
  #last: { readonly by: object; readonly atMs: number } | undefined;

  /** A limiter like `own` that also waits CONNECTION_SPACING_MS after an attempt of another limiter. */
  limit(own: Limiter): Limiter {
    const by = {};
    return {
      delayMs: (nowMs) => {
        const last = this.#last;
        const delayMs = own.delayMs(nowMs);
        if (last === undefined || last.by === by) return delayMs;
        return Math.max(delayMs, last.atMs + CONNECTION_SPACING_MS - nowMs);
      },
      record: (nowMs) => {
        own.record(nowMs);
        this.#last = { by, atMs: nowMs };
      },
    };
  }
}

/** A connection that was up for this long after its welcome resets the backoff. */
export const STABLE_AFTER_MS = 10_000;
const MIN_DELAY_MS = 250;
/** A longer Retry-After of the service ends the run; a sink is asked again after this time. */
export const MAX_RETRY_AFTER_MS = 15 * 60_000;

export interface PolicyConfig {
  /** Maximum reconnect attempts in the whole run; 0 is `--no-reconnect`. */
  readonly maxReconnects: number;
  /** Default FIRST_BUDGET. */
  readonly firstBudget?: FirstBudget | undefined;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Monotonic time at which `--timeout` ends the run. */
  readonly deadlineMs: number | undefined;
}

/** Times are monotonic ms. */
export interface History {
  readonly startedAtMs: number;
  readonly attempts: number;
  /** Attempts of `--wait` before the first welcome, which do not count toward `maxReconnects`. */
  readonly waitAttempts: number;
  readonly hasBeenWelcomed: boolean;
  /** The exponent of the backoff. */
  readonly retriesSinceStable: number;
  readonly lastRule: RuleName | undefined;
  /** Failures in a row under `lastRule` that count toward the limit `inARow` of that rule. */
  readonly inARow: number;
  readonly frameFaultsAtMs: readonly number[];
}

export type Decision =
  | {
      readonly action: 'retry';
      readonly atLeastMs: number;
      /** The rest of the first budget; Infinity after the first welcome. */
      readonly atMostMs: number;
      readonly exponent: number;
    }
  | { readonly action: 'end'; readonly exitCode: ExitCode; readonly why: EndReason };

export function startHistory(nowMs: number): History {
  return {
    startedAtMs: nowMs,
    attempts: 0,
    waitAttempts: 0,
    hasBeenWelcomed: false,
    retriesSinceStable: 0,
    lastRule: undefined,
    inARow: 0,
    frameFaultsAtMs: [],
  };
}

/** @param upMs how long the connection was up after its welcome; undefined if there was no welcome */
export function decideRetry(
  config: PolicyConfig,
  history: History,
  cause: Cause,
  upMs: number | undefined,
  nowMs: number,
): { readonly decision: Decision; readonly history: History } {
  const ruleName = CAUSES[cause.kind].rule;
  const rule: Rule = RULES[ruleName];
  const budget = config.firstBudget ?? FIRST_BUDGET;
  const noted = noteFailure(history, budget, ruleName, rule, upMs, nowMs);
  const retry = {
    action: 'retry',
    atLeastMs: addMargin(cause.retryAfterMs ?? 0),
    atMostMs: noted.hasBeenWelcomed ? Number.POSITIVE_INFINITY : history.startedAtMs + budget.ms - nowMs,
    exponent: noted.retriesSinceStable,
  } as const;
  const why = findEndReason(config, budget, noted, rule, cause, retry, nowMs);
  if (why !== undefined) return { decision: { action: 'end', exitCode: rule.exitCode, why }, history: noted };
  return { decision: retry, history: { ...noted, retriesSinceStable: noted.retriesSinceStable + 1 } };
}

/**
 * The delay is uniform between 250 ms and min(retryMax, retryMin · 2ⁿ); n is 0 for the first retry after a stable
 * connection. The delay is at least the Retry-After of the server, plus up to 10 % so that clients do not all return at
 * once. It never goes beyond the end of the first budget.
 *
 * @param random uniform in [0, 1)
 */
export function computeDelayMs(
  config: Pick<PolicyConfig, 'retryMinMs' | 'retryMaxMs'>,
  retry: Omit<Extract<Decision, { action: 'retry' }>, 'action'>,
  random: number,
): number {
  const boundMs = Math.min(config.retryMaxMs, config.retryMinMs * 2 ** retry.exponent);
  const backoffMs = MIN_DELAY_MS + random * Math.max(0, boundMs - MIN_DELAY_MS);
  return Math.min(retry.atMostMs, Math.max(backoffMs, retry.atLeastMs * (1 + 0.1 * random)));
}

/** A timer may fire slightly early, which a server that counts whole seconds would notice. */
function addMargin(retryAfterMs: number): number {
  return retryAfterMs > 0 ? retryAfterMs + 20 : 0;
}

function noteFailure(
  history: History,
  budget: FirstBudget,
  ruleName: RuleName,
  rule: Rule,
  upMs: number | undefined,
  nowMs: number,
): History {
  const wasStable = upMs !== undefined && upMs >= STABLE_AFTER_MS;
  const hasBeenWelcomed = history.hasBeenWelcomed || upMs !== undefined;
  const limit = hasBeenWelcomed ? rule.afterFirstWelcome : rule.beforeFirstWelcome;
  const continues = history.lastRule === ruleName && (upMs === undefined || ruleName === 'normalClose');
  const limits: { upBelowMs?: number; withinMs?: number } = typeof limit === 'object' ? limit : {};
  const counts = upMs === undefined || upMs < (limits.upBelowMs ?? Number.POSITIVE_INFINITY);
  const recentFaults = history.frameFaultsAtMs.filter((atMs) => atMs > nowMs - (limits.withinMs ?? nowMs));
  return {
    ...history,
    hasBeenWelcomed,
    waitAttempts:
      budget.isWait && hasBeenWelcomed && !history.hasBeenWelcomed
        ? history.attempts - 1
        : history.waitAttempts,
    retriesSinceStable: wasStable ? 0 : history.retriesSinceStable,
    lastRule: ruleName,
    inARow: counts ? (continues ? history.inARow + 1 : 1) : 0,
    frameFaultsAtMs: ruleName === 'frames' ? [...recentFaults, nowMs] : history.frameFaultsAtMs,
  };
}

function findEndReason(
  config: PolicyConfig,
  budget: FirstBudget,
  history: History,
  rule: Rule,
  cause: Cause,
  { atLeastMs, atMostMs }: Extract<Decision, { action: 'retry' }>,
  nowMs: number,
): EndReason | undefined {
  const limit = history.hasBeenWelcomed ? rule.afterFirstWelcome : rule.beforeFirstWelcome;
  if (limit === 'never') return 'not-retryable';
  if (typeof limit === 'object') {
    if ('inARow' in limit && history.inARow >= limit.inARow) return 'too-often';
    if ('retries' in limit && history.frameFaultsAtMs.length > limit.retries) return 'too-often';
  }
  const isWaiting = budget.isWait && !history.hasBeenWelcomed;
  if (!isWaiting && history.attempts - history.waitAttempts > config.maxReconnects) return 'no-reconnect';
  if ((cause.retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS) return 'wait-too-long';
  if (config.deadlineMs !== undefined && nowMs + atLeastMs > config.deadlineMs && atLeastMs > 0) {
    return 'beyond-deadline';
  }
  if (atLeastMs > Math.max(0, atMostMs)) return 'wait-too-long';
  if (MIN_DELAY_MS > atMostMs) return 'first-budget';
  return !history.hasBeenWelcomed && history.attempts >= budget.attempts ? 'first-budget' : undefined;
}
