// The queue of messages for a busy consumer, and its limit.
import { describe, expect, test } from '@jest/globals';
import { MessageQueue, READ_AHEAD } from '../../../src/connection/read/message-queue.ts';
import { makeLines, textsOf } from '../../../src/events/batch.ts';

const HALF = READ_AHEAD.bytes / 2;

function addLine(queue: MessageQueue, length: number): void {
  queue.addLines(makeLines(Buffer.from(`${'7'.repeat(length - 1)}\n`), 0));
}

describe('O4: the message queue', () => {
  test.each([
    ['nothing', [], 0],
    ['one small read', [10], 0.25],
    ['the maximum number of small reads', [10, 10, 10, 10], 1],
    ['the maximum number of bytes in few reads', [HALF, HALF], 1],
    ['a single large message', [15 * READ_AHEAD.bytes], 15],
  ])('the fullness of the queue is right with %s', (_name, sizes, fullness) => {
    const queue = new MessageQueue();
    for (const [at, size] of sizes.entries()) {
      addLine(queue, size);
      queue.setAside(at);
    }
    expect(queue.fullness).toBe(fullness);
  });

  test('returns waiting batches first, in order, one for each read', () => {
    const queue = new MessageQueue();
    queue.push(Buffer.from('1'), 0);
    queue.push(Buffer.from('2'), 0);
    queue.setAside(100);
    queue.discard('binary');
    queue.setAside(200);
    queue.setAside(300);
    queue.push(Buffer.from('3'), 0);
    const taken = [queue.take(400), queue.take(500), queue.take(600)];
    const seen = taken.map(
      (batch) => batch && [textsOf(batch).map(String), batch.discarded, batch.receivedAtMs],
    );
    expect(seen).toEqual([
      [['1', '2'], [], 100],
      [[], ['binary'], 200],
      [['3'], [], 400],
    ]);
    expect([queue.isEmpty, queue.take(700)]).toEqual([true, undefined]);
  });
});
