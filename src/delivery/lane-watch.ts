// Watches one lane and tells when it falls behind its window, and when it has caught up: only what lasts for a
// moment is worth a line, since a burst is behind for a few milliseconds all the time.
import type { Clock } from '../clock.ts';
import type { Reporter } from '../ui/reporter.ts';
import type { Lane } from './lane.ts';
import { sayCaughtUp, saySpooling } from './words.ts';

export interface LaneWatch {
  /** To be called whenever records were added or acknowledged. */
  look(): void;
  end(): void;
}

/** What lasts for longer is told; a pause of reading comes behind it, and is told later. */
const BEHIND_WORTH_TELLING_MS = 500;

export function watchLane(lane: Lane, window: number, clock: Clock, reporter: Reporter): LaneWatch {
  let cancel: (() => void) | undefined;
  let isToldBehind = false;
  const tellBehind = (): void => {
    isToldBehind = true;
    reporter.report(saySpooling(lane.sink.name, lane.pending, window));
  };
  return {
    look() {
      if (lane.pending > window) {
        if (!isToldBehind) cancel ??= clock.setTimer(tellBehind, BEHIND_WORTH_TELLING_MS);
        return;
      }
      cancel?.();
      cancel = undefined;
      if (isToldBehind) reporter.report(sayCaughtUp(lane.sink.name));
      isToldBehind = false;
    },
    end: () => cancel?.(),
  };
}
