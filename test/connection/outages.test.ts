// Random histories of outages in the real connect loop, on a simulated clock: there is never a retry storm, an
// attempt after a fatal cause, or a delay out of bounds (contract § 5).
import { describe, expect, test } from '@jest/globals';
import { CAUSES, type CauseKind } from '../../src/connection/cause-table.ts';
import { type Connect, type Connection, type FollowItem, followStream } from '../../src/connection/follow.ts';
import type { Cause } from '../../src/connection/lifecycle.ts';
import type { PolicyConfig } from '../../src/connection/retry-policy.ts';
import { createRandom, type Random } from '../../src/simulator/random.ts';
import { countCases } from '../helpers/cases.ts';
import { createLeapingClock, type LeapingClock } from '../helpers/fake-clock.ts';

const HISTORIES = countCases(10_000);
const MOST_ATTEMPTS = 40;

/** The rows of contract § 5 that are never retried. */
const ALWAYS_FATAL = new Set<CauseKind>(['unauthorized', 'forbidden', 'no-credit', 'rejected']);
const FATAL_BEFORE_WELCOME = new Set(['foreign', 'redirect', 'trust', 'upgrade']);
const LOSSES: readonly CauseKind[] = [
  'dropped',
  'silent',
  'closed-by-server',
  'closed-normally',
  'closed-by-policy',
  'closed-for-protocol',
  'bad-frames',
];
const REFUSALS = (Object.keys(CAUSES) as CauseKind[]).filter((kind) => !LOSSES.includes(kind));
const PASSING = REFUSALS.filter((kind) =>
  ['network', 'unavailable', 'rateLimit'].includes(CAUSES[kind].rule),
);

/** Parameters of a history: how often an attempt succeeds, how long things take. */
interface Conditions {
  readonly policy: PolicyConfig;
  readonly welcomeChance: number;
  readonly fatalChance: number;
  readonly longestUpMs: number;
  readonly longestAttemptMs: number;
}

interface Attempt {
  readonly beganAtMs: number;
  endedAtMs: number;
  cause: Cause | undefined;
  upMs: number | undefined;
  /** The delay that the loop announced after this attempt. */
  delayMs: number | undefined;
}

interface Run {
  readonly conditions: Conditions;
  readonly attempts: Attempt[];
  readonly end: Extract<FollowItem<Connection>, { kind: 'gave-up' }> | undefined;
}

const pick = <T>(random: Random, choices: readonly [T, ...T[]]): T =>
  choices[random.nextBelow(choices.length)] ?? choices[0];

function drawConditions(random: Random): Conditions {
  const retryMinMs = pick(random, [1_000, 1_000, 1, 250, 5_000]);
  return {
    policy: {
      maxReconnects: pick(random, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 1, 7]),
      retryMinMs,
      retryMaxMs: Math.max(retryMinMs, pick(random, [30_000, 30_000, 1, 250, 400, 600_000])),
      deadlineMs: pick(random, [undefined, undefined, 45_000, 3_600_000]),
    },
    welcomeChance: pick(random, [0.5, 0.9, 1, 0.1]),
    fatalChance: pick(random, [0, 0, 0.02, 0.3]),
    longestUpMs: pick(random, [0, 20, 9_000, 60_000, 86_400_000]),
    longestAttemptMs: pick(random, [0, 5, 1_000, 35_000]),
  };
}

function drawCause(random: Random, kinds: readonly CauseKind[]): Cause {
  const kind = kinds[random.nextBelow(kinds.length)] ?? 'refused';
  const isAsking = ['rateLimit', 'unavailable'].includes(CAUSES[kind].rule) && random.nextBelow(2) === 0;
  const retryAfterMs = pick(random, [0, 1_000, 20_000, 300_000, 2_000_000, Number.MAX_SAFE_INTEGER]);
  return { kind, host: 'api.atlantis.example', detail: 'drawn', ...(isAsking ? { retryAfterMs } : {}) };
}

/** A connection without events that is up for `upMs`. */
function createConnection(clock: LeapingClock, upMs: number, endedBy: Cause): Connection {
  return {
    lastByteAtMs: 0,
    endedBy,
    async take() {
      clock.spend(upMs);
      return undefined;
    },
    async close() {},
  };
}

/** Runs one history, up to its end or its 40th attempt. */
async function live(seed: number): Promise<Run> {
  const random = createRandom('outages', seed);
  const conditions = drawConditions(random);
  const clock = createLeapingClock();
  const stop = new AbortController();
  const attempts: Attempt[] = [];

  const connect: Connect<Connection> = async () => {
    clock.spend(random.nextFraction() * conditions.longestAttemptMs);
    const attempt = attempts.at(-1);
    if (attempt === undefined) throw new Error('no attempt has begun');
    if (random.nextFraction() < conditions.welcomeChance) {
      const cause = drawCause(random, LOSSES);
      attempt.upMs = random.nextFraction() * conditions.longestUpMs;
      return createConnection(clock, attempt.upMs, cause);
    }
    return drawCause(random, random.nextFraction() < conditions.fatalChance ? REFUSALS : PASSING);
  };

  const context = { clock, connect, random: random.nextFraction, signal: stop.signal };
  let end: Run['end'];
  for await (const item of followStream(conditions.policy, context)) {
    const attempt = attempts.at(-1);
    if (item.kind === 'connecting') {
      if (attempts.length === MOST_ATTEMPTS) stop.abort();
      const beganAtMs = clock.monotonicMs();
      attempts.push({
        beganAtMs,
        endedAtMs: beganAtMs,
        cause: undefined,
        upMs: undefined,
        delayMs: undefined,
      });
    } else if (item.kind === 'retrying' && attempt !== undefined) {
      attempt.cause = item.cause;
      attempt.endedAtMs = clock.monotonicMs();
      attempt.delayMs = item.delayMs;
    } else if (item.kind === 'gave-up') {
      end = item;
      if (attempt !== undefined) attempt.cause = item.cause;
    }
  }
  return { conditions, attempts, end };
}

/** The rules of contract § 5 that this history breaks. */
function findBreaches({ conditions, attempts, end }: Run): string[] {
  const { retryMinMs, retryMaxMs, maxReconnects } = conditions.policy;
  const breaches: string[] = [];
  const hold = (isHeld: boolean, promise: string): void => {
    if (!isHeld) breaches.push(promise);
  };
  let hasBeenWelcomed = false;
  let exponent = 0;
  let beforeWelcome = 0;

  attempts.forEach((attempt, n) => {
    const { beganAtMs, endedAtMs, cause, upMs, delayMs } = attempt;
    const next = attempts[n + 1];
    if (!hasBeenWelcomed) {
      beforeWelcome += 1;
      hold(beganAtMs - (attempts[0]?.beganAtMs ?? 0) <= 60_001, 'first budget: all begun within 60 s');
    }
    hasBeenWelcomed ||= upMs !== undefined;
    if (upMs !== undefined && upMs >= 10_000) exponent = 0;
    const twentyLater = attempts[n + 20];
    if (twentyLater !== undefined) hold(twentyLater.beganAtMs - beganAtMs > 60_000, 'at most 20 in 60 s');
    if (next === undefined || cause === undefined || delayMs === undefined) return;

    hold(next.beganAtMs - beganAtMs >= 250, 'never two within 250 ms');
    hold(next.beganAtMs - endedAtMs >= delayMs - 1e-3, 'waits as long as it says');
    const asked = cause.retryAfterMs ?? 0;
    const boundMs = Math.max(250, Math.min(retryMaxMs, retryMinMs * 2 ** exponent), asked * 1.1 + 25);
    hold(delayMs >= 250 && delayMs >= asked, 'never sooner than 250 ms and Retry-After');
    hold(delayMs <= boundMs, `never later than the bound: ${delayMs} > ${boundMs}`);
    hold(asked <= 900_000, 'never waits for more than 15 min');
    const { rule } = CAUSES[cause.kind];
    hold(!ALWAYS_FATAL.has(cause.kind), `no attempt after ${cause.kind}`);
    hold(hasBeenWelcomed || !FATAL_BEFORE_WELCOME.has(rule), `no attempt after an early ${cause.kind}`);
    exponent += 1;
  });
  hold(beforeWelcome <= 5, 'first budget: 5 attempts');
  hold(attempts.length <= maxReconnects + 1, '--max-reconnects');
  hold(end !== undefined || attempts.length > MOST_ATTEMPTS, 'retries until it reports why not');
  hold(end === undefined || end.exitCode !== 0, 'a dropped stream never exits 0');
  return breaches;
}

describe('§ 5: random histories', () => {
  test('no retry storm, no attempt after a fatal cause, no delay out of bounds', async () => {
    const ends = new Map<string, number>();
    let attempts = 0;
    let isLimiterNeeded = false;
    for (let seed = 0; seed < HISTORIES; seed += 1) {
      const run = await live(seed);
      const breaches = findBreaches(run);
      if (breaches.length > 0) throw new Error(`history ${seed}: ${breaches.join('; ')}`);
      attempts += run.attempts.length;
      const why = run.end?.why ?? 'never';
      ends.set(why, (ends.get(why) ?? 0) + 1);
      isLimiterNeeded ||= run.attempts.some(({ endedAtMs, delayMs = 0 }, n) => {
        const nextMs = run.attempts[n + 1]?.beganAtMs ?? 0;
        return nextMs - endedAtMs > delayMs + 1_000;
      });
    }
    // The histories cover enough: all ends occur, runs are long, and the limiter had to delay attempts.
    expect(attempts).toBeGreaterThan(8 * HISTORIES);
    expect(isLimiterNeeded).toBe(true);
    expect([...ends.keys()].sort()).toEqual([
      'beyond-deadline',
      'first-budget',
      'never',
      'no-reconnect',
      'not-retryable',
      'too-often',
      'wait-too-long',
    ]);
  }, 60_000);
});
