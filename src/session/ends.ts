// Everything that can end a run from outside the stream: signals, faults of our own, durations, silence
// (contract S1, S2).

import type { Clock } from '../clock.ts';
import type { EndSignal, Io } from '../io/io.ts';
import type { Stop } from '../io/stop.ts';
import type { TailConfig } from '../settings/stream-config.ts';

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

/** What can be told to hurry. */
interface Cuttable {
  /** Gives up on what cannot be written within `ms`. */
  cutAfter(ms: number): void;
}

/** After a signal, `--timeout` or a fault, what is queued has this long to be written (contract O6). */
const DRAIN_MS = 2_000;
/** After a fault of our own the process ends within this time, come what may. */
const END_AFTER_FAULT_MS = 3_000;

/**
 * Watches for all of them; returns a function that ends the watch.
 *
 * @param output what a run queues; absent for a run that queues nothing
 */
export function watchEnds(
  config: Pick<TailConfig, 'durationMs' | 'timeoutMs'>,
  io: Io,
  stop: Stop,
  output?: Cuttable,
): () => void {
  const onSignal = (signal: EndSignal): void => {
    stop.because({ kind: 'signal', signal });
    output?.cutAfter(DRAIN_MS);
  };
  const undo = [watchSignals(io, onSignal), watchFaults(io, stop, output)];
  if (config.durationMs !== undefined) {
    undo.push(io.clock.setTimer(() => stop.because({ kind: 'duration' }), config.durationMs));
  }
  if (config.timeoutMs !== undefined) {
    const expire = (): void => {
      stop.because({ kind: 'timeout' });
      output?.cutAfter(DRAIN_MS);
    };
    undo.push(io.clock.setTimer(expire, config.timeoutMs));
  }
  return () => {
    for (const one of undo) one();
  };
}

/** The first signal is told, a second one ends the process at once (contract S1). */
function watchSignals(io: Io, onFirst: (signal: EndSignal) => void): () => void {
  let isSecond = false;
  return io.onSignal((signal) => {
    if (isSecond) io.dieBySignal(signal);
    isSecond = true;
    onFirst(signal);
  });
}

/** A bug ends the run with what was queued written; what it breaks besides is no news (contract S2). */
function watchFaults(io: Io, stop: Stop, output: Cuttable | undefined): () => void {
  let cancel: (() => void) | undefined;
  const unwatch = io.onUncaught((error) => {
    if (cancel !== undefined) return;
    stop.because({ kind: 'fault', error });
    output?.cutAfter(DRAIN_MS);
    cancel = io.clock.setTimer(() => {
      // Handed on to whoever watched before: it says what happened and ends the process.
      unwatch();
      throw error;
    }, END_AFTER_FAULT_MS);
  });
  return () => {
    cancel?.();
    unwatch();
  };
}
