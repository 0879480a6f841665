// Counts latencies in fixed buckets. `note` is called for each acknowledgement, so it must be cheap.

const BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

export class Latencies {
  count = 0;
  sumMs = 0;
  /** The last count is for latencies above all bounds. */
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);

  note(ms: number): void {
    let at = 0;
    while (at < BOUNDS_MS.length && ms > (BOUNDS_MS[at] as number)) at += 1;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.count += 1;
    this.sumMs += ms;
  }

  /** The buckets, cumulative as in OpenMetrics, with bounds in seconds. */
  listBuckets(): (readonly [le: string, count: number])[] {
    let sum = 0;
    return [...this.#counts].map((count, at) => {
      sum += count;
      const bound = BOUNDS_MS[at];
      return [bound === undefined ? '+Inf' : String(bound / 1_000), sum] as const;
    });
  }
}
