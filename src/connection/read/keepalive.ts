// When to ping, and when a connection is dead (contract § 4): a pure machine over samples of time.
//
// Life is any byte read. Death is a ping outstanding and no byte for the pong timeout of *reading time*: time
// during which we were able to read. The clock of reading time stands still while reading is paused (K3) and
// is set back when the process itself was away (K4), since then nothing can be said about the other side.

export interface KeepaliveSettings {
  /** Ms between pings; 0 turns keepalive off. */
  readonly pingIntervalMs: number;
  /** Ms of reading time without a byte, with a ping outstanding, after which the connection is dead. */
  readonly pongTimeoutMs: number;
}

/** Times are monotonic ms, but for `wallMs`. */
export interface KeepaliveState {
  readonly lastTickMs: number;
  readonly lastWallMs: number;
  readonly nextPingMs: number;
  /** True from a ping until the next byte read. */
  readonly isPingOutstanding: boolean;
  /** Reading time since the last byte, or since the ping if that came later. */
  readonly silentMs: number;
}

export interface KeepaliveSample {
  readonly nowMs: number;
  readonly wallMs: number;
  /** Whether any byte was read since the last sample. */
  readonly hasRead: boolean;
  /** Whether reading is paused now, or was at any moment since the last sample. */
  readonly wasPaused: boolean;
}

export type KeepaliveVerdict = 'wait' | 'ping' | 'dead';

/** A tick that comes this much late means that the process was stopped or its loop was blocked. */
const LATE_MS = 500;
const MAX_TICK_MS = 1_000;
/** Wall and monotonic clock apart by more than this since the last tick: the machine slept, or the clock was set. */
const CLOCK_STEP_MS = 5_000;

/** Ms between ticks: fine enough for the verdict, coarse enough to cost nothing. */
export function computeTickMs({ pingIntervalMs, pongTimeoutMs }: KeepaliveSettings): number {
  if (pingIntervalMs === 0) return MAX_TICK_MS;
  const finest = Math.min(pingIntervalMs, pongTimeoutMs) / 8;
  return Math.min(MAX_TICK_MS, Math.max(10, finest));
}

export function startKeepalive(settings: KeepaliveSettings, nowMs: number, wallMs: number): KeepaliveState {
  return {
    lastTickMs: nowMs,
    lastWallMs: wallMs,
    nextPingMs: nowMs + settings.pingIntervalMs,
    isPingOutstanding: false,
    silentMs: 0,
  };
}

export interface KeepaliveTick {
  /** `ping` asks the caller to send one. */
  readonly verdict: KeepaliveVerdict;
  /** The process did not run, or the machine slept, for a while before this tick. */
  readonly wasAway: boolean;
  readonly state: KeepaliveState;
}

/** The verdict at one tick, and the state after it. With keepalive off it is always `wait`. */
export function tickKeepalive(
  settings: KeepaliveSettings,
  state: KeepaliveState,
  sample: KeepaliveSample,
): KeepaliveTick {
  const elapsedMs = sample.nowMs - state.lastTickMs;
  const tickMs = computeTickMs(settings);
  const hasClockStepped = Math.abs(sample.wallMs - state.lastWallMs - elapsedMs) > CLOCK_STEP_MS;
  const wasAway = elapsedMs > tickMs + LATE_MS || hasClockStepped;
  const next = {
    ...state,
    lastTickMs: sample.nowMs,
    lastWallMs: sample.wallMs,
    isPingOutstanding: state.isPingOutstanding && !sample.hasRead,
    silentMs: sample.hasRead ? 0 : state.silentMs + (sample.wasPaused ? 0 : elapsedMs),
  };
  if (settings.pingIntervalMs === 0) return { verdict: 'wait', wasAway, state: next };
  // Away or asleep: what the timers say is old. Read first, ping again, judge by that ping (K4).
  if (wasAway) return { verdict: 'ping', wasAway, state: notePing(settings, next, 0) };
  // After a late tick bytes may wait that nobody could read: one more tick, with reading in between, decides.
  const heardMs = elapsedMs > 1.5 * tickMs ? state.silentMs : next.silentMs;
  if (next.isPingOutstanding && heardMs >= settings.pongTimeoutMs) {
    return { verdict: 'dead', wasAway, state: next };
  }
  if (sample.nowMs < next.nextPingMs) return { verdict: 'wait', wasAway, state: next };
  const silentMs = next.isPingOutstanding ? next.silentMs : 0;
  return { verdict: 'ping', wasAway, state: notePing(settings, next, silentMs) };
}

function notePing(settings: KeepaliveSettings, state: KeepaliveState, silentMs: number): KeepaliveState {
  const nextPingMs = state.lastTickMs + settings.pingIntervalMs;
  return { ...state, nextPingMs, isPingOutstanding: true, silentMs };
}
