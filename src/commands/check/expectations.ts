// Counts received events for `--expect` and `--max-lag`. Keeps types and counts, never events.
import type { Clock } from '../../clock.ts';
import { type Batch, textsOf } from '../../events/batch.ts';
import { createTimestampReader } from '../../events/event-time.ts';
import { TypeCounts } from '../../events/event-type.ts';
import type { PathStep } from '../../events/path.ts';
import type { EventFilter } from '../../filter/filter.ts';
import { EventSample } from '../../session/event-sample.ts';
import type { StreamItem } from '../../stream/items.ts';

export interface Expectation {
  readonly expression: string;
  readonly select: EventFilter;
}

export interface Expected {
  readonly expectations: readonly Expectation[];
  /** Events that each expectation requires. */
  readonly min: number;
  /** From the welcome. */
  readonly withinMs: number;
  /** How much the time of an event may differ from its arrival; undefined: no limit. */
  readonly maxLagMs: number | undefined;
  /** Paths of the event time; the first one with a value is used. */
  readonly lagPaths: readonly (readonly PathStep[])[];
}

export interface Count {
  readonly expression: string;
  readonly min: number;
  /** With `--max-lag` only events within it. */
  readonly matched: number;
  /** Older than `--max-lag` on arrival. */
  readonly late: number;
  /** Further in the future than `--max-lag`. */
  readonly future: number;
  /** Without a readable timestamp. */
  readonly untimed: number;
  /** From the timestamp to the arrival. Undefined without `--max-lag` or without a readable timestamp. */
  readonly lagMs: { readonly min: number; readonly max: number } | undefined;
}

export interface ExpectationCounter {
  /** Call with all items of a stream, in order. */
  take(item: StreamItem): void;
  /** Remaining time of `withinMs`; negative after it. */
  readonly remainingMs: number;
  /** False without expectations. */
  readonly isMet: boolean;
  readonly met: Promise<void>;
  readonly counts: readonly Count[];
  /** All messages so far, including discarded ones. */
  readonly messages: number;
  /** Events received within `withinMs`, until all expectations were met. */
  readonly events: number;
  /** Messages during the same time that are not events. */
  readonly discarded: number;
  /** Events after `withinMs`. */
  readonly overdue: number;
  /** For hints about mistakes in the expressions. */
  readonly sample: EventSample;
  /** Most frequent first; types are truncated to 64 characters. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
}

/** @param expected undefined to count messages only */
export function createExpectationCounter(expected: Expected | undefined, clock: Clock): ExpectationCounter {
  const counts = (expected?.expectations ?? []).map(({ expression }) => ({
    expression,
    min: expected?.min ?? 1,
    matched: 0,
    late: 0,
    future: 0,
    untimed: 0,
    lagMs: undefined as Count['lagMs'],
  }));
  const types = new TypeCounts();
  const sample = new EventSample((expected?.expectations ?? []).flatMap(({ select }) => select.comparisons));
  const readTimestamp = createTimestampReader(expected?.lagPaths ?? []);
  let messages = 0;
  let events = 0;
  let discarded = 0;
  let overdue = 0;
  /** Monotonic ms; set by the welcome. */
  let untilMs = 0;
  let resolveMet: () => void = () => {};
  const met = new Promise<void>((resolve) => {
    resolveMet = resolve;
  });

  const count = (batch: Batch, maxLagMs: number | undefined, at: number): void => {
    const tally = counts[at];
    if (tally === undefined) return;
    for (const text of textsOf(batch)) {
      if (maxLagMs === undefined) {
        tally.matched += 1;
        continue;
      }
      const sentAtMs = readTimestamp(text);
      if (sentAtMs === undefined) {
        tally.untimed += 1;
        continue;
      }
      const lagMs = Math.round(batch.receivedAtMs - sentAtMs);
      const { min, max } = tally.lagMs ?? { min: lagMs, max: lagMs };
      tally.lagMs = { min: Math.min(min, lagMs), max: Math.max(max, lagMs) };
      if (lagMs > maxLagMs) tally.late += 1;
      else if (lagMs < -maxLagMs) tally.future += 1;
      else tally.matched += 1;
    }
  };

  const countEvents = (batch: Batch): void => {
    messages += batch.count;
    if (expected === undefined || counter.isMet) return;
    if (counter.remainingMs < 0) {
      overdue += batch.count;
      return;
    }
    events += batch.count;
    for (const text of textsOf(batch)) types.add(text);
    sample.look(batch);
    for (const [at, { select }] of expected.expectations.entries()) {
      count(select(batch), expected.maxLagMs, at);
    }
    if (counter.isMet) resolveMet();
  };

  const countDiscarded = (count: number): void => {
    messages += count;
    if (expected !== undefined && !counter.isMet && counter.remainingMs >= 0) discarded += count;
  };

  const counter: ExpectationCounter = {
    take(item) {
      if (item.kind === 'connected') untilMs = clock.monotonicMs() + (expected?.withinMs ?? 0);
      else if (item.kind === 'discarded') countDiscarded(item.reasons.length);
      else if (item.kind === 'events') countEvents(item.batch.received);
    },
    get remainingMs() {
      return untilMs - clock.monotonicMs();
    },
    get isMet() {
      return counts.length > 0 && counts.every(({ matched, min }) => matched >= min);
    },
    met,
    counts,
    sample,
    get messages() {
      return messages;
    },
    get overdue() {
      return overdue;
    },
    get events() {
      return events;
    },
    get discarded() {
      return discarded;
    },
    get types() {
      return types.list();
    },
  };
  return counter;
}
