// The connect loop: follows the stream across connections until it ends for good, and what it yields on the way.
//
// The state of the run is the place in this loop. It yields what happens, in order, and waits while its
// consumer is busy; all that is decided here is decided by policy.ts, all waiting ends at once on abort.
import { type Clock, sleep } from '../clock.ts';
import type { Batch } from '../events/batch.ts';
import type { Cause } from './causes.ts';
import type { DialConfig } from './config.ts';
import { openSocket, recognizeTlsPort } from './dial/socket.ts';
import type { Connecting, Gap, GaveUp, Lost, Retrying } from './items.ts';
import { LiveStream } from './live-stream.ts';
import {
  computeDelayMs,
  createAttemptLimiter,
  decide,
  type History,
  noteAttempt,
  type PolicyConfig,
  startHistory,
} from './policy.ts';

/** A live connection as the loop and its consumer see it. */
export type Connection = Pick<LiveStream, keyof LiveStream>;

/** One attempt up to the welcome: a live connection, what went wrong, or undefined when the signal aborted. */
export type Connect = (isFirst: boolean) => Promise<Connection | Cause | undefined>;

/** What happens on the way, in order. */
export type FollowItem =
  | Connecting
  | { readonly kind: 'connected'; readonly connection: number; readonly stream: Connection }
  | { readonly kind: 'events'; readonly connection: number; readonly batch: Batch }
  | Lost
  | Retrying
  | Gap
  | GaveUp;

export interface FollowContext {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Ends the stream in an orderly way: goodbye to the server, then the generator returns. */
  readonly signal: AbortSignal;
  readonly connect: Connect;
}

/**
 * Follows the stream. The last item is `gave-up`, unless the signal aborted or the consumer stopped pulling;
 * in all three cases the socket is closed before the generator returns.
 */
export async function* follow(
  policy: PolicyConfig,
  context: FollowContext,
): AsyncGenerator<FollowItem, void, undefined> {
  const { clock, signal, connect } = context;
  const limiter = createAttemptLimiter();
  let history: History = startHistory(clock.monotonicMs());
  let connection = 0;
  let lost: { cause: Cause; lastByteAtMs: number } | undefined;

  while (!signal.aborted) {
    for (let waitMs = limiter.delayMs(clock.monotonicMs()); waitMs > 0 && !signal.aborted; ) {
      await sleep(clock, waitMs, signal);
      waitMs = limiter.delayMs(clock.monotonicMs());
    }
    if (signal.aborted) return;
    limiter.record(clock.monotonicMs());
    history = noteAttempt(history);
    yield { kind: 'connecting', attempt: history.attempts };

    const reached = await connect(history.attempts === 1);
    if (reached === undefined) return;
    let cause: Cause;
    let upMs: number | undefined;
    if ('take' in reached) {
      const connectedAtMs = clock.monotonicMs();
      connection += 1;
      yield* streamEvents(reached, connection, lost, context);
      if (signal.aborted) return;
      cause = reached.endedBy;
      upMs = clock.monotonicMs() - connectedAtMs;
      lost = { cause, lastByteAtMs: reached.lastByteAtMs };
      yield { kind: 'lost', cause, lastByteAtMs: reached.lastByteAtMs, upMs };
    } else {
      cause = reached;
    }

    const decided = decide(policy, history, cause, upMs, clock.monotonicMs());
    history = decided.history;
    if (decided.decision.action === 'end') {
      const { exitCode, why } = decided.decision;
      yield { kind: 'gave-up', cause, exitCode, why };
      return;
    }
    const delayMs = computeDelayMs(policy, decided.decision, context.random());
    yield { kind: 'retrying', cause, wasLive: upMs !== undefined, delayMs, attempt: history.attempts + 1 };
    await sleep(clock, delayMs, signal);
  }
}

/** An attempt to connect to the service; `isFirst` for the first one of a run. */
export async function openConnection(
  dial: DialConfig,
  { clock, signal }: Pick<FollowContext, 'clock' | 'signal'>,
  isFirst: boolean,
): Promise<Connection | Cause | undefined> {
  const opened = await openSocket(dial, clock, signal);
  if (opened === undefined) return undefined;
  if (!('webSocket' in opened)) {
    return isFirst ? recognizeTlsPort(opened, dial.url, clock, signal) : opened;
  }
  dial.observer?.onUpgraded(opened);
  const live = new LiveStream(opened, dial, clock);
  const problem = await live.awaitWelcome(signal);
  if (problem === undefined && !signal.aborted) return live;
  await live.close();
  return signal.aborted ? undefined : problem;
}

/** Yields what one connection brings; closes it when the consumer stops or the signal aborts. */
async function* streamEvents(
  stream: Connection,
  connection: number,
  lost: { cause: Cause; lastByteAtMs: number } | undefined,
  { clock, signal }: FollowContext,
): AsyncGenerator<FollowItem, void, undefined> {
  const sayGoodbye = (): void => void stream.close();
  signal.addEventListener('abort', sayGoodbye);
  try {
    yield { kind: 'connected', connection, stream };
    if (lost !== undefined) {
      yield { kind: 'gap', fromMs: lost.lastByteAtMs, toMs: clock.wallMs(), cause: lost.cause };
    }
    for (;;) {
      const batch = await stream.take();
      if (batch === undefined) return;
      yield { kind: 'events', connection, batch };
    }
  } finally {
    signal.removeEventListener('abort', sayGoodbye);
    await stream.close();
  }
}
