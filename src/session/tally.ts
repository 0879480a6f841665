// Counts what a run saw, for the summary (contract G3).
import type { Clock } from '../clock.ts';
import type { Lost } from '../connection/items.ts';
import type { DiscardReason } from '../events/message-text.ts';
import type { Filtered, RunFigures } from '../ui/stream-messages.ts';

/** Discarded messages are told at most this often (contract G4). */
const DISCARD_REPORT_MS = 5_000;
/** A filter that has let nothing through for this long may not be what was meant. */
const UNMATCHED_REPORT_MS = 10_000;

export interface Tally {
  /** Events written so far. */
  events: number;
  /** Gaps so far. */
  gaps: number;
  /** Counts events that filters have looked at. */
  noteFiltered(received: number, matched: number): void;
  noteConnected(): void;
  noteLost(loss: Lost): void;
  /** The loss after which the stream has not been live again; undefined while it is. */
  readonly openGap: Lost | undefined;
  /** Counts discarded messages; they are told of at once, or with those of the next 5 s. */
  noteDiscarded(reasons: readonly DiscardReason[]): void;
  /** Tells of no more: the summary has them all. */
  end(): void;
  summarize(pausedMs: number): RunFigures;
}

export interface TallyListeners {
  /** With what was discarded and not yet told of. */
  discarded(reasons: ReadonlyMap<DiscardReason, number>): void;
  /** Once, if no event has matched the filters for a while: how many came. */
  unmatched(received: number): void;
}

/** Starts to count, and tells of what should be known before the end. */
export function startTally(clock: Clock, listeners: TallyListeners): Tally {
  const startedAtMs = clock.monotonicMs();
  const discarded = new Map<DiscardReason, number>();
  let untold = new Map<DiscardReason, number>();
  /** Set for DISCARD_REPORT_MS after each telling. */
  let cancelTelling: (() => void) | undefined;
  let connections = 0;
  let disconnectedMs = 0;
  let lostAtMs: number | undefined;
  let openGap: Lost | undefined;
  let filtered: Filtered | undefined;
  let cancelUnmatched: (() => void) | undefined;
  const tellUnmatched = (): void => {
    if (filtered?.matched === 0) listeners.unmatched(filtered.received);
  };
  const count = (map: Map<DiscardReason, number>, reason: DiscardReason): void => {
    map.set(reason, (map.get(reason) ?? 0) + 1);
  };
  const tell = (): void => {
    cancelTelling = undefined;
    if (untold.size === 0) return;
    const told = untold;
    untold = new Map();
    cancelTelling = clock.setTimer(tell, DISCARD_REPORT_MS);
    listeners.discarded(told);
  };
  return {
    events: 0,
    gaps: 0,
    noteFiltered(received, matched) {
      if (received === 0) return;
      cancelUnmatched ??= clock.setTimer(tellUnmatched, UNMATCHED_REPORT_MS);
      filtered = {
        received: (filtered?.received ?? 0) + received,
        matched: (filtered?.matched ?? 0) + matched,
      };
    },
    noteConnected() {
      connections += 1;
      if (lostAtMs !== undefined) disconnectedMs += clock.monotonicMs() - lostAtMs;
      lostAtMs = undefined;
      openGap = undefined;
    },
    noteLost(loss) {
      lostAtMs = clock.monotonicMs();
      openGap = loss;
    },
    get openGap() {
      return openGap;
    },
    noteDiscarded(reasons) {
      for (const reason of reasons) {
        count(discarded, reason);
        count(untold, reason);
      }
      if (cancelTelling === undefined) tell();
    },
    end() {
      cancelTelling?.();
      cancelUnmatched?.();
    },
    summarize(pausedMs) {
      const nowMs = clock.monotonicMs();
      return {
        events: this.events,
        durationMs: nowMs - startedAtMs,
        reconnects: Math.max(0, connections - 1),
        gaps: this.gaps,
        disconnectedMs: disconnectedMs + (lostAtMs === undefined ? 0 : nowMs - lostAtMs),
        pausedMs,
        discarded,
        filtered,
      };
    },
  };
}
