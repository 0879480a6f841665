// Tracks the times that at least one connection of a stream covered, and finds the gaps between them.
//
// A connection covers the time from its welcome to its last byte. A stalled connection seems live, so its gap is found
// only when the connection is lost.
import type { Gap } from './lifecycle.ts';
import { earlier, type Instant, later } from './stream-clock.ts';

interface Interval {
  readonly from: Instant;
  readonly to: Instant;
}

interface LiveInterval {
  since: Instant;
  /** Connections that were live at the welcome and may not have delivered everything that was sent before it. */
  readonly unproven: Set<number>;
}

export type GapInterval = Pick<Gap, 'missed'> & Interval;

/** Beyond this number, the two oldest intervals are joined: the time between them counts as covered. */
const MAX_INTERVALS = 1_000;

/** A connection is identified by the number of its merge input. */
export class Coverage {
  /** Intervals that were covered, or reported as a gap; sorted and disjoint. */
  #settled: Interval[] = [];
  readonly #live = new Map<number, LiveInterval>();

  /** Notes a welcome. Returns the gaps that it ends. */
  join(input: number, at: Instant): GapInterval[] {
    this.#live.set(input, { since: at, unproven: new Set(this.#live.keys()) });
    return this.#takeGaps();
  }

  /** Both connections are known to have delivered everything up to the welcome of the later one. */
  prove(input: number, other: number): void {
    this.#live.get(input)?.unproven.delete(other);
    this.#live.get(other)?.unproven.delete(input);
  }

  /** Pairs of live connections: `other` is not known to have delivered everything up to the welcome of `input`. */
  get unproven(): readonly (readonly [input: number, other: number])[] {
    return [...this.#live].flatMap(([input, { unproven }]) =>
      [...unproven].map((other) => [input, other] as const),
    );
  }

  /**
   * @param lastByte the time up to which the connection has delivered everything
   * @returns the gaps that it had seemed to cover
   */
  leave(input: number, lastByte: Instant): GapInterval[] {
    const live = this.#live.get(input);
    if (live === undefined) return [];
    this.#live.delete(input);
    let end = lastByte;
    for (const other of this.#live.values()) {
      if (!other.unproven.delete(input)) continue;
      end = earlier(end, other.since);
      other.since = later(other.since, lastByte);
    }
    // `since` is noted after the welcome was read, so it may be later than the last byte.
    this.#settle({ from: earlier(live.since, end), to: end });
    return this.#takeGaps();
  }

  /** The connection has missed events, so it did not cover the time between `from` and `now`. */
  distrust(input: number, from: Instant, now: Instant, missed: number): GapInterval[] {
    const live = this.#live.get(input);
    if (live === undefined) return [];
    this.#settle({ from: earlier(live.since, from), to: from });
    live.since = later(live.since, now);
    return this.#takeGaps().map((gap) => ({ ...gap, missed }));
  }

  #settle(interval: Interval): void {
    const sorted = [...this.#settled, interval].sort((a, b) => a.from.atMs - b.from.atMs);
    const joined: Interval[] = [];
    for (const next of sorted) {
      const last = joined.at(-1);
      if (last === undefined || next.from.atMs > last.to.atMs) joined.push(next);
      else joined[joined.length - 1] = { from: last.from, to: later(last.to, next.to) };
    }
    const [first, second] = joined;
    if (joined.length > MAX_INTERVALS && first !== undefined && second !== undefined) {
      joined.splice(0, 2, { from: first.from, to: second.to });
    }
    this.#settled = joined;
  }

  /** The gaps between settled intervals that no live connection covers; each gap is returned once. */
  #takeGaps(): GapInterval[] {
    const since = [...this.#live.values()].map((live) => live.since);
    const firstLive = since.reduce<Instant | undefined>(
      (first, one) => (first === undefined ? one : earlier(first, one)),
      undefined,
    );
    const gaps: Interval[] = [];
    for (const [i, { to: from }] of this.#settled.entries()) {
      const to = this.#settled[i + 1]?.from ?? firstLive;
      if (to === undefined) break;
      const end = firstLive === undefined ? to : earlier(to, firstLive);
      if (end.atMs > from.atMs) gaps.push({ from, to: end });
    }
    for (const gap of gaps) this.#settle(gap);
    return gaps;
  }
}
