// Counts what a run saw, for the summary (contract G3).

import type { Clock } from './clock.ts';
import type { Lost } from './connection/items.ts';
import type { DiscardReason } from './protocol/messages.ts';
import type { RunFigures } from './ui/words.ts';

/** Discarded messages are told at most this often (contract G4). */
const DISCARD_REPORT_MS = 5_000;

export interface Tally {
  /** Events written so far. */
  events: number;
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

/** Starts to count; `tellDiscarded` is called with what was discarded and not yet told of. */
export function startTally(
  clock: Clock,
  tellDiscarded: (discarded: ReadonlyMap<DiscardReason, number>) => void,
): Tally {
  const startedAtMs = clock.monotonicMs();
  const discarded = new Map<DiscardReason, number>();
  let untold = new Map<DiscardReason, number>();
  /** Set for DISCARD_REPORT_MS after each telling. */
  let cancelTelling: (() => void) | undefined;
  let connections = 0;
  let disconnectedMs = 0;
  let lostAtMs: number | undefined;
  let openGap: Lost | undefined;
  const count = (map: Map<DiscardReason, number>, reason: DiscardReason): void => {
    map.set(reason, (map.get(reason) ?? 0) + 1);
  };
  const tell = (): void => {
    cancelTelling = undefined;
    if (untold.size === 0) return;
    const told = untold;
    untold = new Map();
    cancelTelling = clock.setTimer(tell, DISCARD_REPORT_MS);
    tellDiscarded(told);
  };
  return {
    events: 0,
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
    end: () => cancelTelling?.(),
    summarize(pausedMs) {
      const nowMs = clock.monotonicMs();
      return {
        events: this.events,
        durationMs: nowMs - startedAtMs,
        reconnects: Math.max(0, connections - 1),
        disconnectedMs: disconnectedMs + (lostAtMs === undefined ? 0 : nowMs - lostAtMs),
        pausedMs,
        discarded,
      };
    },
  };
}
