// The state of a sink for metrics and health checks, its circuit, and the limit for an event in doubt.
import { afterEach, describe, expect, test } from '@jest/globals';
import { Backlog } from '../../src/delivery/backlog.ts';
import type { SendResult, SinkFault } from '../../src/delivery/sink.ts';
import { ArrivalTimes } from '../../src/delivery/sink-status.ts';
import { Spool } from '../../src/delivery/spool/spool.ts';
import { Worker } from '../../src/delivery/worker.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeClock, settlePromises } from '../helpers/fake-clock.ts';
import { ACCEPTED, createFakeSink, type FakeSink, makeNumbered } from './fake-sink.ts';

const running = new Set<Worker>();
afterEach(() => {
  for (const worker of running) worker.stop();
  running.clear();
});

function start(sink: FakeSink, options: { spoolBytes?: number; keepsDeadLetters?: boolean } = {}) {
  const clock = createFakeClock();
  const { spoolBytes, keepsDeadLetters = false } = options;
  const spool =
    spoolBytes === undefined
      ? undefined
      : new Spool({ path: makeTempFolder(), maxBytes: spoolBytes, syncEveryMs: 200 }, clock, () => {});
  const deadLetters: string[] = [];
  const worker = new Worker(
    sink,
    new Backlog(4, spool),
    { window: 4, policy: { retryMinMs: 1_000, retryMaxMs: 30_000 }, givesUpAtStart: 'never' },
    {
      clock,
      random: () => 0.5,
      report() {},
      onChange() {},
      deadLetter: keepsDeadLetters ? ({ text }) => void deadLetters.push(text.toString()) : undefined,
    },
  );
  running.add(worker);
  void worker.run();
  return { worker, clock, deadLetters };
}

const FAULT: SinkFault = { message: 'it broke' };

describe('row 160 (B10): the status of a sink', () => {
  test('is delivering while the sink accepts events, with counts', async () => {
    const sink = createFakeSink();
    const { worker, clock } = start(sink);
    expect(worker.status()).toMatchObject({
      state: 'retrying',
      circuit: 'closed',
      fault: 'not connected yet',
    });
    const latencies: [number, number][] = [];
    worker.onAcknowledged = (...one) => latencies.push(one);
    worker.append(makeNumbered(10, 13));
    await settlePromises();
    clock.block(5_000);
    sink.sent[0]?.answer({ kind: 'accepted', duplicates: 1 });
    await settlePromises();
    expect(worker.status()).toEqual({
      name: 'the test',
      state: 'delivering',
      circuit: 'closed',
      sendTimeoutMs: 10_000,
      fault: undefined,
      acknowledged: 1,
      duplicates: 1,
      refused: 0,
      deadLetters: 0,
      lost: 0,
      pendingRecords: 2,
      pendingBytes: 4,
      oldestAgeMs: 5_000,
      spoolBytes: undefined,
      spoolRoomBytes: undefined,
      lastAcknowledgementAt: clock.wallMs(),
    });
    expect(latencies).toEqual([[5_000, 1]]);
  });

  test('is spooling while the spool has room, then retrying; the circuit opens, half-opens and closes', async () => {
    const sink = createFakeSink();
    sink.openFault = FAULT;
    const { worker, clock } = start(sink, { spoolBytes: 80_000 });
    for (let failures = 1; failures < 5; failures += 1) {
      await clock.advanceAsync(failures === 1 ? 0 : 20_000);
      if (failures < 3) expect(worker.status()).toMatchObject({ state: 'spooling', fault: 'it broke' });
    }
    for (let n = 0; n < 8; n += 1) await clock.advanceAsync(20_000);
    expect(worker.status()).toMatchObject({ state: 'spooling', circuit: 'open' });
    worker.append(Array.from({ length: 72 }, () => ({ mark: 0, text: Buffer.alloc(1_000, '1') })));
    const { state, spoolBytes = 0, spoolRoomBytes = 0, pendingBytes } = worker.status();
    expect([state, spoolBytes + spoolRoomBytes, pendingBytes]).toEqual(['retrying', 80_000, 72_000]);
    sink.openFault = undefined;
    await clock.advanceAsync(31_000);
    // One is sent to see whether it works again.
    expect([worker.status().circuit, sink.sent.length]).toEqual(['half-open', 1]);
    sink.sent[0]?.answer(ACCEPTED);
    await settlePromises();
    expect(worker.status()).toMatchObject({ state: 'delivering', circuit: 'closed' });
    expect(sink.sent.length).toBe(5);
  });

  test('is stopped after a refused event without a dead-letter file', async () => {
    const sink = createFakeSink({ maxInFlight: 1 });
    sink.auto = () => ({ kind: 'refused', why: 'HTTP 422' });
    const { worker } = start(sink);
    worker.append(makeNumbered(0, 2));
    for (let n = 0; n < 4; n += 1) await settlePromises();
    expect(worker.status()).toMatchObject({
      state: 'stopped',
      fault: 'the test refused an event: HTTP 422',
      refused: 1,
      deadLetters: 0,
      pendingRecords: 2,
    });
  });

  test('the age of the oldest record stays right for a month of records, in little memory', () => {
    const arrivals = new ArrivalTimes();
    const month = 30 * 86_400;
    for (let n = 0; n < month; n += 100) arrivals.note(n, n * 1_000);
    const nowMs = month * 1_000;
    for (const n of [0, 1_000_000, month - 86_400]) {
      const error = arrivals.ageOf(n, nowMs) - (nowMs - n * 1_000);
      // Too old by at most the resolution.
      expect(error).toBeGreaterThanOrEqual(0);
      expect(error).toBeLessThan((month * 1_000) / 256);
    }
  });
});

describe('row 151 (B11): an event that may be refused because of the endpoint', () => {
  const DOUBT: SendResult = {
    kind: 'refused',
    why: 'HTTP 401',
    doubt: { message: 'HTTP 401' },
  };

  test.each([
    ['a dead letter', true],
    ['the reason to stop', false],
  ])('becomes %s after 15 minutes, and not sooner', async (_what, keepsDeadLetters) => {
    const sink = createFakeSink({ maxInFlight: 1, unitSize: 4 });
    sink.auto = () => DOUBT;
    const { worker, clock, deadLetters } = start(sink, { keepsDeadLetters });
    worker.append(makeNumbered(0, 4));
    for (let minute = 0; minute < 14; minute += 1) await clock.advanceAsync(60_000);
    expect([worker.status().refused, worker.pending, deadLetters]).toEqual([0, 4, []]);
    for (let n = 0; n < 4; n += 1) await clock.advanceAsync(31_000);
    expect(worker.status()).toMatchObject({ refused: 1, state: keepsDeadLetters ? 'retrying' : 'stopped' });
    // Each event has its own 15 minutes.
    for (let minute = 0; minute < 10; minute += 1) await clock.advanceAsync(60_000);
    expect(deadLetters).toEqual(keepsDeadLetters ? ['0'] : []);
  });
});
