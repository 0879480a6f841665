// Drives keepalive.ts on one connection: samples at each tick, pings, and the news that it is dead.
import type { Clock } from '../../clock.ts';
import { computeTickMs, type KeepaliveSettings, startKeepalive, tickKeepalive } from './keepalive.ts';

/** What the heart of a connection needs from its body. */
export interface HeartbeatHooks {
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

  readonly #settings: KeepaliveSettings;
  readonly #clock: Clock;
  readonly #hooks: HeartbeatHooks;
  #hasRead = false;
  #wasPaused = false;
  /** Pings without a pong, the earliest first: the service answers each, in order. */
  #openPings: OpenPing[] = [];
  #cancelTick: () => void = () => {};

  constructor(settings: KeepaliveSettings, clock: Clock, hooks: HeartbeatHooks) {
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
