// Follows a stream over several connections: one loop of follow.ts for each, their events merged into one stream.
//
// A single connection is replaced before it is given up. If it does not answer a ping for half of the pong timeout, a
// second one is opened. The first is closed once it has delivered everything that was sent before the second was live.
import type { Batch } from '../events/batch.ts';
import type { ConnectionsConfig } from './config.ts';
import { Coverage, type GapInterval } from './coverage.ts';
import type { FollowItem } from './follow.ts';
import type { Cause, Connecting, Gap, GaveUp, Lost, Notice, Retrying } from './lifecycle.ts';
import type { LiveStream } from './live-stream.ts';
import { isRefusal, type Loop, type LoopContext, Loops } from './loops.ts';
import { Merge, type MissedEvents } from './merge.ts';
import type { PolicyConfig } from './retry-policy.ts';
import { type Instant, measureGap, StreamClock } from './stream-clock.ts';

/** For runs without redundancy, such as a check. */
export const ONE_CONNECTION: ConnectionsConfig = {
  connections: 1,
  hasOverlap: false,
  merge: { windowMs: 1, maxBytes: 0, identify: () => '' },
};

export type FollowAllItem =
  | Connecting
  | {
      readonly kind: 'connected';
      readonly connection: number;
      readonly stream: LiveStream;
      /** True for the first connection of each slot; the later ones each replace another one. */
      readonly isFirstOfSlot: boolean;
    }
  | { readonly kind: 'events'; readonly connection: number; readonly batch: Batch }
  | Lost
  | Retrying
  | Gap
  | Notice
  | GaveUp;

export interface MergeFigures {
  /** Copies that were dropped. */
  readonly duplicates: number;
  /** Events that a live connection did not deliver although another one did. */
  readonly missed: number;
  /** Events that were forgotten before the end of the window. */
  readonly forgotten: number;
}

export class StreamFollower {
  readonly #policy: PolicyConfig;
  readonly #config: ConnectionsConfig;
  readonly #context: LoopContext;
  readonly #streamClock: StreamClock;
  readonly #merge: Merge;
  readonly #coverage = new Coverage();
  readonly #loops: Loops;
  #connections = 0;
  #events = 0;
  #missed = 0;
  #lossCause: Cause | undefined;
  #hasOverlap: boolean;
  readonly #reported = new Set<Notice['what']>();

  constructor(policy: PolicyConfig, config: ConnectionsConfig, context: LoopContext) {
    this.#policy = policy;
    this.#config = config;
    this.#context = context;
    this.#streamClock = new StreamClock(context.clock);
    this.#loops = new Loops(policy, context);
    this.#merge = new Merge(config.merge);
    this.#hasOverlap = config.hasOverlap && config.connections === 1;
  }

  get figures(): MergeFigures {
    const { duplicates, forgotten } = this.#merge;
    return { duplicates, forgotten, missed: this.#missed };
  }

  /** The last item is `gave-up`, unless the signal aborts. */
  async *items(): AsyncGenerator<FollowAllItem, void, undefined> {
    const { signal } = this.#context;
    const endAll = (): void => this.#loops.endAll();
    signal.addEventListener('abort', endAll);
    try {
      if (!signal.aborted) this.#addSlot();
      while (this.#loops.size > 0) {
        const arrived = await this.#loops.queue.take(this.#merge.nextExpiryMs, this.#streamClock);
        yield* this.#yieldAll(this.#noteMissed(this.#merge.advance(this.#streamClock.now())));
        if (arrived === undefined) continue;
        const { loop, result } = arrived;
        if (result.done === true) {
          yield* this.#yieldAll(this.#endLoop(loop));
          continue;
        }
        const items = this.#translate(loop, result.value);
        yield* this.#yieldAll(items);
        if (items.some(({ kind }) => kind === 'gave-up')) return;
        this.#loops.queue.pull(loop, loop.items);
      }
    } finally {
      signal.removeEventListener('abort', endAll);
      await this.#loops.close();
    }
  }

  /** The time until the consumer asks for the next item does not count toward the window. */
  *#yieldAll(items: readonly FollowAllItem[]): Generator<FollowAllItem, void, undefined> {
    for (const item of items) {
      this.#streamClock.pause();
      yield item;
      this.#streamClock.resume();
    }
  }

  #addSlot(): void {
    this.#loops.add(this.#loops.createSlot(), this.#hasOverlap);
  }

  #translate(loop: Loop, item: FollowItem): readonly FollowAllItem[] {
    switch (item.kind) {
      case 'connecting':
        this.#merge.open(loop.input);
        return [{ ...item, ...this.#loops.others(loop) }];
      case 'connected':
        return this.#join(loop, item.stream);
      case 'events':
        return this.#takeEvents(loop, item.batch);
      case 'lost':
        return this.#leave(loop, item);
      case 'gap':
        // The coverage finds the gaps, across all connections.
        return [];
      case 'retrying':
      case 'gave-up':
        return this.#endAttempt(loop, item);
    }
  }

  #join(loop: Loop, stream: LiveStream): readonly FollowAllItem[] {
    const { slot, replaces } = loop;
    const at = this.#streamClock.now();
    this.#connections += 1;
    const number = this.#connections;
    const isFirstOfSlot = !slot.hasBeenLive;
    slot.hasBeenLive = true;
    loop.live = { stream, number, at, eventsBefore: this.#events };
    stream.onSuspect = () => this.#replace(loop);
    const items: FollowAllItem[] = [{ kind: 'connected', connection: number, stream, isFirstOfSlot }];
    items.push(...this.#describeGaps(this.#coverage.join(loop.input, at)));
    for (const [input, other] of this.#coverage.unproven) this.#proveByPing(input, other, loop);
    if (replaces?.live !== undefined) {
      items.push({ kind: 'notice', what: 'handover', from: replaces.live.number, to: number });
      this.#retire(replaces);
    }
    loop.replaces = undefined;
    if (this.#loops.slotCount < this.#config.connections && isFirstOfSlot) this.#addSlot();
    return items;
  }

  /** The pong of an older connection proves that everything sent on it before the ping has arrived. */
  #proveByPing(input: number, other: number, joined: Loop): void {
    if (input !== joined.input) return;
    const older = this.#loops.find(other);
    const { live } = older ?? {};
    const { live: joinedLive } = joined;
    void live?.stream.ping().then(() => {
      if (older?.live === live && joined.live === joinedLive) this.#coverage.prove(input, other);
    });
  }

  #replace(loop: Loop): void {
    const { attempts } = loop.slot.attempts.history;
    if (!this.#hasOverlap || this.#loops.size > 1 || loop.abort.signal.aborted) return;
    if (attempts > this.#policy.maxReconnects) return;
    this.#loops.add(loop.slot, this.#hasOverlap, loop);
  }

  /** Ends a connection once it has delivered everything that was sent until now. */
  #retire(loop: Loop): void {
    loop.isRetiring = true;
    void loop.live?.stream.ping().then(() => {
      if (loop.isRetiring) loop.abort.abort();
    });
  }

  #takeEvents(loop: Loop, received: Batch): readonly FollowAllItem[] {
    const { live, input } = loop;
    if (live === undefined) return [];
    const batch = this.#merge.take(input, received, this.#streamClock.now());
    this.#events += batch.count;
    for (const [one, other] of this.#coverage.unproven) {
      if (this.#merge.haveCommon(one, other)) this.#coverage.prove(one, other);
    }
    const items: FollowAllItem[] = [];
    if (this.#merge.forgotten > 0) {
      const { maxBytes } = this.#config.merge;
      items.push(...this.#reportOnce({ kind: 'notice', what: 'window-full', maxBytes }));
    }
    if (batch.count > 0 || batch.discarded.length > 0) {
      items.push({ kind: 'events', connection: live.number, batch });
    }
    return items;
  }

  #leave(loop: Loop, item: Lost): readonly FollowAllItem[] {
    const { live } = loop;
    if (live === undefined) return [];
    const gaps = this.#forgetLive(loop, this.#streamClock.at(item.lastByteAtMs));
    this.#loops.keepReplaced(loop);
    this.#lossCause = item.cause;
    const { others } = this.#loops.others(loop);
    if (others === undefined) return [item, ...this.#describeGaps(gaps)];
    const lost: Lost = { ...item, connection: live.number, others };
    return [gaps.length === 0 ? lost : { ...lost, hasGap: true }, ...this.#describeGaps(gaps)];
  }

  #forgetLive(loop: Loop, lastByte: Instant): readonly GapInterval[] {
    const missing = this.#merge.close(loop.input);
    const end = missing !== undefined && missing.atMs < lastByte.atMs ? missing : lastByte;
    this.#loops.noteEnd(loop, this.#streamClock.now());
    loop.live = undefined;
    return this.#coverage.leave(loop.input, end);
  }

  /** Decides, after a failed attempt or a loss, whether the loop continues. */
  #endAttempt(loop: Loop, item: Retrying | GaveUp): readonly FollowAllItem[] {
    const { cause } = item;
    this.#merge.close(loop.input);
    const { others } = this.#loops.others(loop);
    const active = this.#loops.active(loop);
    const isRefused = others !== undefined && isRefusal(cause) && !loop.slot.isProven;
    if (loop.replaces?.live !== undefined) {
      // The connection that this loop was to replace is still live.
      loop.abort.abort();
      if (!isRefused) return [];
      this.#hasOverlap = false;
      return this.#reportOnce({ kind: 'notice', what: 'fewer-connections', cause, left: 1 });
    }
    if (this.#loops.isReplaced(loop)) {
      loop.abort.abort();
      return [];
    }
    if (active.length > 0 && (isRefused || item.kind === 'gave-up')) {
      loop.abort.abort();
      const left = active.length;
      return this.#reportOnce({ kind: 'notice', what: 'fewer-connections', cause, left });
    }
    return [item.kind === 'gave-up' ? item : { ...item, ...(others && { others }) }];
  }

  /** A loop has ended, because it was retired or the stream ends. */
  #endLoop(loop: Loop): readonly FollowAllItem[] {
    const gaps = this.#forgetLive(loop, this.#streamClock.now());
    this.#loops.remove(loop);
    return this.#context.signal.aborted ? [] : this.#describeGaps(gaps);
  }

  #noteMissed(missed: readonly MissedEvents[]): readonly FollowAllItem[] {
    return missed.flatMap(({ input, count, since }) => {
      const loop = this.#loops.find(input);
      if (loop?.live === undefined) return [];
      this.#missed += count;
      const { number: connection, eventsBefore } = loop.live;
      const { windowMs } = this.#config.merge;
      const events = this.#events - eventsBefore;
      const figures = { connection, missed: count, events, windowMs };
      return [
        ...this.#reportOnce({ kind: 'notice', what: 'differing', ...figures }),
        ...this.#describeGaps(this.#coverage.distrust(input, since, this.#streamClock.now(), count)),
      ];
    });
  }

  #reportOnce(notice: Notice): readonly Notice[] {
    if (this.#reported.has(notice.what)) return [];
    this.#reported.add(notice.what);
    return [notice];
  }

  #describeGaps(gaps: readonly GapInterval[]): readonly Gap[] {
    const cause = this.#lossCause;
    if (cause === undefined) return [];
    return gaps.map(({ from, to, missed }) => ({
      kind: 'gap',
      fromMs: from.wallMs,
      toMs: to.wallMs,
      durationMs: measureGap(from, to),
      cause,
      ...(missed === undefined ? {} : { missed }),
    }));
  }
}
