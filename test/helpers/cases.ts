// How long a property is tried: a seeded portion in the suite, as much as you like by hand.
//
// ATLANTIS_CASES=1000000 ATLANTIS_SEED=7 npm run jest -- test/events/scanner

/** The number of cases: `usual`, unless ATLANTIS_CASES asks for another. */
export function countCases(usual: number): number {
  return Number(process.env['ATLANTIS_CASES'] ?? usual);
}

/** The seed: `usual`, unless ATLANTIS_SEED asks for another. */
export function pickSeed(usual: number): number {
  return Number(process.env['ATLANTIS_SEED'] ?? usual);
}

/** Time for them, in ms: half a millisecond a case, and a minute at least. */
export function timeForCases(usual: number): number {
  return Math.max(60_000, countCases(usual) / 2);
}
