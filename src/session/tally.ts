// Counts what happens in a run, for the summary (contract G3).
import type { Clock } from '../clock.ts';
import type { Lost } from '../connection/lifecycle.ts';
import type { DiscardReason } from '../events/message-text.ts';
import type { Filtered, RunFigures } from '../ui/stream-messages.ts';

/** Minimum distance between reports of discarded messages (contract G4). */
const DISCARD_REPORT_MS = 5_000;
/** A filter that matches nothing for this long is probably wrong. */
const UNMATCHED_REPORT_MS = 10_000;

type Counts = Map<DiscardReason, number>;

export interface TallyListeners {
  /** Called with what was discarded since the last call: at once, then every 5 s at most. */
  onDiscarded(reasons: ReadonlyMap<DiscardReason, number>): void;
  /** Called once, with the number of events received, if none has matched the filters for a while. */
  onUnmatched(received: number): void;
}

export class Tally {
  /** Events written. */
  events = 0;
  gaps = 0;
  /** The last loss, until the stream is live again. */
  openGap: Lost | undefined;

  readonly #clock: Clock;
  readonly #listeners: TallyListeners;
  readonly #startedAtMs: number;
  readonly #discarded: Counts = new Map();
  #unreported: Counts = new Map();
  /** Set for DISCARD_REPORT_MS after each report. */
  #cancelDiscardTimer: (() => void) | undefined;
  #cancelUnmatchedTimer: (() => void) | undefined;
  #connections = 0;
  #disconnectedMs = 0;
  #lostAtMs: number | undefined;
  #filtered: Filtered | undefined;

  constructor(clock: Clock, listeners: TallyListeners) {
    this.#clock = clock;
    this.#listeners = listeners;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** Counts events that went through the filters. */
  noteFiltered(received: number, matched: number): void {
    if (received === 0) return;
    this.#cancelUnmatchedTimer ??= this.#clock.setTimer(() => {
      if (this.#filtered?.matched === 0) this.#listeners.onUnmatched(this.#filtered.received);
    }, UNMATCHED_REPORT_MS);
    this.#filtered = {
      received: (this.#filtered?.received ?? 0) + received,
      matched: (this.#filtered?.matched ?? 0) + matched,
    };
  }

  noteConnected(): void {
    this.#connections += 1;
    if (this.#lostAtMs !== undefined) this.#disconnectedMs += this.#clock.monotonicMs() - this.#lostAtMs;
    this.#lostAtMs = undefined;
    this.openGap = undefined;
  }

  noteLost(loss: Lost): void {
    this.#lostAtMs = this.#clock.monotonicMs();
    this.openGap = loss;
  }

  noteDiscarded(reasons: readonly DiscardReason[]): void {
    for (const reason of reasons) {
      for (const counts of [this.#discarded, this.#unreported]) {
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
    }
    if (this.#cancelDiscardTimer === undefined) this.#reportDiscarded();
  }

  /** Reports nothing more; the summary has the rest. */
  end(): void {
    this.#cancelDiscardTimer?.();
    this.#cancelUnmatchedTimer?.();
  }

  summarize(pausedMs: number): RunFigures {
    const nowMs = this.#clock.monotonicMs();
    return {
      events: this.events,
      durationMs: nowMs - this.#startedAtMs,
      reconnects: Math.max(0, this.#connections - 1),
      gaps: this.gaps,
      disconnectedMs: this.#disconnectedMs + (this.#lostAtMs === undefined ? 0 : nowMs - this.#lostAtMs),
      pausedMs,
      discarded: this.#discarded,
      filtered: this.#filtered,
    };
  }

  #reportDiscarded(): void {
    this.#cancelDiscardTimer = undefined;
    if (this.#unreported.size === 0) return;
    const reported = this.#unreported;
    this.#unreported = new Map();
    this.#cancelDiscardTimer = this.#clock.setTimer(() => this.#reportDiscarded(), DISCARD_REPORT_MS);
    this.#listeners.onDiscarded(reported);
  }
}
