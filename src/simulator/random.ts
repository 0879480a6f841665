// Seeded random numbers and times: the same seed gives the same bytes everywhere.
//
// The generator is sfc32 (Small Fast Counting), seeded by FNV-1a; it is not for secrets.

/** The time of the next event, in ms since the epoch. */
export type EventClock = () => number;

const VIRTUAL_START_MS = Date.UTC(2026, 0, 1);
/** Each further connection starts an hour later, so that time advances across a reconnect. */
const VIRTUAL_HOUR_MS = 3_600_000;

/** The clock advances by 1/rate seconds with each call, and by 20 µs if the rate is 0 or Infinity. */
export function createVirtualClock(connectionIndex: number, ratePerSecond: number): EventClock {
  const startMs = VIRTUAL_START_MS + connectionIndex * VIRTUAL_HOUR_MS;
  const rate = ratePerSecond > 0 && Number.isFinite(ratePerSecond) ? ratePerSecond : 50_000;
  let events = 0;
  return () => startMs + Math.floor((events++ * 1000) / rate);
}

export interface Random {
  /** Uniform in 0 … 2^32 - 1. */
  nextUint32(): number;
  /** A whole number, uniform in 0 … `below` - 1; `below` is at most 2^32. */
  nextBelow(below: number): number;
  /** Uniform in [0, 1). */
  nextFraction(): number;
}

function hashFnv1a(text: string, salt: number): number {
  let hash = (0x811c9dc5 ^ salt) >>> 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Each list of parts, such as `seed, 'connection', 3`, is an independent seed. 7 and "7" are the same part. */
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
  // The first values still correlate with the seed.
  for (let round = 0; round < 15; round++) nextUint32();

  return {
    nextUint32,
    nextBelow: (below) => Math.floor((nextUint32() / 0x1_0000_0000) * below),
    nextFraction: () => nextUint32() / 0x1_0000_0000,
  };
}
