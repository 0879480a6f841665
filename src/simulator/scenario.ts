// What a scenario is: for each upgrade either a refusal or a timeline of steps. Plain data, so that the
// named scenarios, a script and the tests all drive the same engine (perform.ts).

import type { Random } from './random.ts';
import type { Refusal } from './refusal.ts';

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
