// When delivery to a sink is retried, and when the sink stops: the circuit breaker of a sink (contract B10).
import type { Clock } from '../clock.ts';
import { FIRST_BUDGET } from '../connection/config.ts';
import { computeDelayMs, MAX_RETRY_AFTER_MS, type PolicyConfig } from '../connection/retry-policy.ts';
import type { Circuit, Retry, SinkFault } from './sink.ts';

/** Failures in a row, without an acknowledgement, that open the circuit. */
export const OPEN_AFTER = 5;
/** How long an event is retried if the endpoint or its credentials may be the reason for the refusal. */
const DOUBT_MS = 15 * 60_000;

export interface SinkPolicyConfig {
  readonly policy: Pick<PolicyConfig, 'retryMinMs' | 'retryMaxMs' | 'firstBudget'>;
  /** When to give up on a sink that has accepted nothing yet; `while-empty`: only while no event waits for it. */
  readonly givesUpAtStart: 'while-empty' | 'always' | 'never';
}

interface SinkPolicyDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
}

export type Verdict = { readonly action: 'stop' } | ({ readonly action: 'retry' } & Retry);

export class SinkPolicy {
  readonly #config: SinkPolicyConfig;
  readonly #deps: SinkPolicyDeps;
  readonly #startedAtMs: number;
  /** Since the last acknowledgement. */
  #failures = 0;
  #isTrying = false;
  #hasWorked = false;
  #doubt: { readonly first: number; readonly sinceMs: number } | undefined;

  constructor(config: SinkPolicyConfig, deps: SinkPolicyDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#startedAtMs = deps.clock.monotonicMs();
  }

  get circuit(): Circuit {
    if (this.#failures < OPEN_AFTER) return 'closed';
    return this.#isTrying ? 'half-open' : 'open';
  }

  noteAttempt(): void {
    this.#isTrying = true;
  }

  /** Returns true at the first success after a failure. */
  noteProgress(): boolean {
    const hadFailed = this.#failures > 0;
    this.#failures = 0;
    this.#hasWorked = true;
    return hadFailed;
  }

  /** @param isEmpty no event waits for the sink */
  noteFailure(fault: SinkFault, isEmpty: boolean): Verdict {
    const { policy } = this.#config;
    this.#isTrying = false;
    this.#failures += 1;
    if (this.#isOver(fault, isEmpty)) return { action: 'stop' };
    const askedMs = fault.retryAfterMs ?? 0;
    const delayMs = computeDelayMs(
      policy,
      {
        atLeastMs: Math.min(askedMs, MAX_RETRY_AFTER_MS),
        atMostMs: Number.POSITIVE_INFINITY,
        exponent: this.#failures - 1,
      },
      this.#deps.random(),
    );
    return {
      action: 'retry',
      delayMs,
      attempt: this.#failures,
      askedMs: askedMs > MAX_RETRY_AFTER_MS ? askedMs : undefined,
    };
  }

  /** Whether DOUBT_MS have passed since the first call for this unit. @param first number of its first record */
  isBeyondDoubt(first: number): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#doubt?.first !== first) this.#doubt = { first, sinceMs: nowMs };
    return nowMs - this.#doubt.sinceMs >= DOUBT_MS;
  }

  #isOver(fault: SinkFault, isEmpty: boolean): boolean {
    if (fault.isEnd === true) return true;
    const { policy, givesUpAtStart } = this.#config;
    if (givesUpAtStart === 'never') return false;
    // An `exitCode` is set only while the sink has not worked.
    if (fault.exitCode !== undefined) return true;
    if (this.#hasWorked || (givesUpAtStart === 'while-empty' && !isEmpty)) return false;
    const { attempts, ms } = policy.firstBudget ?? FIRST_BUDGET;
    return this.#failures >= attempts || this.#deps.clock.monotonicMs() - this.#startedAtMs >= ms;
  }
}
