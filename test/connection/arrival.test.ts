// G1: the moment of the last byte, when bytes had to wait to be read.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Arrival } from '../../src/connection/arrival.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';

const CHUNK = 64 * 1024;
/** What one turn of the loop reads at most. */
const FULL_TURN = 32 * CHUNK;

let clock: FakeClock;
let arrival: Arrival;
let startMs: number;

beforeEach(() => {
  clock = createFakeClock();
  arrival = new Arrival(clock);
  startMs = clock.wallMs();
});

/** Ms from the start to what is told as the arrival of the last byte. */
const lastByteMs = (): number => arrival.lastByteAtMs - startMs;

function read(bytes: number, afterMs = 0): void {
  if (afterMs > 0) clock.advance(afterMs);
  arrival.noteRead(bytes);
}

function stopFor(ms: number): void {
  arrival.noteStopped();
  clock.advance(ms);
  arrival.noteResumed();
}

describe('G1: the last byte', () => {
  test('of a stream that is read as it comes: the moment of reading', () => {
    read(100, 1_000);
    read(100, 500);
    expect(lastByteMs()).toBe(1_500);
    expect(clock.pendingTimers).toBe(0);
  });

  test('read after a pause, with nothing behind it: it may have waited as long as the pause', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK);
    expect(lastByteMs()).toBe(1_000);
    expect(arrival.lastReadAtMs - startMs).toBe(61_000);
  });

  test('pause after pause, before all that waited was read: still the first one', () => {
    read(CHUNK, 1_000);
    for (let round = 0; round < 50; round++) {
      stopFor(1_000);
      read(CHUNK);
    }
    expect(lastByteMs()).toBe(1_000);
  });

  test('once everything that waited is read, the moment of reading again', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK);
    clock.advance(10);
    read(100, 2_000);
    expect(lastByteMs()).toBe(63_010);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a turn of the loop that read all it can leaves it open whether more waits', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    for (let turn = 0; turn < 3; turn++) {
      read(FULL_TURN);
      clock.advance(1);
    }
    expect(lastByteMs()).toBe(1_000);
    clock.advance(10);
    read(100, 5);
    expect(lastByteMs()).toBe(61_018);
  });

  test('behind a reader that is always behind, it lags by what a kernel can keep, and no more', () => {
    for (let second = 1; second <= 1_000; second++) {
      stopFor(1_000);
      read(CHUNK);
    }
    // 128 chunks are 8 MiB.
    expect(lastByteMs()).toBeLessThanOrEqual((1_000 - 128) * 1_000);
    expect(lastByteMs()).toBeGreaterThanOrEqual((1_000 - 257) * 1_000);
  });

  test('the end leaves no timer', () => {
    stopFor(1_000);
    arrival.end();
    expect(clock.pendingTimers).toBe(0);
  });
});
