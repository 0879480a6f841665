// G1: the time at which the last byte arrived, also if bytes waited in buffers before they were read.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Arrival } from '../../../src/connection/read/arrival.ts';
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.ts';

const CHUNK = 64 * 1024;

let clock: FakeClock;
let arrival: Arrival;
let startMs: number;

beforeEach(() => {
  clock = createFakeClock();
  arrival = new Arrival(clock);
  startMs = clock.wallMs();
});

/** Ms from the start to the reported arrival of the last byte. */
const lastByteMs = (): number => arrival.lastByteAtMs - startMs;

function read(bytes: number, afterMs = 0): void {
  clock.advance(afterMs);
  arrival.noteRead(bytes);
}

function readPong(afterMs = 0): void {
  read(6, afterMs);
  arrival.notePong();
}

function stopFor(ms: number): void {
  arrival.noteStopped();
  clock.advance(ms);
  arrival.noteResumed();
}

describe('G1: the arrival time of the last byte', () => {
  test('without pauses it is the time of the read', () => {
    read(100, 1_000);
    read(100, 500);
    expect(lastByteMs()).toBe(1_500);
  });

  test('after a pause it is the start of the pause, because the byte may have waited since then', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK);
    read(CHUNK, 900);
    expect(lastByteMs()).toBe(1_000);
    expect(arrival.lastReadAtMs - startMs).toBe(61_900);
  });

  test('after several pauses it is the start of the first one, until everything that waited was read', () => {
    read(CHUNK, 1_000);
    for (let round = 0; round < 50; round++) {
      stopFor(2_000);
      read(CHUNK);
    }
    expect(lastByteMs()).toBe(1_000);
  });

  test('after a second of silence it is the time of the read again, because nothing waits any more', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK);
    read(100, 1_000);
    expect(lastByteMs()).toBe(62_000);
    read(100, 1);
    expect(lastByteMs()).toBe(62_001);
  });

  test('silence before the end of the pause does not count as silence', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK, 999);
    expect(lastByteMs()).toBe(1_000);
  });

  test('after the pong to a ping that was sent after the pause, it is the time of the read again', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    arrival.notePing();
    read(CHUNK, 10);
    expect(lastByteMs()).toBe(1_000);
    readPong(10);
    expect(lastByteMs()).toBe(61_020);
    read(100, 10);
    expect(lastByteMs()).toBe(61_030);
  });

  test('after the pong to a ping from before the pause, it is the time of that ping', () => {
    read(CHUNK, 1_000);
    clock.advance(500);
    arrival.notePing();
    stopFor(60_000);
    read(CHUNK);
    readPong();
    read(CHUNK, 10);
    expect(lastByteMs()).toBe(1_500);
  });

  test('with a reader that never catches up, it follows the times of the answered pings', () => {
    read(CHUNK, 1_000);
    for (let second = 2; second <= 100; second++) {
      arrival.noteStopped();
      arrival.notePing();
      clock.advance(1_000);
      arrival.noteResumed();
      // Each pong answers a ping of 30 s ago.
      if (second > 31) readPong();
      else read(CHUNK);
    }
    expect(lastByteMs()).toBe(69_000);
  });

  test('without pongs it is as old as the bytes that fit in the kernel buffers, and at most twice as old', () => {
    for (let second = 1; second <= 1_000; second++) {
      stopFor(1_000);
      read(CHUNK);
    }
    // 128 chunks are 8 MiB.
    expect(lastByteMs()).toBeLessThanOrEqual((1_000 - 128) * 1_000);
    expect(lastByteMs()).toBeGreaterThanOrEqual((1_000 - 257) * 1_000);
  });

  test('a pong without a ping has no effect', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    readPong();
    expect(lastByteMs()).toBe(1_000);
  });
});
