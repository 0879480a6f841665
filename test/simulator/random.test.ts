import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../src/simulator/random.ts';

describe('the seeded random numbers', () => {
  test('the same seed gives the same numbers, and different parts of a seed give different numbers', () => {
    const draw = (...seed: (number | string)[]) => {
      const random = createRandom(...seed);
      return Array.from({ length: 8 }, () => random.nextUint32());
    };
    expect(draw(1)).toEqual(draw('1'));
    const streams = [draw(1), draw(2), draw(1, 'a'), draw(1, 'b'), draw('1a'), draw('')];
    expect(new Set(streams.map(String)).size).toBe(streams.length);
  });

  test('numbers are uniformly distributed', () => {
    const random = createRandom('even');
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) {
      const value = random.nextBelow(10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    const fraction = random.nextFraction();
    expect(fraction >= 0 && fraction < 1).toBe(true);
  });
});
