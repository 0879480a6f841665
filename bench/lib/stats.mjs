// Figures of a few runs: the median, and how far they lie apart.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which `share` (0 to 1) of them lie. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Median, smallest and largest. */
export const summarize = (values) => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  runs: values.length,
});

/**
 * Summary of the ratios of two series, run by run: what was measured side by side is compared, so that a
 * machine that changes its pace in between does not decide. The shorter series decides how many there are.
 */
export function compareRuns(values, against) {
  const length = Math.min(values.length, against.length);
  return summarize(Array.from({ length }, (_unused, at) => values[at] / against[at]));
}
