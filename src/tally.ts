// Counts what a run saw, for the summary (contract G3).
import type { StreamItem } from './connection/follow.ts';
import type { Clock } from './io.ts';
import type { DiscardReason } from './protocol/messages.ts';
import type { RunFigures } from './ui/words.ts';

/** Discarded messages are told at most this often (contract G4). */
const DISCARD_REPORT_MS = 5_000;

/** A live connection that ended. */
export type Loss = Extract<StreamItem, { kind: 'lost' }>;

export interface Tally {
  /** Events written so far. */
  events: number;
  noteConnected(): void;
  noteLost(loss: Loss): void;
  /** The loss after which the stream has not been live again; undefined while it is. */
  readonly openGap: Loss | undefined;
  /** Counts discarded messages; returns what is to be told now, if anything. */
  noteDiscarded(reasons: readonly DiscardReason[]): ReadonlyMap<string, number> | undefined;
  summarize(pausedMs: number): RunFigures;
}

export function startTally(clock: Clock): Tally {
  const startedAtMs = clock.monotonicMs();
  const discarded = new Map<string, number>();
  let untold = new Map<string, number>();
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let connections = 0;
  let disconnectedMs = 0;
  let lostAtMs: number | undefined;
  let openGap: Loss | undefined;
  const count = (map: Map<string, number>, reason: string): void => {
    map.set(reason, (map.get(reason) ?? 0) + 1);
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
      const nowMs = clock.monotonicMs();
      if (untold.size === 0 || nowMs - toldAtMs < DISCARD_REPORT_MS) return undefined;
      toldAtMs = nowMs;
      const told = untold;
      untold = new Map();
      return told;
    },
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
