// Event counts over time: of the last minute by second, or of a whole run in intervals that grow with its length.
import { IntervalCounts, RATE_SECONDS } from '../../ui/rate.ts';

/** Intervals of a series: one for each second of a minute, and the current one. */
const MAX_INTERVALS = 61;
const SECOND_MS = 1_000;
const MINUTE_INTERVALS = 60;
const MINUTE_MS = 60_000;

/** The clock of all series of a table. */
export class Timeline {
  /** True if old counts are dropped: the table shows what is happening now. */
  readonly isRecent: boolean;
  #startMs: number | undefined;
  #elapsedMs = 0;
  #intervalMs = SECOND_MS;
  /** How often pairs of intervals were merged. */
  joins = 0;
  /** False for plain NDJSON, which has no receive times. */
  hasTimes = true;

  constructor(isRecent: boolean) {
    this.isRecent = isRecent;
  }

  /** @param nowMs always of the same clock; a clock that was set back is ignored until it has caught up */
  advance(nowMs: number): void {
    this.#startMs ??= nowMs;
    this.#elapsedMs = Math.max(this.#elapsedMs, nowMs - this.#startMs);
    if (this.isRecent) return;
    while (this.interval >= MAX_INTERVALS) {
      this.#intervalMs *= 2;
      this.joins += 1;
    }
  }

  get interval(): number {
    return Math.floor(this.#elapsedMs / this.#intervalMs);
  }

  get spanMs(): number {
    return this.#elapsedMs;
  }
}

export class Series {
  readonly #timeline: Timeline;
  readonly #events = new IntervalCounts(MAX_INTERVALS);
  readonly #dollars = new IntervalCounts(MAX_INTERVALS);
  #joins = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.clear();
  }

  clear(): void {
    const { interval, joins } = this.#timeline;
    this.#events.clear(interval);
    this.#dollars.clear(interval);
    this.#joins = joins;
  }

  add(events: number, dollars: number): void {
    this.#follow();
    this.#events.add(events);
    this.#dollars.add(dollars);
  }

  absorb(other: Series): void {
    this.#follow();
    other.#follow();
    this.#events.absorb(other.#events);
    this.#dollars.absorb(other.#dollars);
  }

  /** Of the last ten seconds, or of the whole time. Undefined as long as it is not known. */
  get ratePerSecond(): number | undefined {
    this.#follow();
    if (this.#timeline.isRecent) {
      const last = this.#events.sumOfLast(RATE_SECONDS);
      return last && last.sum / last.intervals;
    }
    return this.#averageOf(this.#events, SECOND_MS);
  }

  /** Dollars of the last minute, or per minute of the whole time. */
  get dollarsPerMinute(): number | undefined {
    this.#follow();
    if (this.#timeline.isRecent) return this.#dollars.sumOfLast(MINUTE_INTERVALS)?.sum;
    return this.#averageOf(this.#dollars, MINUTE_MS);
  }

  /** Events per interval, as up to `bars` values, oldest first. */
  readTrend(bars: number): readonly number[] {
    this.#follow();
    const counts = this.#events.read();
    if (this.#timeline.isRecent) return counts.slice(-bars - 1, -1);
    if (counts.length <= bars) return counts;
    return Array.from({ length: bars }, (_unused, bar) => {
      const intervals = counts.slice(
        Math.floor((bar * counts.length) / bars),
        Math.floor(((bar + 1) * counts.length) / bars),
      );
      return sumOf(intervals) / intervals.length;
    });
  }

  #averageOf(counts: IntervalCounts, everyMs: number): number | undefined {
    const { spanMs } = this.#timeline;
    return spanMs === 0 ? undefined : (counts.sum / spanMs) * everyMs;
  }

  #follow(): void {
    const { interval, joins } = this.#timeline;
    for (; this.#joins < joins; this.#joins++) {
      this.#events.joinPairs();
      this.#dollars.joinPairs();
    }
    this.#events.advance(interval);
    this.#dollars.advance(interval);
  }
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
