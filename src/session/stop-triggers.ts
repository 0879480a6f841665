// What ends a run from outside the stream: signals, bugs, durations, silence (contract S1, S2).
import type { Clock } from '../clock.ts';
import type { Io } from '../io/io.ts';
import type { Stop } from '../io/stop.ts';
import type { TailConfig } from '../settings/stream-config.ts';

export interface SilenceWatch {
  begin(): void;
  noteEvent(): void;
  end(): void;
}

/** Calls back once after `maxSilenceMs` without an event. Time with blocked output does not count. */
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

interface DrainableOutput {
  /** Discards what is not written within `ms`. */
  cutAfter(ms: number): void;
}

/** Time to write what is queued after a signal, `--timeout` or a bug (contract O6). */
const DRAIN_MS = 2_000;
/** After a bug, the process exits within this time in any case. */
const EXIT_AFTER_BUG_MS = 3_000;

/** @returns a function that removes all listeners and timers */
export function watchStopTriggers(
  config: Pick<TailConfig, 'durationMs' | 'timeoutMs'>,
  io: Io,
  stop: Stop,
  output?: DrainableOutput,
): () => void {
  const cancels: (() => void)[] = [];
  const unwatchSignals = io.onSignal((signal) => {
    stop.because({ kind: 'signal', signal });
    output?.cutAfter(DRAIN_MS);
  });
  let hadBug = false;
  const unwatchErrors = io.onUncaught((error) => {
    if (hadBug) return;
    hadBug = true;
    stop.because({ kind: 'fault', error });
    output?.cutAfter(DRAIN_MS);
    const rethrow = (): void => {
      // The handler of main.ts reports the error and exits.
      unwatchErrors();
      throw error;
    };
    cancels.push(io.clock.setTimer(rethrow, EXIT_AFTER_BUG_MS));
  });
  const { durationMs, timeoutMs } = config;
  if (durationMs !== undefined) {
    cancels.push(io.clock.setTimer(() => stop.because({ kind: 'duration' }), durationMs));
  }
  if (timeoutMs !== undefined) {
    const expire = (): void => {
      stop.because({ kind: 'timeout' });
      output?.cutAfter(DRAIN_MS);
    };
    cancels.push(io.clock.setTimer(expire, timeoutMs));
  }
  return () => {
    unwatchSignals();
    unwatchErrors();
    for (const cancel of cancels) cancel();
  };
}
