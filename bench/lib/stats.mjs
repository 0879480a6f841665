// Statistics of a few runs.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The quantile `share` (0 to 1). */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Median, minimum and maximum. */
export const summarize = (values) => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  runs: values.length,
});

/**
 * Summary of the ratios of two series. Runs of the same round are compared, so that changes in the speed of the
 * machine cancel out. The shorter series determines the number of ratios.
 */
export function compareRuns(values, against) {
  const length = Math.min(values.length, against.length);
  return summarize(Array.from({ length }, (_unused, at) => values[at] / against[at]));
}
