// The counts of one row, for the events that have the same values.
import { type Amount, addDecimals, compareDecimals, type Decimal, ZERO_DECIMAL } from './decimal.ts';
import { LagHistogram } from './lag.ts';
import { Series, type Timeline } from './timeline.ts';

/** The values of `--by`, as sent, or undefined where an event has none. */
export type Key = readonly (string | undefined)[];

export interface Facts {
  /** Unique for the values of the key. */
  readonly id: string;
  readonly key: Key;
  readonly dollars: Amount | undefined;
  /** The event's timestamp, ms since the epoch. */
  readonly sentAtMs: number | undefined;
}

interface Largest {
  readonly dollars: Amount;
  /** Receive time, ms since the epoch. */
  readonly atMs: number;
}

/** Percentiles of the lag cover one to two of these periods. */
const LAG_PERIOD_SECONDS = 60;

export class Row {
  id = '';
  key: Key = [];
  events = 0;
  /** Up to this many events of the key came before the row was created; they are counted in the row `other`. */
  missing = 0;
  dollars: Decimal = ZERO_DECIMAL;
  /** Events with an amount. */
  amounts = 0;
  largest: Largest | undefined;
  /** Receive time of the last event, ms since the epoch. */
  lastSeenMs = 0;
  readonly series: Series;
  readonly #timeline: Timeline;
  /** Lags of this period, and of the period before it. */
  #lag = new LagHistogram();
  #lagBefore = new LagHistogram();
  #lagPeriod = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.series = new Series(timeline);
  }

  reset(id: string, key: Key, missing: number): void {
    this.id = id;
    this.key = key;
    this.events = 0;
    this.missing = missing;
    this.dollars = ZERO_DECIMAL;
    this.amounts = 0;
    this.largest = undefined;
    this.lastSeenMs = 0;
    this.series.clear();
    this.#lag.clear();
    this.#lagBefore.clear();
    this.#lagPeriod = this.#period;
  }

  add({ dollars, sentAtMs }: Facts, receivedAtMs: number): void {
    this.events += 1;
    this.lastSeenMs = Math.max(this.lastSeenMs, receivedAtMs);
    this.series.add(1, dollars?.rounded ?? 0);
    if (dollars !== undefined) {
      this.amounts += 1;
      this.dollars = addDecimals(this.dollars, dollars);
      this.#noteLargest({ dollars, atMs: receivedAtMs });
    }
    if (sentAtMs === undefined) return;
    this.#followLag();
    this.#lag.add(receivedAtMs - sentAtMs);
  }

  absorb(other: Row): void {
    this.events += other.events;
    this.amounts += other.amounts;
    this.dollars = addDecimals(this.dollars, other.dollars);
    this.lastSeenMs = Math.max(this.lastSeenMs, other.lastSeenMs);
    if (other.largest !== undefined) this.#noteLargest(other.largest);
    this.series.absorb(other.series);
    this.#followLag();
    other.#followLag();
    this.#lag.absorb(other.#lag);
    this.#lagBefore.absorb(other.#lagBefore);
  }

  /** Percentiles in ms; undefined if no recent event has a lag. */
  readLag(): { readonly p50: number; readonly p99: number } | undefined {
    this.#followLag();
    const both = new LagHistogram();
    both.absorb(this.#lag);
    both.absorb(this.#lagBefore);
    const [p50, p99] = [both.percentile(0.5), both.percentile(0.99)];
    return p50 === undefined || p99 === undefined ? undefined : { p50, p99 };
  }

  #noteLargest(one: Largest): void {
    const { largest } = this;
    // For most events, comparing the rounded amounts is enough.
    if (largest !== undefined && one.dollars.rounded < largest.dollars.rounded) return;
    if (largest === undefined || compareDecimals(one.dollars, largest.dollars) > 0) this.largest = one;
  }

  get #period(): number {
    return this.#timeline.isRecent ? Math.floor(this.#timeline.interval / LAG_PERIOD_SECONDS) : 0;
  }

  /** Begins a new period of lags if the timeline has reached it. */
  #followLag(): void {
    const passed = this.#period - this.#lagPeriod;
    if (passed === 0) return;
    this.#lagPeriod += passed;
    const free = this.#lagBefore;
    this.#lagBefore = this.#lag;
    this.#lag = free;
    this.#lag.clear();
    if (passed > 1) this.#lagBefore.clear();
  }
}
