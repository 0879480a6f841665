// Watches for a connection on which nothing comes (`--max-silence`, exit 13).
import type { Clock } from '../clock.ts';

export interface SilenceWatch {
  /** The connection is live: the time begins. */
  begin(): void;
  noteEvent(): void;
  /** The connection ended: nothing is expected. */
  end(): void;
}

/** Calls back once when a live connection brought no event for `maxSilenceMs`; never while the output is blocked. */
export function createSilenceWatch(
  maxSilenceMs: number | undefined,
  clock: Clock,
  output: { readonly blockedSinceMs: number | undefined },
  onSilence: () => void,
): SilenceWatch {
  if (maxSilenceMs === undefined) return { begin() {}, noteEvent() {}, end() {} };
  let lastEventMs = 0;
  let cancel: () => void = () => {};
  const arm = (ms: number): void => {
    cancel = clock.setTimer(() => {
      // While we do not read, silence is ours.
      if (output.blockedSinceMs !== undefined) lastEventMs = clock.monotonicMs();
      const leftMs = lastEventMs + maxSilenceMs - clock.monotonicMs();
      if (leftMs > 0) arm(leftMs);
      else onSilence();
    }, ms);
  };
  return {
    begin() {
      cancel();
      lastEventMs = clock.monotonicMs();
      arm(maxSilenceMs);
    },
    noteEvent() {
      lastEventMs = clock.monotonicMs();
    },
    end: () => cancel(),
  };
}
