// The limit of work in one turn of the event loop.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { TurnWork } from '../../../src/connection/read/turn-work.ts';

/** Processes frames until the limit is reached, and returns their number. */
function fill(work: TurnWork, most = 10_000): number {
  let frames = 0;
  for (; frames < most && !work.isLimitReached; frames++) work.noteFrame();
  return frames;
}

test('R2: work that is postponed twice is done once, in the next turn', async () => {
  let turns = 0;
  const work = new TurnWork(() => {
    turns++;
  });
  work.continueNextTurn();
  work.continueNextTurn();
  expect(turns).toBe(0);
  await nextTurn();
  await nextTurn();
  expect(turns).toBe(1);
});

test('R2: work that reaches the limit continues in the next turn, with a new limit', async () => {
  const done: number[] = [];
  const work: TurnWork = new TurnWork(() => {
    done.push(fill(work));
    if (done.length < 3) work.continueNextTurn();
  });
  const limit = fill(work);
  work.continueNextTurn();
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect(done).toEqual([limit, limit, limit]);
});

test('R2: postponed work and the reads after it in the same turn share one limit', async () => {
  const limit = fill(new TurnWork(() => {}));
  const work: TurnWork = new TurnWork(() => void fill(work, limit - 10));
  work.continueNextTurn();
  await nextTurn();
  expect(fill(work)).toBe(10);
});
