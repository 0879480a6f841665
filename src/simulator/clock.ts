// The two clocks behind the timestamps of simulated events: the real one, and one that a seed fixes.

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
