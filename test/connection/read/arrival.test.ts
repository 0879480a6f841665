// G1: when the last byte arrived, if bytes had to wait to be read.
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

describe('G1: the last byte', () => {
  test('of a stream that is read at once: the time of reading', () => {
    read(100, 1_000);
    read(100, 500);
    expect(lastByteMs()).toBe(1_500);
  });

  test('read after a pause: it may have waited since the pause began', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK);
    read(CHUNK, 900);
    expect(lastByteMs()).toBe(1_000);
    expect(arrival.lastReadAtMs - startMs).toBe(61_900);
  });

  test('several pauses, before everything that waited was read: since the first one', () => {
    read(CHUNK, 1_000);
    for (let round = 0; round < 50; round++) {
      stopFor(2_000);
      read(CHUNK);
    }
    expect(lastByteMs()).toBe(1_000);
  });

  test('after a second of silence: it did not wait', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK);
    read(100, 1_000);
    expect(lastByteMs()).toBe(62_000);
    read(100, 1);
    expect(lastByteMs()).toBe(62_001);
  });

  test('silence counts from the end of the pause, not from before it', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    read(CHUNK, 999);
    expect(lastByteMs()).toBe(1_000);
  });

  test('a pong to a ping that was sent after the pause: everything that waited has been read', () => {
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

  test('a pong to a ping from before the pause proves only what was sent before it', () => {
    read(CHUNK, 1_000);
    clock.advance(500);
    arrival.notePing();
    stopFor(60_000);
    read(CHUNK);
    readPong();
    read(CHUNK, 10);
    expect(lastByteMs()).toBe(1_500);
  });

  test('with a reader that never catches up, the pongs show how far it is', () => {
    read(CHUNK, 1_000);
    for (let second = 2; second <= 100; second++) {
      arrival.noteStopped();
      arrival.notePing();
      clock.advance(1_000);
      arrival.noteResumed();
      // The pong to a ping of 30 s ago.
      if (second > 31) readPong();
      else read(CHUNK);
    }
    expect(lastByteMs()).toBe(69_000);
  });

  test('without pongs it lags by the size of the kernel buffers, and at most by twice that', () => {
    for (let second = 1; second <= 1_000; second++) {
      stopFor(1_000);
      read(CHUNK);
    }
    // 128 chunks are 8 MiB.
    expect(lastByteMs()).toBeLessThanOrEqual((1_000 - 128) * 1_000);
    expect(lastByteMs()).toBeGreaterThanOrEqual((1_000 - 257) * 1_000);
  });

  test('a pong without a ping proves nothing', () => {
    read(CHUNK, 1_000);
    stopFor(60_000);
    readPong();
    expect(lastByteMs()).toBe(1_000);
  });
});
