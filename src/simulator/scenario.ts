// What a scenario is: for each upgrade either a refusal or a timeline of steps. Plain data, so that the
// named scenarios, a script and the tests all drive the same engine (perform.ts).
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { Refusal } from './refusal.ts';

const MAX_DEBT_MS = 250;
/** No wait is shorter than this: at high rates several events share a tick. */
const MIN_WAIT_MS = 4;
/** No wait is longer than this, so that no timer overflows. */
const MAX_WAIT_MS = 60_000;

export interface Pace {
  /** How many events may be sent now; Infinity if there is no limit. */
  countDue(nowMs: number): number;
  /** Tells that `count` events were sent. */
  advance(count: number): void;
  /** How long to wait, in ms, before asking again. */
  getWaitMs(nowMs: number): number;
}

/**
 * Starts a pace whose first event is due at once.
 * @param ratePerSecond 0 for none at all, Infinity for as many as the client takes
 */
export function startPace(ratePerSecond: number, nowMs: number): Pace {
  const periodMs = 1000 / ratePerSecond;
  let nextDueMs = ratePerSecond === 0 ? Number.POSITIVE_INFINITY : nowMs;
  return {
    countDue(now) {
      if (now < nextDueMs) return 0;
      nextDueMs = Math.max(nextDueMs, now - MAX_DEBT_MS);
      return periodMs === 0 ? Number.POSITIVE_INFINITY : Math.floor((now - nextDueMs) / periodMs) + 1;
    },
    advance(count) {
      nextDueMs += count * periodMs;
    },
    getWaitMs: (now) => Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, nextDueMs - now)),
  };
}

/** Longest delay that a timer keeps, in ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits `ms`; rejects once the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let leftMs = ms;
  do {
    const partMs = Math.min(leftMs, MAX_TIMER_MS);
    leftMs -= partMs;
    await sleep(partMs, undefined, { signal });
  } while (leftMs > 0);
}

/** One step of a timeline; the next one starts when it is done. */
export type Step =
  /** The welcome message, naming the prefix of the accepted key. */
  | { readonly do: 'welcome' }
  /** Events; until `count`, `forMs` or the end of the source. `copies` repeats each one (default 1). */
  | {
      readonly do: 'events';
      readonly count?: number;
      readonly forMs?: number;
      readonly ratePerSecond?: number;
      readonly copies?: number;
    }
  /** Events whose frames arrive in pieces of `pieceBytes`, one each `everyMs`. */
  | { readonly do: 'drip'; readonly count?: number; readonly pieceBytes: number; readonly everyMs: number }
  /** Texts from elsewhere, as they come; `open` is called for each connection, `signal` aborts with its end. */
  | { readonly do: 'feed'; open(signal: AbortSignal): AsyncIterable<readonly string[]> }
  | { readonly do: 'wait'; readonly ms: number }
  /** How pings of both kinds are answered from here on. `delayMs` makes each pong late. */
  | { readonly do: 'pongs'; readonly answer: boolean; readonly delayMs?: number }
  | { readonly do: 'text'; readonly text: string }
  | { readonly do: 'binary'; readonly hex: string }
  /** Bytes on the wire as they are, outside of any frame. */
  | { readonly do: 'raw'; readonly hex: string }
  /** Answers each further upgrade with this key by this refusal. */
  | { readonly do: 'refuse-key'; readonly refusal: Refusal }
  /** A close frame; without a code it is empty. 1006 ends the connection without one. */
  | { readonly do: 'close'; readonly code?: number; readonly reason?: string }
  /** A TCP reset, `midFrame` after the first half of an event's frame. */
  | { readonly do: 'reset'; readonly midFrame?: boolean }
  /** Without `times` for as long as there are events. */
  | { readonly do: 'repeat'; readonly times?: number; readonly steps: readonly Step[] };

/** What happens to one upgrade. After the last step the connection stays open, quiet, answering pings. */
export type Act = { readonly refuse: Refusal } | { readonly steps: readonly Step[] };

export interface Scenario {
  /** One line for people. */
  readonly summary: string;
  /**
   * The act for an upgrade with an accepted key.
   * @param attempt how many upgrades there were with this key before: 0 for the first
   * @param random numbers that depend on the seed and `attempt` alone
   */
  getAct(attempt: number, random: Random): Act;
}
