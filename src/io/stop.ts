// Why a run ends, and everything that waits is told at once.
//
// The first reason wins, unless a weightier one comes while what is queued is still being written: lines
// that a signal cut off must not end in the 0 of a limit that was reached (contract O6, S1).
import { EXIT, type ExitCode, isAtlantisError } from '../errors.ts';
import type { EndSignal, Outcome } from './io.ts';
import type { WriteFailure } from './line-writer.ts';

export type StopReason =
  | { readonly kind: 'limit' | 'duration' | 'timeout' | 'silence' | 'gap' }
  | { readonly kind: 'signal'; readonly signal: EndSignal }
  | { readonly kind: 'output'; readonly failure: WriteFailure }
  | { readonly kind: 'gave-up'; readonly exitCode: ExitCode }
  | { readonly kind: 'fault'; readonly error: unknown };

export interface Stop {
  readonly signal: AbortSignal;
  readonly reason: StopReason | undefined;
  /** Ends the run for this reason, unless it is ending already for one that weighs as much. */
  because(reason: StopReason): void;
}

export function createStop(): Stop {
  const controller = new AbortController();
  let current: StopReason | undefined;
  return {
    signal: controller.signal,
    get reason() {
      return current;
    },
    because(reason) {
      if (current === undefined || weigh(reason) > weigh(current)) current = reason;
      controller.abort();
    },
  };
}

/** An end that was asked for gives way to a failure, that to a signal, and all to a bug of ours. */
function weigh(reason: StopReason): number {
  if (reason.kind === 'limit' || reason.kind === 'duration') return 0;
  if (reason.kind === 'signal') return 2;
  return reason.kind === 'fault' && !isAtlantisError(reason.error) ? 3 : 1;
}

/** Contract § 2. */
export function toOutcome(reason: StopReason): Outcome {
  switch (reason.kind) {
    case 'limit':
    case 'duration':
      return { exitCode: EXIT.ok };
    case 'timeout':
      return { exitCode: EXIT.timeout };
    case 'silence':
      return { exitCode: EXIT.silence };
    case 'gap':
      return { exitCode: EXIT.gap };
    case 'signal':
      return { signal: reason.signal };
    case 'gave-up':
      return { exitCode: reason.exitCode };
    case 'fault':
      return { exitCode: isAtlantisError(reason.error) ? reason.error.exitCode : EXIT.bug };
    case 'output':
      if (reason.failure === 'reader-gone') return { exitCode: EXIT.ok };
      if (reason.failure === 'terminal-gone') return { signal: 'SIGHUP' };
      return { exitCode: reason.failure.exitCode };
  }
}
