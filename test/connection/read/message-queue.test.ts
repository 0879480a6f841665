// The messages that wait for a busy consumer, and their limit.
import { describe, expect, test } from '@jest/globals';
import { MessageQueue, READ_AHEAD } from '../../../src/connection/read/message-queue.ts';
import { makeLines, textsOf } from '../../../src/events/batch.ts';
import { createFakeClock, settlePromises } from '../../helpers/fake-clock.ts';

const HALF = READ_AHEAD.bytes / 2;

function addLine(queue: MessageQueue, length: number): void {
  queue.addLines(makeLines(Buffer.from(`${'7'.repeat(length - 1)}\n`), 0));
}

describe('O4: reading ahead', () => {
  test.each([
    ['nothing', [], 0],
    ['one small read', [10], 0.25],
    ['the maximum number of small reads', [10, 10, 10, 10], 1],
    ['the maximum of bytes before that of reads', [HALF, HALF], 1],
    ['a single large message', [15 * READ_AHEAD.bytes], 15],
  ])('%s', (_name, sizes, fullness) => {
    const queue = new MessageQueue(createFakeClock());
    for (const [at, size] of sizes.entries()) {
      addLine(queue, size);
      queue.setAside(at);
    }
    expect(queue.fullness).toBe(fullness);
  });

  test('waiting batches are taken first, in order, each read on its own', () => {
    const queue = new MessageQueue(createFakeClock());
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

describe('events that linger', () => {
  const LINGER_MS = 100;

  /** A queue whose consumer waits, and how often it was woken. */
  function startWaiting() {
    const clock = createFakeClock();
    const queue = new MessageQueue(clock, LINGER_MS);
    let isWoken = false;
    void queue.untilWoken().then(() => {
      isWoken = true;
    });
    return { clock, queue, isWoken: () => settlePromises().then(() => isWoken) };
  }

  test('the consumer is woken after the time, and gets each read with its own receive time', async () => {
    const { clock, queue, isWoken } = startWaiting();
    addLine(queue, 10);
    queue.setAside(1);
    clock.advance(LINGER_MS - 1);
    addLine(queue, 20);
    queue.setAside(2);
    expect(await isWoken()).toBe(false);
    clock.advance(1);
    expect(await isWoken()).toBe(true);
    const taken = [queue.take(3), queue.take(3), queue.take(3)];
    expect(taken.map((batch) => batch && [batch.bytes.length, batch.receivedAtMs])).toEqual([
      [10, 1],
      [20, 2],
      undefined,
    ]);
    expect(queue.fullness).toBe(0);
  });

  test('it is woken at once when half of the read-ahead limit is used, and at the end of the connection', async () => {
    const full = startWaiting();
    addLine(full.queue, HALF);
    full.queue.setAside(1);
    expect(await full.isWoken()).toBe(true);
    const ended = startWaiting();
    addLine(ended.queue, 10);
    ended.queue.wakeConsumer();
    expect(await ended.isWoken()).toBe(true);
    expect([full.clock.pendingTimers, ended.clock.pendingTimers]).toEqual([0, 0]);
  });
});
