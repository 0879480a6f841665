// Sizes of the full run, and of a quick run that fits into a minute.

/** Counts are numbers of events, unless the name says otherwise. */
export const FULL = {
  name: 'full',
  rounds: 7,
  peerRounds: 3,
  /** Events that each client prints before it is timed, to check that it loses none. */
  trialEvents: 20_000,
  smallEvents: 1_000_000,
  /** For peers that would take minutes for a million events, and whose rate does not depend on the count. */
  slowPeerEvents: 100_000,
  mediumEvents: 200_000,
  largeEvents: 10_000,
  filterEvents: 1_000_000,
  prettyEvents: 500_000,
  blockedMs: 10_000,
  startRuns: 40,
  latencyEvents: 1_000,
  latencyEveryMs: 4,
  latencyRounds: 3,
  longEvents: 10_000_000,
  idleMs: 60_000,
  simulatorMs: 10_000,
  relayRounds: 3,
  relayEvents: 200_000,
};

export const QUICK = {
  ...FULL,
  name: 'quick',
  rounds: 3,
  peerRounds: 1,
  trialEvents: 5_000,
  smallEvents: 250_000,
  slowPeerEvents: 15_000,
  mediumEvents: 25_000,
  largeEvents: 1_000,
  filterEvents: 100_000,
  prettyEvents: 150_000,
  blockedMs: 1_500,
  startRuns: 8,
  latencyEvents: 200,
  latencyEveryMs: 2,
  latencyRounds: 2,
  longEvents: 1_500_000,
  idleMs: 3_000,
  simulatorMs: 1_500,
  relayRounds: 1,
  relayEvents: 6_000,
};
