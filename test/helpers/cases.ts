// How many random cases of a property are tried: a part of them in every run of the suite, all of them in the
// gate, and as many as you like by hand.
//
// ATLANTIS_CASES=1000000 ATLANTIS_SEED=7 npm run jest -- test/events/scanner

/** Of all cases, how many the suite tries; TEST_ALL_CASES=1 tries all. */
const PART = process.env['TEST_ALL_CASES'] === '1' ? 1 : 1 / 20;

/** The number of cases: a twentieth of `all`, unless the environment asks for others. */
export function countCases(all: number): number {
  return Number(process.env['ATLANTIS_CASES'] ?? Math.ceil(all * PART));
}

/** The seed: `usual`, unless ATLANTIS_SEED asks for another. */
export function pickSeed(usual: number): number {
  return Number(process.env['ATLANTIS_SEED'] ?? usual);
}

/** Time for them, in ms: half a millisecond a case, and a minute at least. */
export function timeForCases(all: number): number {
  return Math.max(60_000, countCases(all) / 2);
}
