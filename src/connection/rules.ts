// The rules of the retry policy: the table of contract § 5.
import { EXIT, type ExitCode } from '../errors.ts';

/** Retry without a bound of its own, or a bounded number of times, or never. */
type Verdict =
  | 'never'
  | 'retry'
  /** `inARow` failures under the same rule end the run; `upBelowMs`: only those of short connections count. */
  | { readonly inARow: number; readonly upBelowMs?: number }
  /** So many retries within `withinMs`; the next failure ends the run. */
  | { readonly retries: number; readonly withinMs: number };

export interface Rule {
  readonly beforeFirstWelcome: Verdict;
  readonly afterIt: Verdict;
  readonly exitCode: ExitCode;
}

const FIVE_IN_A_ROW = { inARow: 5 } as const;

/** The table of contract § 5, one row per line of it. */
export const RULES = {
  key: { beforeFirstWelcome: 'never', afterIt: 'never', exitCode: EXIT.credential },
  // The key had worked and may have been replaced: the next attempt reads it again.
  outdatedKey: { beforeFirstWelcome: 'never', afterIt: 'retry', exitCode: EXIT.credential },
  credit: { beforeFirstWelcome: 'never', afterIt: 'never', exitCode: EXIT.credit },
  request: { beforeFirstWelcome: 'never', afterIt: 'never', exitCode: EXIT.refused },
  // A stream that existed before may be created again.
  absent: { beforeFirstWelcome: 'never', afterIt: 'retry', exitCode: EXIT.refused },
  foreign: { beforeFirstWelcome: 'never', afterIt: FIVE_IN_A_ROW, exitCode: EXIT.refused },
  redirect: { beforeFirstWelcome: 'never', afterIt: FIVE_IN_A_ROW, exitCode: EXIT.refused },
  rateLimit: { beforeFirstWelcome: 'retry', afterIt: 'retry', exitCode: EXIT.rateLimited },
  unavailable: { beforeFirstWelcome: 'retry', afterIt: 'retry', exitCode: EXIT.unreachable },
  network: { beforeFirstWelcome: 'retry', afterIt: 'retry', exitCode: EXIT.unreachable },
  trust: { beforeFirstWelcome: 'never', afterIt: FIVE_IN_A_ROW, exitCode: EXIT.tls },
  upgrade: { beforeFirstWelcome: 'never', afterIt: FIVE_IN_A_ROW, exitCode: EXIT.protocol },
  welcome: { beforeFirstWelcome: 'retry', afterIt: FIVE_IN_A_ROW, exitCode: EXIT.protocol },
  loss: { beforeFirstWelcome: 'retry', afterIt: 'retry', exitCode: EXIT.unreachable },
  normalClose: {
    beforeFirstWelcome: 'retry',
    afterIt: { inARow: 5, upBelowMs: 10_000 },
    exitCode: EXIT.unreachable,
  },
  policyClose: { beforeFirstWelcome: 'retry', afterIt: 'retry', exitCode: EXIT.unreachable },
  frames: {
    beforeFirstWelcome: { retries: 3, withinMs: 600_000 },
    afterIt: { retries: 3, withinMs: 600_000 },
    exitCode: EXIT.protocol,
  },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;
