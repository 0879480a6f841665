// A seeded scenario with random faults, and the random source for the stalls of the reader.
import { createRandom } from '../../src/simulator/random.ts';
import type { Act, Scenario, Step } from '../../src/simulator/scenarios.ts';

/** Uniform in [0, 1), repeatable for a seed and a purpose. */
export function createChance(seed: string, purpose: string): () => number {
  return createRandom('soak', seed, purpose).nextFraction;
}

/** Steps that send events in several ways, and end the connection. */
function drawSteps(chance: () => number): readonly Step[] {
  const below = (bound: number): number => Math.floor(chance() * bound);
  const pick = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
  const draw = (): Step =>
    pick<Step>([
      { do: 'events', count: 200 + below(2_000), ratePerSecond: 1_000 },
      { do: 'events', count: 1_000 + below(60_000), ratePerSecond: Number.POSITIVE_INFINITY },
      { do: 'events', count: 20, ratePerSecond: 10 },
      { do: 'events', count: 300, ratePerSecond: 2_000, copies: 2 },
      { do: 'drip', count: 2, pieceBytes: 64, everyMs: 5 },
      { do: 'text', text: 'not JSON' },
      { do: 'binary', hex: '00ff' },
      { do: 'wait', ms: below(1_500) },
      { do: 'pongs', answer: true, delayMs: below(300) },
    ]);
  const end = pick<Step>([
    { do: 'close', code: pick([1000, 1001, 1011, 1012, 4000]) },
    { do: 'close', code: 1001 },
    { do: 'reset', midFrame: true },
    { do: 'reset' },
    { do: 'pongs', answer: false },
  ]);
  const body = Array.from({ length: 1 + below(3) }, draw);
  return [{ do: 'welcome' }, { do: 'events', count: 50, ratePerSecond: 500 }, ...body, end];
}

export interface FaultScenario extends Scenario {
  /** Whether the server's connection with this number, from 0, falls silent at its end. */
  isQuiet(connection: number): boolean;
}

/** Refuses one attempt in seven, but not the first; every connection has events before it ends. */
export function createFaultScenario(seed: string): FaultScenario {
  const chance = createChance(seed, 'server');
  const quiet: boolean[] = [];
  return {
    summary: 'soak',
    isQuiet: (connection) => quiet[connection] === true,
    getAct(attempt): Act {
      if (attempt === 0 || chance() > 0.15) {
        const steps = drawSteps(chance);
        const last = steps.at(-1);
        quiet.push(last?.do === 'pongs' && !last.answer);
        return { steps };
      }
      return { refuse: { status: [502, 503, 429][Math.floor(chance() * 3)] ?? 503 } };
    },
  };
}
