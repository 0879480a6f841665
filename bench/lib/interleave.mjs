// Runs the contenders in rounds, one run each per round, so that a slow phase of the machine affects all of them.

/**
 * @param contenders objects with `name`, `run(round)`, and `rounds` (default: all)
 * @returns {Promise<Map<string, any[]>>} results by name, in the order of the rounds
 */
export async function interleave(contenders, rounds, note = () => {}) {
  const results = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Every second round runs in reverse order, so that no contender always runs after the same one.
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) {
      if (round >= (contender.rounds ?? rounds)) continue;
      results.get(contender.name).push(await contender.run(round));
      note(`${contender.name}: ${round + 1}/${contender.rounds ?? rounds}`);
    }
  }
  return results;
}
