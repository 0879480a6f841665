// A service with several connections in simulated time, which records the events that it sent and that arrived.
import type { Clock } from '../../src/clock.ts';
import type { ConnectionsConfig } from '../../src/connection/config.ts';
import { type FollowAllItem, StreamFollower } from '../../src/connection/follow-all.ts';
import type { Cause } from '../../src/connection/lifecycle.ts';
import type { LiveStream } from '../../src/connection/live-stream.ts';
import type { Batch } from '../../src/events/batch.ts';
import { textsOf } from '../../src/events/batch.ts';
import { createEventIdentifier, DEFAULT_ID_STEPS } from '../../src/events/event-id.ts';
import { createRandom, type Random } from '../../src/simulator/random.ts';
import { makeBatch } from '../helpers/batches.ts';

const START_WALL_MS = Date.UTC(2026, 0, 1);
/** The time after which a stalled connection is given up. */
const DEAD_AFTER_MS = 1_500;
export const MAX_LATENCY_MS = 300;

/** A clock with timers in simulated time; after each timer, pending promises settle. */
class SimulatedClock implements Clock {
  #nowMs = 1_000;
  #timers = new Set<{ atMs: number; callback: () => void }>();
  monotonicMs = (): number => this.#nowMs;
  wallMs = (): number => START_WALL_MS + Math.floor(this.#nowMs);
  setTimer = (callback: () => void, ms: number): (() => void) => {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  async run(untilMs: number): Promise<void> {
    for (;;) {
      let first: { atMs: number; callback: () => void } | undefined;
      for (const timer of this.#timers) if (first === undefined || timer.atMs < first.atMs) first = timer;
      if (first === undefined || first.atMs > untilMs) return;
      this.#timers.delete(first);
      this.#nowMs = Math.max(this.#nowMs, first.atMs);
      first.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

interface SentEvent {
  readonly text: string;
  readonly atMs: number;
  /** True if the event has arrived on at least one connection. */
  hasArrived: boolean;
  /** True if a subscribed connection did not get the event. */
  wasWithheld: boolean;
}

/** The server's and the client's end of one connection. */
class SimulatedConnection {
  readonly requestId = 'req';
  readonly headers = {};
  readonly acceptedKeyPrefix = 'ak_live_00112233';
  readonly roundTripMs = undefined;
  onSuspect: (() => void) | undefined;
  lastByteAtMs: number;
  readonly arrived: string[] = [];
  readonly subscribedAtMs: number;
  isEnded = false;
  #waiting: SentEvent[] = [];
  #unread: string[] = [];
  #stalledUntilMs = 0;
  #wake: () => void = () => {};
  readonly #clock: SimulatedClock;
  readonly #latencyMs: number;
  readonly #missesEvery: number;
  #received = 0;

  constructor(clock: SimulatedClock, latencyMs: number, subscribedAtMs: number, missesEvery: number) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
    this.#missesEvery = missesEvery;
    this.subscribedAtMs = subscribedAtMs;
    this.lastByteAtMs = clock.wallMs();
  }

  send(event: SentEvent): void {
    this.#received += 1;
    if (this.#missesEvery > 0 && this.#received % this.#missesEvery === 0) {
      event.wasWithheld = true;
      return;
    }
    this.#waiting.push(event);
    this.#clock.setTimer(() => this.#arrive(), this.#latencyMs);
  }

  #arrive(): void {
    if (this.isEnded || this.#clock.monotonicMs() < this.#stalledUntilMs) return;
    // Everything that was sent at least `latencyMs` ago arrives, in order.
    while (
      this.#waiting[0] !== undefined &&
      this.#waiting[0].atMs + this.#latencyMs <= this.#clock.monotonicMs() + 1e-6
    ) {
      const event = this.#waiting.shift() as SentEvent;
      event.hasArrived = true;
      this.#unread.push(event.text);
      this.arrived.push(event.text);
      this.lastByteAtMs = this.#clock.wallMs();
    }
    this.#wake();
  }

  stall(ms: number): void {
    if (this.#clock.monotonicMs() < this.#stalledUntilMs) return;
    const untilMs = this.#clock.monotonicMs() + ms;
    this.#stalledUntilMs = untilMs;
    this.#clock.setTimer(() => this.onSuspect?.(), DEAD_AFTER_MS / 2);
    if (ms >= DEAD_AFTER_MS) this.#clock.setTimer(() => this.drop(), DEAD_AFTER_MS);
    else {
      this.#clock.setTimer(() => {
        this.lastByteAtMs = this.#clock.wallMs();
        this.#arrive();
      }, ms);
    }
  }

  drop(): void {
    this.isEnded = true;
    this.#wake();
  }

  async take(): Promise<Batch | undefined> {
    while (this.#unread.length === 0 && !this.isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#unread.length === 0) return undefined;
    const texts = this.#unread;
    this.#unread = [];
    return makeBatch(texts, this.#clock.wallMs());
  }

  ping(): Promise<number> {
    return new Promise((resolve) => {
      const answer = (): void => {
        if (this.isEnded) return;
        const leftMs = this.#stalledUntilMs - this.#clock.monotonicMs();
        if (leftMs > 0) this.#clock.setTimer(answer, leftMs + 1);
        else {
          this.#arrive();
          this.lastByteAtMs = this.#clock.wallMs();
          resolve(2 * this.#latencyMs);
        }
      };
      this.#clock.setTimer(answer, 2 * this.#latencyMs);
    });
  }

  get endedBy(): Cause {
    return { kind: 'dropped', host: 'h', detail: '' };
  }

  async close(): Promise<void> {
    this.isEnded = true;
    this.#wake();
  }
}

export interface History {
  readonly connections: number;
  readonly sent: readonly SentEvent[];
  readonly delivered: readonly { readonly text: string; readonly connection: number }[];
  readonly items: readonly FollowAllItem[];
  readonly opened: readonly {
    readonly fromMs: number;
    readonly toMs: number;
    readonly arrived: readonly string[];
  }[];
  /** The reported gaps in monotonic ms; `toMs` is Infinity for a gap that is open at the end. */
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly firstSubscribedMs: number;
}

const toMonotonic = (wallMs: number): number => wallMs - START_WALL_MS;

/** Plays one random history. */
export async function playHistory(seed: number, options: { readonly hasMisses: boolean }): Promise<History> {
  const random: Random = createRandom(seed, 'history');
  const between = (from: number, to: number): number => from + random.nextFraction() * (to - from);
  const clock = new SimulatedClock();
  const connections = 1 + random.nextBelow(3);
  const lossy = options.hasMisses ? random.nextBelow(connections) : -1;
  const sent: SentEvent[] = [];
  const live: SimulatedConnection[] = [];
  const opened: { fromMs: number; toMs: number; connection: SimulatedConnection }[] = [];
  const abort = new AbortController();
  let slots = 0;

  const config: ConnectionsConfig = {
    connections,
    hasOverlap: random.nextBelow(2) === 0,
    merge: {
      windowMs: 4_000,
      maxBytes: 1e9,
      identify: createEventIdentifier(DEFAULT_ID_STEPS),
    },
  };
  const follower = new StreamFollower(
    {
      maxReconnects: Number.POSITIVE_INFINITY,
      retryMinMs: 250,
      retryMaxMs: 1_000,
      deadlineMs: undefined,
    },
    config,
    {
      clock,
      random: () => random.nextFraction(),
      signal: abort.signal,
      createConnect: () => {
        const slot = slots++;
        return async () => {
          const latencyMs = between(1, MAX_LATENCY_MS);
          const fromMs = clock.monotonicMs();
          await new Promise<void>((resolve) => clock.setTimer(resolve, latencyMs));
          if (random.nextBelow(8) === 0) return { kind: 'refused', host: 'h', detail: '' };
          const missesEvery = slot === lossy ? 20 : 0;
          const connection = new SimulatedConnection(clock, latencyMs, clock.monotonicMs(), missesEvery);
          live.push(connection);
          await new Promise<void>((resolve) => clock.setTimer(resolve, latencyMs));
          connection.lastByteAtMs = clock.wallMs();
          opened.push({ fromMs, toMs: clock.monotonicMs() + latencyMs, connection });
          return connection as unknown as LiveStream;
        };
      },
    },
  );

  const items: FollowAllItem[] = [];
  const delivered: { text: string; connection: number }[] = [];
  const pulling = (async () => {
    for await (const item of follower.items()) {
      items.push(item);
      if (item.kind !== 'events') continue;
      for (const text of textsOf(item.batch))
        delivered.push({ text: String(text), connection: item.connection });
    }
  })();

  const END_MS = 9_000;
  const rate = between(2, 10);
  let number = 0;
  const sendNext = (): void => {
    number += 1;
    const kind = random.nextBelow(10);
    // Now and then events are equal, with the same id or without an id.
    const text = kind === 0 ? `{"n":${Math.floor(number / 8)}}` : `{"id":"e${number}"}`;
    const copies = random.nextBelow(12) === 0 ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      const event = { text, atMs: clock.monotonicMs(), hasArrived: false, wasWithheld: false };
      sent.push(event);
      for (const connection of live) if (!connection.isEnded) connection.send(event);
    }
    if (clock.monotonicMs() < END_MS - 2_000) clock.setTimer(sendNext, between(0, 2_000 / rate));
  };
  clock.setTimer(sendNext, 100);
  const strike = (): void => {
    const alive = live.filter(({ isEnded }) => !isEnded);
    const target = alive[random.nextBelow(Math.max(1, alive.length))];
    const what = random.nextBelow(3);
    if (what === 0) target?.drop();
    else target?.stall(what === 1 ? between(100, DEAD_AFTER_MS) : DEAD_AFTER_MS + 1);
    if (clock.monotonicMs() < END_MS - 4_000) clock.setTimer(strike, between(200, 2_000));
  };
  clock.setTimer(strike, between(600, 2_500));
  await clock.run(END_MS + 3_000);
  abort.abort();
  await clock.run(END_MS + 8_000);
  await pulling;

  const gaps: { fromMs: number; toMs: number }[] = [];
  let open: number | undefined;
  for (const item of items) {
    if (item.kind === 'connected') open = undefined;
    if (item.kind === 'lost' && item.others === undefined) open = toMonotonic(item.lastByteAtMs);
    if (item.kind === 'gap') gaps.push({ fromMs: toMonotonic(item.fromMs), toMs: toMonotonic(item.toMs) });
  }
  if (open !== undefined) gaps.push({ fromMs: open, toMs: Number.POSITIVE_INFINITY });
  return {
    connections,
    sent,
    delivered,
    items,
    opened: opened.map(({ fromMs, toMs, connection }) => ({ fromMs, toMs, arrived: connection.arrived })),
    gaps,
    firstSubscribedMs: live[0]?.subscribedAtMs ?? Number.POSITIVE_INFINITY,
  };
}
