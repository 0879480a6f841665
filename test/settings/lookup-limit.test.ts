// The limit for name lookups.
import { describe, expect, test } from '@jest/globals';
import { chooseResolverOptions } from '../../src/settings/lookup-limit.ts';

describe('C1: a name server that does not respond is given up in time', () => {
  test.each([
    [100, 'timeout:1 attempts:1'],
    [1_000, 'timeout:1 attempts:1'],
    [1_999, 'timeout:1 attempts:1'],
    [2_000, 'timeout:1 attempts:2'],
    [5_000, 'timeout:2 attempts:2'],
    [9_999, 'timeout:4 attempts:2'],
    [10_000, undefined],
    [15_000, undefined],
  ])('a limit of %i ms sets the resolver options %s', (waitMs, options) => {
    expect(chooseResolverOptions(waitMs)).toBe(options);
  });
});
