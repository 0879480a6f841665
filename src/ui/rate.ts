// The rate of events: counts of the last ten seconds, their average, and bars.
import type { Clock } from '../clock.ts';
import { groupThousands } from './format.ts';

/** Whole seconds over which a rate is averaged. */
export const RATE_SECONDS = 10;
const SECOND_MS = 1_000;

/** Counts of the current interval and of those before it, in a ring. Intervals are numbered from 0. */
export class IntervalCounts {
  readonly #counts: Float64Array;
  #interval = 0;

  constructor(intervals: number) {
    this.#counts = new Float64Array(intervals);
  }

  clear(interval: number): void {
    this.#counts.fill(0);
    this.#interval = interval;
  }

  /** Makes an interval the current one; an earlier interval is ignored. */
  advance(interval: number): void {
    if (interval <= this.#interval) return;
    const counts = this.#counts;
    for (let passed = Math.min(interval - this.#interval, counts.length); passed > 0; passed--) {
      counts[(interval - passed + 1) % counts.length] = 0;
    }
    this.#interval = interval;
  }

  add(count: number): void {
    const at = this.#interval % this.#counts.length;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  /** Adds the counts of a ring that has the same size and the same current interval. */
  absorb(other: IntervalCounts): void {
    const counts = this.#counts;
    for (let at = 0; at < counts.length; at++) counts[at] = (counts[at] ?? 0) + (other.#counts[at] ?? 0);
  }

  /** Merges pairs of intervals into intervals that are twice as long. Only before the ring has wrapped around. */
  joinPairs(): void {
    const counts = this.#counts;
    for (let at = 0; at < counts.length; at++) counts[at] = (counts[2 * at] ?? 0) + (counts[2 * at + 1] ?? 0);
    this.#interval = Math.floor(this.#interval / 2);
  }

  get sum(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The counts by interval, oldest first, the current interval last. */
  read(): number[] {
    const counts = this.#counts;
    const known = Math.min(this.#interval + 1, counts.length);
    return Array.from(
      { length: known },
      (_unused, at) => counts[(this.#interval - known + 1 + at) % counts.length] ?? 0,
    );
  }

  /** The sum of the last whole intervals, and their number; undefined before the first interval has passed. */
  sumOfLast(intervals: number): { readonly sum: number; readonly intervals: number } | undefined {
    const known = Math.min(this.#interval, intervals);
    if (known === 0) return undefined;
    let sum = 0;
    for (let back = 1; back <= known; back++) {
      sum += this.#counts[(this.#interval - back) % this.#counts.length] ?? 0;
    }
    return { sum, intervals: known };
  }
}

export interface Rate {
  note(count: number): void;
  /** Events in each of the last whole seconds, up to ten, oldest first. */
  read(): readonly number[];
}

export function startRate(clock: Clock): Rate {
  const startedAtMs = clock.monotonicMs();
  const counts = new IntervalCounts(RATE_SECONDS + 1);
  const advance = (): void => counts.advance(Math.floor((clock.monotonicMs() - startedAtMs) / SECOND_MS));
  return {
    note(count) {
      advance();
      counts.add(count);
    },
    read() {
      advance();
      return counts.read().slice(0, -1);
    },
  };
}

/** One of eight bars for each number, relative to the largest number. Only 0 has the lowest bar. */
export function drawBars(counts: readonly number[], bars: string): string {
  const most = Math.max(...counts, 1);
  return counts.map((count) => bars[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 7))]).join('');
}

/** `0`, `<0.1`, `0.4`, `12.5`, `1,234`; an empty text if the rate is not known. */
export function formatRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  if (perSecond === 0) return '0';
  if (perSecond < 0.05) return '<0.1';
  return perSecond < 100 ? perSecond.toFixed(1) : groupThousands(Math.round(perSecond));
}
