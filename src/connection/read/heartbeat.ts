// When to ping, and when a connection is dead (contract § 4).
//
// Any byte that is read proves the peer alive. A connection is dead if no byte was read for the pong timeout while a
// ping was outstanding. The timeout counts only reading time, which stops while reading is paused (K3), and starts
// again at 0 after the process was suspended (K4).
import type { Clock } from '../../clock.ts';

export interface KeepaliveConfig {
  /** 0 turns keepalive off. */
  readonly pingIntervalMs: number;
  /** Counts only reading time. */
  readonly pongTimeoutMs: number;
}

interface HeartbeatCallbacks {
  isPaused(): boolean;
  sendPing(): void;
  /** Called once, with the reading time since the last byte or ping; the heartbeat then ends. */
  onDead(silentMs: number): void;
  /** No byte was read for half of the pong timeout; called once for each outstanding ping. */
  onSuspect(): void;
  /** Called after the process was suspended or blocked, after the machine slept, and when the wall clock was set. */
  onSuspended(): void;
}

interface OpenPing {
  readonly sentAtMs: number;
  readonly onPong: (roundTripMs: number) => void;
}

const MAX_TICK_MS = 1_000;
/** A tick that is later than this means that the process was suspended or its event loop blocked. */
const LATE_MS = 500;
/** If wall and monotonic clock diverge by more than this in a tick, the machine slept or the wall clock was set. */
const CLOCK_STEP_MS = 5_000;
/** Bounds the memory for pings that the server never answers while it keeps sending other data. */
const MAX_OPEN_PINGS = 1_000;

export class Heartbeat {
  roundTripMs: number | undefined;

  readonly #config: KeepaliveConfig;
  readonly #clock: Clock;
  readonly #callbacks: HeartbeatCallbacks;
  readonly #tickMs: number;
  #isRunning = false;
  /** Whether a byte was read, and whether reading was paused, since the last tick. */
  #hasRead = false;
  #wasPaused = false;
  #lastTickMs = 0;
  #lastWallMs = 0;
  #nextPingMs = 0;
  /** True from a ping until the next byte is read. */
  #isPingOutstanding = false;
  #isSuspect = false;
  /** Reading time since the last byte, or since the ping if that is later. */
  #silentMs = 0;
  /** The earliest first. The service answers each ping, in order. */
  readonly #openPings: OpenPing[] = [];
  #cancelTick: () => void = () => {};

  constructor(config: KeepaliveConfig, clock: Clock, callbacks: HeartbeatCallbacks) {
    this.#config = config;
    this.#clock = clock;
    this.#callbacks = callbacks;
    const { pingIntervalMs, pongTimeoutMs } = config;
    const idealTickMs = pingIntervalMs === 0 ? MAX_TICK_MS : Math.min(pingIntervalMs, pongTimeoutMs) / 8;
    this.#tickMs = Math.min(MAX_TICK_MS, Math.max(10, idealTickMs));
  }

  start(): void {
    this.#isRunning = true;
    this.#lastTickMs = this.#clock.monotonicMs();
    this.#lastWallMs = this.#clock.wallMs();
    this.#nextPingMs = this.#lastTickMs + this.#config.pingIntervalMs;
    this.#scheduleTick();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelTick();
  }

  /** Pings outside of the interval, and resolves with the round trip in ms. */
  ping(): Promise<number> {
    return new Promise((resolve) => this.#sendPing(resolve));
  }

  /** Call it before `Arrival.noteRead`: after a suspension, reads may come before the late tick. */
  noteRead(): void {
    if (this.#isRunning && this.#wasSuspended()) this.#callbacks.onSuspended();
    this.#hasRead = true;
  }

  notePaused(): void {
    this.#wasPaused = true;
  }

  /** The text `pong` arrived (contract K1). */
  notePong(): void {
    const ping = this.#openPings.shift();
    if (ping === undefined) return;
    this.roundTripMs = this.#clock.monotonicMs() - ping.sentAtMs;
    ping.onPong(this.roundTripMs);
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.setTimer(() => this.#tick(), this.#tickMs);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    const elapsedMs = nowMs - this.#lastTickMs;
    const wasSuspended = this.#wasSuspended(nowMs, wallMs);
    const isPaused = this.#callbacks.isPaused();
    const silentBeforeMs = this.#silentMs;
    if (this.#hasRead) {
      this.#silentMs = 0;
      this.#isPingOutstanding = false;
      this.#isSuspect = false;
    } else if (!isPaused && !this.#wasPaused) {
      this.#silentMs += elapsedMs;
    }
    this.#lastTickMs = nowMs;
    this.#lastWallMs = wallMs;
    this.#hasRead = false;
    this.#wasPaused = isPaused;

    if (wasSuspended) this.#callbacks.onSuspended();
    if (this.#config.pingIntervalMs > 0) {
      // After a late tick, bytes may be waiting to be read, so the next tick decides.
      const silentMs = elapsedMs > 1.5 * this.#tickMs ? silentBeforeMs : this.#silentMs;
      const { pongTimeoutMs } = this.#config;
      const isDead = this.#isPingOutstanding && silentMs >= pongTimeoutMs;
      const isSuspect = this.#isPingOutstanding && silentMs >= pongTimeoutMs / 2;
      if (isSuspect && !wasSuspended && !isDead && !this.#isSuspect) {
        this.#isSuspect = true;
        this.#callbacks.onSuspect();
      }
      if (isDead && !wasSuspended) {
        this.#callbacks.onDead(this.#silentMs);
        return;
      }
      // Silence during a suspension proves nothing; only silence after a new ping does (K4).
      if (wasSuspended || nowMs >= this.#nextPingMs) {
        if (wasSuspended || !this.#isPingOutstanding) this.#silentMs = 0;
        this.#isPingOutstanding = true;
        this.#nextPingMs = nowMs + this.#config.pingIntervalMs;
        this.#sendPing();
      }
    }
    this.#scheduleTick();
  }

  #wasSuspended(nowMs = this.#clock.monotonicMs(), wallMs = this.#clock.wallMs()): boolean {
    const elapsedMs = nowMs - this.#lastTickMs;
    const hasClockStepped = Math.abs(wallMs - this.#lastWallMs - elapsedMs) > CLOCK_STEP_MS;
    return elapsedMs > this.#tickMs + LATE_MS || hasClockStepped;
  }

  #sendPing(onPong: OpenPing['onPong'] = () => {}): void {
    if (this.#openPings.length < MAX_OPEN_PINGS) {
      this.#openPings.push({ sentAtMs: this.#clock.monotonicMs(), onPong });
    }
    this.#callbacks.sendPing();
  }
}
