// Whether a process grows during a run: memory, sockets, timers and descriptors.

/** One sample of the process. What could not be measured is undefined. */
export interface Sample {
  readonly memoryKib?: number | undefined;
  /** Open descriptors. */
  readonly descriptors?: number | undefined;
  /** Active resources by kind, from `process.getActiveResourcesInfo`. */
  readonly resources?: Readonly<Record<string, number>> | undefined;
}

export interface Growth {
  readonly memoryKib: number | undefined;
  readonly medianKib: number | undefined;
  readonly mostSockets: number;
}

/** Memory may grow by this much between the first and the last third of a run. */
const MAX_GROWTH_KIB = 16 * 1024;
/** Timers and descriptors vary with the connection; more growth than this is a leak. */
const MAX_MORE = 4;
/** The process is still warming up during these. */
const WARM_UP_SAMPLES = 8;
/** With fewer samples, growth cannot be judged. */
const MIN_SAMPLES = 12;

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

/** The difference between the medians of the last and the first third; undefined with too few figures. */
function measureGrowth(figures: readonly (number | undefined)[]): number | undefined {
  const known = figures.slice(WARM_UP_SAMPLES).filter((figure) => figure !== undefined);
  if (known.length < MIN_SAMPLES - WARM_UP_SAMPLES) return undefined;
  const third = Math.ceil(known.length / 3);
  return median(known.slice(-third)) - median(known.slice(0, third));
}

/** Calls `fail` for everything that grew, and for missing measurements. */
export function judgeSamples(
  samples: readonly Sample[],
  platform: NodeJS.Platform,
  fail: (what: string) => void,
): Growth {
  const memoryKib = measureGrowth(samples.map((sample) => sample.memoryKib));
  const descriptors = measureGrowth(samples.map((sample) => sample.descriptors));
  if (platform === 'linux' && (memoryKib === undefined || descriptors === undefined)) {
    fail(`${samples.length} samples of memory and descriptors are too few`);
  }
  if ((memoryKib ?? 0) > MAX_GROWTH_KIB) fail(`memory grew by ${Math.round((memoryKib ?? 0) / 1024)} MiB`);
  if ((descriptors ?? 0) > MAX_MORE) fail(`${descriptors} more descriptors are open than at the beginning`);

  const seen = samples.flatMap(({ resources }) => (resources === undefined ? [] : [resources]));
  if (seen.length < MIN_SAMPLES) fail(`${seen.length} samples of handles and timers are too few`);
  for (const kind of new Set(seen.flatMap((resources) => Object.keys(resources)))) {
    const more = measureGrowth(seen.map((resources) => resources[kind] ?? 0)) ?? 0;
    if (more > MAX_MORE) fail(`${more} more of ${kind} are open than at the beginning`);
  }
  const mostSockets = Math.max(0, ...seen.map((resources) => resources['TCPSocketWrap'] ?? 0));
  // Two during a handover (contract C8).
  if (mostSockets > 2) fail(`${mostSockets} sockets at once`);
  const known = samples.flatMap((sample) => (sample.memoryKib === undefined ? [] : [sample.memoryKib]));
  return { memoryKib, medianKib: known.length === 0 ? undefined : median(known), mostSockets };
}
