// The loops of a stream with several connections: one for each slot, and one for a replacement.
import type { Clock } from '../clock.ts';
import {
  type Attempts,
  type Connect,
  type FollowItem,
  followStream,
  type RetryDelay,
  startAttempts,
} from './follow.ts';
import type { Cause } from './lifecycle.ts';
import type { LiveStream } from './live-stream.ts';
import { AttemptSpacing, type PolicyConfig, STABLE_AFTER_MS } from './retry-policy.ts';
import type { Instant, StreamClock } from './stream-clock.ts';

interface LoopItem<L, T> {
  readonly loop: L;
  readonly result: IteratorResult<T, void>;
}

/** Items of several loops in order of arrival. Each loop has at most one pending pull, which is the back-pressure. */
class LoopQueue<L, T> {
  readonly #clock: Clock;
  readonly #arrived: (LoopItem<L, T> | { readonly error: unknown })[] = [];
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pull(loop: L, items: AsyncIterator<T, void, undefined>): void {
    const add = (item: LoopItem<L, T> | { readonly error: unknown }): void => {
      this.#arrived.push(item);
      this.#wake();
    };
    items.next().then(
      (result) => add({ loop, result }),
      (error: unknown) => add({ error }),
    );
  }

  /** Undefined if nothing arrives until `atMs` of `streamClock`. @throws the error of a loop */
  async take(atMs: number | undefined, streamClock: StreamClock): Promise<LoopItem<L, T> | undefined> {
    if (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => {
        const cancel =
          atMs === undefined
            ? undefined
            : this.#clock.setTimer(resolve, Math.max(1, Math.ceil(atMs - streamClock.now().pulledMs)));
        this.#wake = () => {
          cancel?.();
          resolve();
        };
      });
      this.#wake = () => {};
    }
    const next = this.#arrived.shift();
    if (next !== undefined && 'error' in next) throw next.error;
    return next;
  }
}

export interface LoopContext {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  readonly signal: AbortSignal;
  /** Called once for each slot; a replacement uses the function of its slot. */
  createConnect(): Connect;
  readonly retryDelay?: RetryDelay;
}

/** One of the connections of `--connections`. It is reconnected after a loss, and may be replaced. */
interface Slot {
  readonly connect: Connect;
  readonly attempts: Attempts;
  hasBeenLive: boolean;
  /** Whether it was live together with another slot for STABLE_AFTER_MS, which proves that the service allows both. */
  isProven: boolean;
}

/** A loop of follow.ts. */
export interface Loop {
  /** Number of the merge input. Once this loop has ended, another one may get the same number. */
  readonly input: number;
  readonly slot: Slot;
  readonly abort: AbortController;
  readonly items: AsyncGenerator<FollowItem, void, undefined>;
  /** Set while it is live. */
  live: LiveConnection | undefined;
  /** The loop that it replaces as soon as it is live. */
  replaces: Loop | undefined;
  /** It was replaced, and ends once it has delivered everything that was sent before the handover. */
  isRetiring: boolean;
}

interface LiveConnection {
  readonly stream: LiveStream;
  readonly number: number;
  readonly at: Instant;
  /** Number of events of the stream before this connection. */
  readonly eventsBefore: number;
}

export class Loops {
  readonly queue: LoopQueue<Loop, FollowItem>;
  slotCount = 0;
  readonly #policy: PolicyConfig;
  readonly #context: LoopContext;
  readonly #spacing = new AttemptSpacing();
  readonly #all = new Set<Loop>();

  constructor(policy: PolicyConfig, context: LoopContext) {
    this.#policy = policy;
    this.#context = context;
    this.queue = new LoopQueue(context.clock);
  }

  get size(): number {
    return this.#all.size;
  }

  createSlot(): Slot {
    const attempts = startAttempts(this.#context.clock);
    // The service is known to work: an additional connection is retried like one that was lost.
    if (this.slotCount > 0) attempts.history = { ...attempts.history, hasBeenWelcomed: true };
    this.slotCount += 1;
    return { connect: this.#context.createConnect(), attempts, hasBeenLive: false, isProven: false };
  }

  /** @param replaces the loop of the same slot that ends once this one is live */
  add(slot: Slot, retriesAtOnce: boolean, replaces?: Loop): void {
    const { clock, random, retryDelay } = this.#context;
    const abort = new AbortController();
    const used = new Set([...this.#all].map(({ input }) => input));
    let input = 0;
    while (used.has(input)) input += 1;
    const { attempts } = slot;
    const items = followStream(this.#policy, {
      clock,
      random: () => random(),
      signal: abort.signal,
      connect: slot.connect,
      attempts: {
        limiter: this.#spacing.limit(attempts.limiter),
        get history() {
          return attempts.history;
        },
        set history(history) {
          attempts.history = history;
        },
      },
      usedAddresses: () => [...this.#all].flatMap(({ live }) => live?.stream.remoteAddress ?? []),
      retriesAtOnce,
      ...(retryDelay === undefined ? {} : { retryDelay }),
    });
    const loop: Loop = { input, slot, abort, items, live: undefined, replaces, isRetiring: false };
    this.#all.add(loop);
    this.queue.pull(loop, items);
  }

  remove(loop: Loop): void {
    this.#all.delete(loop);
  }

  find(input: number): Loop | undefined {
    return [...this.#all].find((loop) => loop.input === input);
  }

  /** Numbers of the other connections that are live, as a property for items; absent if none is. */
  others(loop: Loop): { others?: readonly number[] } {
    const others = [...this.#all].flatMap((one) =>
      one === loop || one.live === undefined ? [] : [one.live.number],
    );
    return others.length === 0 ? {} : { others };
  }

  /** The other loops that continue. */
  active(loop: Loop): readonly Loop[] {
    return [...this.#all].filter((one) => one !== loop && !one.abort.signal.aborted);
  }

  /** Whether another loop continues in place of this one. */
  isReplaced(loop: Loop): boolean {
    return this.active(loop).some(
      ({ slot, replaces }) => slot === loop.slot && (replaces === loop || loop.isRetiring),
    );
  }

  /** After the loss of a replacement, keeps the connection that it replaced, if that connection is still live. */
  keepReplaced(loop: Loop): void {
    const old = this.active(loop).find(({ slot, isRetiring }) => slot === loop.slot && isRetiring);
    if (old?.live === undefined) return;
    old.isRetiring = false;
    loop.replaces = old;
  }

  /** Notes, before the loop ends, whether the service has allowed several connections. */
  noteEnd(loop: Loop, now: Instant): void {
    if (loop.live === undefined || this.others(loop).others === undefined) return;
    const joins = [...this.#all].flatMap(({ live }) => (live === undefined ? [] : [live.at.atMs]));
    loop.slot.isProven ||= now.atMs - Math.max(...joins) >= STABLE_AFTER_MS;
  }

  endAll(): void {
    for (const { abort } of this.#all) abort.abort();
  }

  /** Resolves when every connection is closed. */
  async close(): Promise<void> {
    this.endAll();
    await Promise.all([...this.#all].map(({ items }) => items.return()));
  }
}

const REFUSALS: readonly unknown[] = [403, 429];

/** Whether the cause may be that the service does not allow an additional connection. */
export function isRefusal({ httpStatus, closeCode = 0 }: Cause): boolean {
  return REFUSALS.includes(httpStatus) || closeCode === 1008 || closeCode >= 4_000;
}
