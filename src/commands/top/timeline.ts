// Event counts over time: of the last minute by second, or of a whole run in slots that grow with its length.
import { RATE_SECONDS } from '../../ui/rate.ts';

/** Slots of a series: one for each second of a minute, and the current one. */
const SLOTS = 61;
const SLOT_MS = 1_000;
const MINUTE_SLOTS = 60;
const MINUTE_MS = 60_000;

/** The clock of all series of a table. */
export class Timeline {
  /** True if old counts are dropped: the table shows what is happening now. */
  readonly isRecent: boolean;
  #startMs: number | undefined;
  #nowMs = 0;
  /** Ms of each slot. */
  #slotMs = SLOT_MS;
  /** How often pairs of slots were merged. */
  joins = 0;
  /** False for plain NDJSON, which has no receive times: nothing is known about rates, lag and the last event. */
  hasTimes = true;

  constructor(isRecent: boolean) {
    this.isRecent = isRecent;
  }

  /** Notes the time, in ms; all calls must use the same clock. A clock that was set back is ignored until it has caught up. */
  advance(nowMs: number): void {
    this.#startMs ??= nowMs;
    this.#nowMs = Math.max(this.#nowMs, nowMs - this.#startMs);
    if (this.isRecent) return;
    while (this.slot >= SLOTS) {
      this.#slotMs *= 2;
      this.joins += 1;
    }
  }

  /** The current slot. */
  get slot(): number {
    return Math.floor(this.#nowMs / this.#slotMs);
  }

  /** Ms from the first time to the last one. */
  get spanMs(): number {
    return this.#nowMs;
  }
}

/** Events and dollars of one row, by slot. */
export class Series {
  readonly #timeline: Timeline;
  readonly #events = new Float64Array(SLOTS);
  readonly #dollars = new Float64Array(SLOTS);
  #slot = 0;
  #joins = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.clear();
  }

  clear(): void {
    this.#events.fill(0);
    this.#dollars.fill(0);
    this.#slot = this.#timeline.slot;
    this.#joins = this.#timeline.joins;
  }

  /** Counts events at the time of the timeline. */
  add(events: number, dollars: number): void {
    this.#follow();
    const at = this.#slot % SLOTS;
    this.#events[at] = (this.#events[at] ?? 0) + events;
    this.#dollars[at] = (this.#dollars[at] ?? 0) + dollars;
  }

  absorb(other: Series): void {
    this.#follow();
    other.#follow();
    for (let at = 0; at < SLOTS; at++) {
      this.#events[at] = (this.#events[at] ?? 0) + (other.#events[at] ?? 0);
      this.#dollars[at] = (this.#dollars[at] ?? 0) + (other.#dollars[at] ?? 0);
    }
  }

  /** Events per second: of the last ten seconds, or of the whole time. Undefined as long as it is not known. */
  get ratePerSecond(): number | undefined {
    if (this.#timeline.isRecent) {
      const last = this.#sumOfLast(this.#events, RATE_SECONDS);
      return last && last.sum / last.slots;
    }
    const { spanMs } = this.#timeline;
    return spanMs === 0 ? undefined : (sumOf(this.#read()) / spanMs) * SLOT_MS;
  }

  /** Dollars of the last minute, or per minute of the whole time. */
  get dollarsPerMinute(): number | undefined {
    if (this.#timeline.isRecent) return this.#sumOfLast(this.#dollars, MINUTE_SLOTS)?.sum;
    const { spanMs } = this.#timeline;
    this.#follow();
    return spanMs === 0 ? undefined : (sumOf(this.#dollars) / spanMs) * MINUTE_MS;
  }

  /** Events in each slot of up to `bars` parts of the time, oldest first. */
  readTrend(bars: number): readonly number[] {
    const counts = this.#read();
    if (this.#timeline.isRecent) return counts.slice(-bars - 1, -1);
    if (counts.length <= bars) return counts;
    return Array.from({ length: bars }, (_unused, bar) => {
      const slots = counts.slice(
        Math.floor((bar * counts.length) / bars),
        Math.floor(((bar + 1) * counts.length) / bars),
      );
      return sumOf(slots) / slots.length;
    });
  }

  /** Of the last whole slots; undefined before the first one has passed. */
  #sumOfLast(
    counts: Float64Array,
    slots: number,
  ): { readonly sum: number; readonly slots: number } | undefined {
    this.#follow();
    const known = Math.min(this.#slot, slots);
    if (known === 0) return undefined;
    let sum = 0;
    for (let back = 1; back <= known; back++) sum += counts[(this.#slot - back) % SLOTS] ?? 0;
    return { sum, slots: known };
  }

  /** The events by slot, oldest first, the current slot last. */
  #read(): number[] {
    this.#follow();
    const known = Math.min(this.#slot + 1, SLOTS);
    return Array.from(
      { length: known },
      (_unused, at) => this.#events[(this.#slot - known + 1 + at) % SLOTS] ?? 0,
    );
  }

  /** Catches up with the timeline. */
  #follow(): void {
    const { slot, joins, isRecent } = this.#timeline;
    for (; this.#joins < joins; this.#joins++) {
      joinPairs(this.#events);
      joinPairs(this.#dollars);
    }
    if (isRecent) {
      for (let passed = Math.min(slot - this.#slot, SLOTS); passed > 0; passed--) {
        const at = (slot - passed + 1) % SLOTS;
        this.#events[at] = 0;
        this.#dollars[at] = 0;
      }
    }
    this.#slot = slot;
  }
}

/** Merges pairs of slots into slots that are twice as long. */
function joinPairs(counts: Float64Array): void {
  for (let at = 0; at < SLOTS; at++) counts[at] = (counts[2 * at] ?? 0) + (counts[2 * at + 1] ?? 0);
}

const sumOf = (counts: Iterable<number>): number => {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
};
