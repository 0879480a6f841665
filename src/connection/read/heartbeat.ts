// When to ping, and when a connection is dead (contract § 4): a pure machine over samples of time, and the
// heartbeat that drives it on one connection.
//
// Life is any byte read. Death is a ping outstanding and no byte for the pong timeout of *reading time*: time
// during which this process was able to read. That time does not advance while reading is paused (K3), and is
// reset after the process itself was suspended (K4), since then nothing is known about the other side.
import type { Clock } from '../../clock.ts';

export interface KeepaliveConfig {
  /** Ms between pings; 0 turns keepalive off. */
  readonly pingIntervalMs: number;
  /** Ms of reading time without a byte, with a ping outstanding, after which the connection is dead. */
  readonly pongTimeoutMs: number;
}

/** Times are monotonic ms, but for `wallMs`. */
interface KeepaliveState {
  readonly lastTickMs: number;
  readonly lastWallMs: number;
  readonly nextPingMs: number;
  /** True from a ping until the next byte read. */
  readonly isPingOutstanding: boolean;
  /** Reading time since the last byte, or since the ping if that came later. */
  readonly silentMs: number;
}

interface KeepaliveSample {
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
export function computeTickMs({ pingIntervalMs, pongTimeoutMs }: KeepaliveConfig): number {
  if (pingIntervalMs === 0) return MAX_TICK_MS;
  const finest = Math.min(pingIntervalMs, pongTimeoutMs) / 8;
  return Math.min(MAX_TICK_MS, Math.max(10, finest));
}

export function startKeepalive(settings: KeepaliveConfig, nowMs: number, wallMs: number): KeepaliveState {
  return {
    lastTickMs: nowMs,
    lastWallMs: wallMs,
    nextPingMs: nowMs + settings.pingIntervalMs,
    isPingOutstanding: false,
    silentMs: 0,
  };
}

interface KeepaliveTick {
  /** `ping` asks the caller to send one. */
  readonly verdict: KeepaliveVerdict;
  /** The process did not run, or the machine slept, for a while before this tick. */
  readonly wasAway: boolean;
  readonly state: KeepaliveState;
}

/** The verdict at one tick, and the state after it. With keepalive off it is always `wait`. */
export function tickKeepalive(
  settings: KeepaliveConfig,
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

function notePing(settings: KeepaliveConfig, state: KeepaliveState, silentMs: number): KeepaliveState {
  const nextPingMs = state.lastTickMs + settings.pingIntervalMs;
  return { ...state, nextPingMs, isPingOutstanding: true, silentMs };
}

/** What a heartbeat needs from its connection. */
interface HeartbeatHooks {
  /** Whether reading is paused now. */
  isPaused(): boolean;
  sendPing(): void;
  /** Nothing was heard for this much reading time after a ping; called once, and no tick follows. */
  onDead(silentMs: number): void;
  /** The process did not run for a while. */
  onAway(): void;
}

interface OpenPing {
  readonly sentAtMs: number;
  readonly onPong: (roundTripMs: number) => void;
}

/** A server may leave pings unanswered for as long as it sends anything else. */
const MAX_OPEN_PINGS = 1_000;

export class Heartbeat {
  /** Round trip of the last answered ping in ms, or undefined. */
  roundTripMs: number | undefined;

  readonly #settings: KeepaliveConfig;
  readonly #clock: Clock;
  readonly #hooks: HeartbeatHooks;
  #hasRead = false;
  #wasPaused = false;
  /** Pings without a pong, the earliest first: the service answers each, in order. */
  #openPings: OpenPing[] = [];
  #cancelTick: () => void = () => {};

  constructor(settings: KeepaliveConfig, clock: Clock, hooks: HeartbeatHooks) {
    this.#settings = settings;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  start(): void {
    let state = startKeepalive(this.#settings, this.#clock.monotonicMs(), this.#clock.wallMs());
    const tickMs = computeTickMs(this.#settings);
    const tick = (): void => {
      const isPaused = this.#hooks.isPaused();
      const nowMs = this.#clock.monotonicMs();
      const wallMs = this.#clock.wallMs();
      const wasPaused = isPaused || this.#wasPaused;
      const ticked = tickKeepalive(this.#settings, state, {
        nowMs,
        wallMs,
        hasRead: this.#hasRead,
        wasPaused,
      });
      state = ticked.state;
      this.#hasRead = false;
      this.#wasPaused = isPaused;
      if (ticked.wasAway) this.#hooks.onAway();
      if (ticked.verdict === 'dead') {
        this.#hooks.onDead(state.silentMs);
        return;
      }
      if (ticked.verdict === 'ping') this.#sendPing();
      this.#cancelTick = this.#clock.setTimer(tick, tickMs);
    };
    this.#cancelTick = this.#clock.setTimer(tick, tickMs);
  }

  /** Pings outside of the interval; resolves with the round trip in ms once the pong has come. */
  ping(): Promise<number> {
    return new Promise((resolve) => this.#sendPing(resolve));
  }

  #sendPing(onPong: OpenPing['onPong'] = () => {}): void {
    if (this.#openPings.length < MAX_OPEN_PINGS)
      this.#openPings.push({ sentAtMs: this.#clock.monotonicMs(), onPong });
    this.#hooks.sendPing();
  }

  /** No timer is left behind. */
  stop(): void {
    this.#cancelTick();
  }

  noteRead(): void {
    this.#hasRead = true;
  }

  notePaused(): void {
    this.#wasPaused = true;
  }

  /** The text `pong` came (contract K1). */
  notePong(): void {
    const ping = this.#openPings.shift();
    if (ping === undefined) return;
    this.roundTripMs = this.#clock.monotonicMs() - ping.sentAtMs;
    ping.onPong(this.roundTripMs);
  }
}
