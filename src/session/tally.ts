// Counts what happens in a run, for the summary (contract G3).
import { type Clock, computeElapsedMs, type Moment, readClocks } from '../clock.ts';
import type { Lost } from '../connection/lifecycle.ts';
import type { DiscardReason } from '../events/message-text.ts';
import type { Filtered } from '../ui/format.ts';
import type { RunFigures } from './messages.ts';

/** Minimum interval between reports of discarded messages (contract G4). */
const DISCARD_REPORT_MS = 5_000;

type Counts = Map<DiscardReason, number>;

/** Called with what was discarded since the last call, at most every 5 s. */
type OnDiscarded = (reasons: ReadonlyMap<DiscardReason, number>) => void;

export class Tally {
  /** Events written. */
  events = 0;
  /** Gaps that have ended, and their total duration. */
  gaps = 0;
  gapMs = 0;
  connections = 0;
  /** Connections that are live now. */
  live = 0;

  /** Connections, except the first, that did not replace another one. */
  #additional = 0;
  /** A loss was counted as a gap that has not been reported yet. */
  #isGapCounted = false;
  readonly #clock: Clock;
  readonly #onDiscarded: OnDiscarded;
  readonly #started: Moment;
  readonly #discarded: Counts = new Map();
  #unreported: Counts = new Map();
  /** Set for DISCARD_REPORT_MS after each report. */
  #cancelDiscardTimer: (() => void) | undefined;
  #disconnectedMs = 0;
  /** The last loss, until the stream is live again. */
  #lost: { readonly loss: Lost; readonly at: Moment; readonly isGap: boolean } | undefined;
  #filtered: Filtered | undefined;

  constructor(clock: Clock, onDiscarded: OnDiscarded) {
    this.#clock = clock;
    this.#onDiscarded = onDiscarded;
    this.#started = readClocks(clock);
  }

  noteFiltered(received: number, matched: number): void {
    if (received === 0) return;
    this.#filtered = {
      received: (this.#filtered?.received ?? 0) + received,
      matched: (this.#filtered?.matched ?? 0) + matched,
    };
  }

  get isDisconnected(): boolean {
    return this.live === 0;
  }

  /** @param isAdditional one more connection, which does not replace another one */
  noteConnected(isAdditional = false): void {
    this.connections += 1;
    if (isAdditional) this.#additional += 1;
    this.live += 1;
    this.#disconnectedMs += this.#absentMs;
    this.#lost = undefined;
  }

  /** @param isGap false if the source resumes where it stopped */
  noteLost(loss: Lost, isGap: boolean): void {
    this.live = loss.others?.length ?? 0;
    if (loss.others !== undefined) return;
    this.#isGapCounted = isGap;
    this.#lost = { loss, at: readClocks(this.#clock), isGap };
  }

  /** Whether the gap that is reported now was counted at the loss. */
  takeCountedGap(): boolean {
    const isCounted = this.#isGapCounted;
    this.#isGapCounted = false;
    return isCounted;
  }

  noteGap(durationMs: number): void {
    this.gaps += 1;
    this.gapMs += durationMs;
  }

  get openGap(): { readonly loss: Lost; readonly durationMs: number } | undefined {
    if (this.#lost?.isGap !== true) return undefined;
    const { loss, at } = this.#lost;
    const silentMs = Math.max(0, at.wallMs - loss.lastByteAtMs);
    return { loss, durationMs: silentMs + this.#absentMs };
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
  }

  summarize(pausedMs: number): RunFigures {
    const { openGap } = this;
    return {
      events: this.events,
      durationMs: computeElapsedMs(this.#clock, this.#started),
      reconnects: Math.max(0, this.connections - 1 - this.#additional),
      gaps: this.gaps + (openGap === undefined ? 0 : 1),
      isGapOpen: openGap !== undefined,
      gapMs: this.gapMs + (openGap?.durationMs ?? 0),
      disconnectedMs: this.#disconnectedMs + this.#absentMs,
      pausedMs,
      discarded: this.#discarded,
      filtered: this.#filtered,
    };
  }

  /** Time since the last loss, until the stream is live again. */
  get #absentMs(): number {
    return this.#lost === undefined ? 0 : computeElapsedMs(this.#clock, this.#lost.at);
  }

  #reportDiscarded(): void {
    this.#cancelDiscardTimer = undefined;
    if (this.#unreported.size === 0) return;
    const reported = this.#unreported;
    this.#unreported = new Map();
    this.#cancelDiscardTimer = this.#clock.setTimer(() => this.#reportDiscarded(), DISCARD_REPORT_MS);
    this.#onDiscarded(reported);
  }
}
