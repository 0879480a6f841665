// A small seeded generator of random numbers, so that the same seed gives the same bytes everywhere.
//
// The generator is sfc32 (Small Fast Counting, 128 bits of state, period at least 2^32); the seed is spread
// over the state by FNV-1a (32 bits) with four different salts. Not for secrets.

/** Gives the time of the next event, in ms since the epoch; may advance with every call. */
export type EventClock = () => number;

/** Where the virtual clock of the first connection starts: 2026-01-01T00:00:00Z. */
const VIRTUAL_START_MS = Date.UTC(2026, 0, 1);
/** Each further connection starts an hour later, so that time goes forward over a reconnect. */
const VIRTUAL_HOUR_MS = 3_600_000;

/**
 * A clock that depends on nothing but its arguments: each call is one event, 1/rate seconds after the last.
 * @param connectionIndex 0 for the first connection of the simulator
 * @param ratePerSecond events in a second; 0 and Infinity let it advance by 20 µs an event
 */
export function createVirtualClock(connectionIndex: number, ratePerSecond: number): EventClock {
  const startMs = VIRTUAL_START_MS + connectionIndex * VIRTUAL_HOUR_MS;
  const rate = ratePerSecond > 0 && Number.isFinite(ratePerSecond) ? ratePerSecond : 50_000;
  let events = 0;
  return () => startMs + Math.floor((events++ * 1000) / rate);
}

/** A stream of random numbers. */
export interface Random {
  /** The next whole number, uniform in 0 … 2^32 - 1. */
  nextUint32(): number;
  /** The next whole number, uniform in 0 … `below` - 1; `below` is at most 2^32. */
  nextBelow(below: number): number;
  /** The next fraction, uniform in [0, 1). */
  nextFraction(): number;
}

function hashFnv1a(text: string, salt: number): number {
  let hash = (0x811c9dc5 ^ salt) >>> 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Makes a stream from a seed. The number 7 and the text "7" are the same seed; parts after the first keep
 * streams apart (`createRandom(seed, 'connection', 3)`).
 */
export function createRandom(...seed: readonly (number | string)[]): Random {
  const text = seed.join('\n');
  let a = hashFnv1a(text, 0x9e3779b9);
  let b = hashFnv1a(text, 0x243f6a88);
  let c = hashFnv1a(text, 0xb7e15162);
  let counter = 1;

  function nextUint32(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  }
  // The first values still show the seed.
  for (let round = 0; round < 15; round++) nextUint32();

  return {
    nextUint32,
    nextBelow: (below) => Math.floor((nextUint32() / 0x1_0000_0000) * below),
    nextFraction: () => nextUint32() / 0x1_0000_0000,
  };
}
