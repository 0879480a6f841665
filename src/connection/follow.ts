// The connect loop: follows the stream across connections until it ends for good.
//
// The loop yields what happens, in order, and waits while its consumer is busy. retry-policy.ts makes the decisions;
// every wait ends at once on abort.
import { type Clock, computeElapsedMs, type Moment, sleep } from '../clock.ts';
import type { Batch } from '../events/batch.ts';
import type { DialConfig } from './config.ts';
import { openSocket } from './dial/socket.ts';
import type { Cause, Connecting, Gap, GaveUp, Lost, Retrying } from './lifecycle.ts';
import { LiveStream } from './live-stream.ts';
import { ENDINGS } from './messages.ts';
import {
  AttemptLimiter,
  computeDelayMs,
  decideRetry,
  type History,
  type Limiter,
  MIN_SPACING_MS,
  type PolicyConfig,
  STABLE_AFTER_MS,
  startHistory,
} from './retry-policy.ts';

/** The part of a live connection that the loop uses; JetStream implements it as well. */
export type Connection = Pick<LiveStream, 'take' | 'close' | 'endedBy' | 'lastByteAtMs'>;

interface AttemptContext {
  readonly signal: AbortSignal;
  /** Addresses to which other connections of the stream are open; they are tried last. */
  readonly usedAddresses: readonly string[];
}

/** Resolves to a live connection, to the cause of a failure, or to undefined on abort. */
export type Connect<C extends Connection = LiveStream> = (
  isFirst: boolean,
  context: AttemptContext,
) => Promise<C | Cause | undefined>;

/** What the loop remembers of its attempts; a connection and its replacement share it. */
export interface Attempts {
  readonly limiter: Limiter;
  history: History;
}

export type FollowItem<C extends Connection = LiveStream> =
  | Connecting
  | { readonly kind: 'connected'; readonly connection: number; readonly stream: C }
  | { readonly kind: 'events'; readonly connection: number; readonly batch: Batch }
  | Lost
  | Retrying
  | Gap
  | GaveUp;

/** The delay before a retry, which a user can end. */
export class RetryDelay {
  readonly #ends = new Set<() => void>();

  end(): void {
    for (const end of [...this.#ends]) end();
  }

  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    this.#ends.add(end);
    signal.addEventListener('abort', end);
    await sleep(clock, signal.aborted ? 0 : ms, waiting.signal);
    signal.removeEventListener('abort', end);
    this.#ends.delete(end);
  }
}

export interface FollowContext<C extends Connection = LiveStream> {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Closes the connection; the generator then returns. */
  readonly signal: AbortSignal;
  readonly connect: Connect<C>;
  readonly attempts?: Attempts;
  readonly usedAddresses?: () => readonly string[];
  /** Retries at once if the server closed a stable connection to go away or to restart (1001, 1012). */
  readonly retriesAtOnce?: boolean;
  readonly retryDelay?: RetryDelay;
}

/**
 * The last item is `gave-up`, unless the signal aborts or the consumer stops pulling. The socket is closed before the
 * generator returns.
 */
export async function* followStream<C extends Connection>(
  policy: PolicyConfig,
  context: FollowContext<C>,
): AsyncGenerator<FollowItem<C>, void, undefined> {
  const { clock, signal, connect, retryDelay = new RetryDelay() } = context;
  const attempts = context.attempts ?? startAttempts(clock);
  const { limiter } = attempts;
  let connection = 0;
  let lost: { cause: Cause; lastByte: Moment } | undefined;
  /** The age of the last connection if it ended without having received anything; else undefined. */
  let idleMs: number | undefined;

  while (!signal.aborted) {
    for (let waitMs = limiter.delayMs(clock.monotonicMs()); waitMs > 0 && !signal.aborted; ) {
      await sleep(clock, waitMs, signal);
      waitMs = limiter.delayMs(clock.monotonicMs());
    }
    if (signal.aborted) return;
    limiter.record(clock.monotonicMs());
    const attempt = attempts.history.attempts + 1;
    attempts.history = { ...attempts.history, attempts: attempt };
    yield { kind: 'connecting', attempt };

    const usedAddresses = context.usedAddresses?.() ?? [];
    const reached = await connect(attempt === 1, { signal, usedAddresses });
    if (reached === undefined) return;
    let cause: Cause;
    let upMs: number | undefined;
    if ('take' in reached) {
      const connectedAtMs = clock.monotonicMs();
      connection += 1;
      yield* streamEvents(reached, connection, lost, context);
      if (signal.aborted) return;
      upMs = clock.monotonicMs() - connectedAtMs;
      cause = nameIdleCut(reached.endedBy, upMs, idleMs);
      idleMs = isIdle(reached.endedBy, upMs) ? upMs : undefined;
      const { lastByteAtMs } = reached;
      const silentMs = Math.max(0, clock.wallMs() - lastByteAtMs);
      lost = { cause, lastByte: { wallMs: lastByteAtMs, monotonicMs: clock.monotonicMs() - silentMs } };
      yield { kind: 'lost', cause, lastByteAtMs, upMs };
    } else {
      cause = reached;
    }

    const decided = decideRetry(policy, attempts.history, cause, upMs, clock.monotonicMs());
    attempts.history = decided.history;
    if (decided.decision.action === 'end') {
      const { exitCode, why } = decided.decision;
      yield { kind: 'gave-up', cause, exitCode, why };
      return;
    }
    const backoffMs = computeDelayMs(policy, decided.decision, context.random());
    const isAtOnce = context.retriesAtOnce === true && wasAnnounced(cause, upMs);
    const delayMs = isAtOnce ? Math.min(backoffMs, MIN_SPACING_MS) : backoffMs;
    const next = attempts.history.attempts + 1;
    yield { kind: 'retrying', cause, wasLive: upMs !== undefined, delayMs, attempt: next };
    await retryDelay.wait(clock, delayMs, signal);
  }
}

export function startAttempts(clock: Clock): Attempts {
  return { limiter: new AttemptLimiter(), history: startHistory(clock.monotonicMs()) };
}

function wasAnnounced({ closeCode }: Cause, upMs = 0): boolean {
  return (closeCode === 1001 || closeCode === 1012) && upMs >= STABLE_AFTER_MS;
}

/** Load balancers allow at least this much idle time; a server that crashes repeatedly may close sooner. */
const MIN_IDLE_MS = 5_000;

/** Whether two durations are close enough to be the same timeout. */
function isAbout(ms: number, otherMs: number): boolean {
  return Math.abs(ms - otherMs) <= 1_000 + 0.05 * otherMs;
}

/** Whether the other side, or something in between, closed a connection on which nothing arrived after the welcome. */
function isIdle({ kind, silentMs = 0 }: Cause, upMs: number): boolean {
  const isClosed = kind === 'dropped' || kind === 'closed-by-server';
  return isClosed && silentMs >= MIN_IDLE_MS && isAbout(silentMs, upMs);
}

/** The cause `idle-cut` if two idle connections in a row were lost at the same age, else `cause`. */
function nameIdleCut(cause: Cause, upMs: number, idleMs: number | undefined): Cause {
  if (idleMs === undefined || !isIdle(cause, upMs) || !isAbout(upMs, idleMs)) return cause;
  return { ...cause, kind: 'idle-cut', detail: ENDINGS.idle(upMs, cause.detail) };
}

/** @param isFirst the first attempt of a run */
export async function openConnection(
  dial: DialConfig,
  { clock, signal }: Pick<FollowContext, 'clock' | 'signal'>,
  isFirst: boolean,
): Promise<LiveStream | Cause | undefined> {
  const opened = await openSocket(dial, clock, signal, isFirst);
  if (opened === undefined || !('webSocket' in opened)) return opened;
  dial.observer?.onUpgraded(opened);
  const live = new LiveStream(opened, dial, clock);
  const problem = await live.awaitWelcome(signal);
  if (problem === undefined && !signal.aborted) return live;
  await live.close();
  return signal.aborted ? undefined : problem;
}

/** Closes the connection when the consumer stops or the signal aborts. */
async function* streamEvents<C extends Connection>(
  stream: C,
  connection: number,
  lost: { cause: Cause; lastByte: Moment } | undefined,
  { clock, signal }: Pick<FollowContext, 'clock' | 'signal'>,
): AsyncGenerator<FollowItem<C>, void, undefined> {
  const closeStream = (): void => void stream.close();
  signal.addEventListener('abort', closeStream);
  try {
    yield { kind: 'connected', connection, stream };
    if (lost !== undefined) {
      const { cause, lastByte } = lost;
      const durationMs = computeElapsedMs(clock, lastByte);
      yield { kind: 'gap', fromMs: lastByte.wallMs, toMs: clock.wallMs(), durationMs, cause };
    }
    for (;;) {
      const batch = await stream.take();
      if (batch === undefined) return;
      yield { kind: 'events', connection, batch };
    }
  } finally {
    signal.removeEventListener('abort', closeStream);
    await stream.close();
  }
}
