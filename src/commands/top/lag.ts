// Percentiles of the lag in bounded memory: a histogram with buckets of 1 ms for short lags. For longer lags, the width
// of a bucket is at most 1/16 of the lag.

/** Buckets for each doubling. */
const PARTS = 16;
const PART_BITS = 4;
/** Covers 2^40 ms, 35 years. */
const MAX_BITS = 40;
/** One bucket for lags below zero, one for each ms up to 15, and the parts of each doubling above. */
const BUCKETS = 1 + PARTS + (MAX_BITS - PART_BITS + 1) * PARTS;
const MAX_LAG_MS = 2 ** MAX_BITS;
/** The result of `percentile` if the timestamps of the events are in the future. */
export const BELOW_ZERO = -1;

export class LagHistogram {
  /** Created by the first lag: many streams have none. */
  #counts: Uint32Array | undefined;
  #total = 0;

  add(lagMs: number): void {
    this.#counts ??= new Uint32Array(BUCKETS);
    const bucket = findBucket(lagMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  absorb(other: LagHistogram): void {
    if (other.#counts === undefined) return;
    this.#counts ??= new Uint32Array(BUCKETS);
    for (let at = 0; at < BUCKETS; at++)
      this.#counts[at] = (this.#counts[at] ?? 0) + (other.#counts[at] ?? 0);
    this.#total += other.#total;
  }

  clear(): void {
    this.#counts?.fill(0);
    this.#total = 0;
  }

  /** The lag in ms that this share of the events did not exceed, or BELOW_ZERO. Undefined without events. */
  percentile(share: number): number | undefined {
    if (this.#counts === undefined || this.#total === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.#total));
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.#counts[at] ?? 0;
      if (left <= 0) return middleOf(at);
    }
    return undefined;
  }
}

function findBucket(lagMs: number): number {
  if (lagMs < 0) return 0;
  const ms = Math.min(Math.round(lagMs), MAX_LAG_MS);
  if (ms < PARTS) return 1 + ms;
  const bits = Math.floor(Math.log2(ms)) - PART_BITS;
  return 1 + PARTS + bits * PARTS + Math.floor(ms / 2 ** bits) - PARTS;
}

function middleOf(bucket: number): number {
  if (bucket === 0) return BELOW_ZERO;
  if (bucket <= PARTS) return bucket - 1;
  const bits = Math.floor((bucket - 1 - PARTS) / PARTS);
  const part = (bucket - 1 - PARTS) % PARTS;
  return Math.floor((PARTS + part + 0.5) * 2 ** bits);
}
