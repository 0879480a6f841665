// The loop over the items of a source: order, back-pressure, and every end.
import { expect, test } from '@jest/globals';
import { pump, StreamEndedError } from '../../src/stream/items.ts';

/** Yields 1, 2, 3, then throws `fault` if there is one; logs each pull and the return. */
async function* count(log: string[], fault?: unknown): AsyncGenerator<number> {
  try {
    for (const item of [1, 2, 3]) {
      log.push(`pull ${item}`);
      yield item;
    }
    if (fault !== undefined) throw fault;
  } finally {
    log.push('closed');
  }
}

test('pulls an item only after the consumer has taken the last one', async () => {
  const log: string[] = [];
  const take = async (item: number): Promise<boolean> => {
    await Promise.resolve();
    log.push(`took ${item}`);
    return true;
  };
  expect(await pump(count(log), take)).toBeUndefined();
  expect(log).toEqual(['pull 1', 'took 1', 'pull 2', 'took 2', 'pull 3', 'took 3', 'closed']);
});

test('closes the source when the consumer has enough', async () => {
  const log: string[] = [];
  expect(await pump(count(log), (item) => item < 2)).toBeUndefined();
  expect(log).toEqual(['pull 1', 'pull 2', 'closed']);
});

test('returns the error of a stream that gave up, and rejects with any other', async () => {
  const cause = { kind: 'dropped', host: 'example.com', detail: 'it ended' } as const;
  const gaveUp = new StreamEndedError('lost', '', { cause, exitCode: 6, why: 'no-reconnect' });
  expect(await pump(count([], gaveUp), () => true)).toBe(gaveUp);
  const bug = new TypeError('a bug');
  await expect(pump(count([], bug), () => true)).rejects.toBe(bug);
});

test('closes the source when the consumer throws', async () => {
  const log: string[] = [];
  const bug = new TypeError('a bug');
  const take = (): never => {
    throw bug;
  };
  await expect(pump(count(log), take)).rejects.toBe(bug);
  expect(log).toEqual(['pull 1', 'closed']);
});
