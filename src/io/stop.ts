// Why a run ends, and the signal that aborts everything that waits.
//
// The first reason wins, unless one of a higher priority follows: a run that has reached its limit does not exit 0 if a
// signal then cuts off its output (contract O6, S1).
import { EXIT, type ExitCode, isAtlantisError } from '../errors.ts';
import type { Outcome } from './io.ts';
import type { WriteFailure } from './line-writer.ts';
import type { EndSignal } from './signals.ts';

export type StopReason =
  | { readonly kind: 'limit' | 'duration' | 'quit' | 'timeout' | 'silence' | 'gap' }
  | { readonly kind: 'signal'; readonly signal: EndSignal }
  | { readonly kind: 'output'; readonly failure: WriteFailure }
  | { readonly kind: 'gave-up'; readonly exitCode: ExitCode }
  | { readonly kind: 'fault'; readonly error: unknown };

export interface Stop {
  readonly signal: AbortSignal;
  readonly reason: StopReason | undefined;
  /** Has no effect if the run already ends for a reason of the same or a higher priority. */
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
      if (current === undefined || priorityOf(reason) > priorityOf(current)) current = reason;
      controller.abort();
    },
  };
}

/** From low to high: a requested end, a failure, a signal, a bug. */
function priorityOf(reason: StopReason): number {
  if (reason.kind === 'limit' || reason.kind === 'duration' || reason.kind === 'quit') return 0;
  if (reason.kind === 'signal') return 2;
  return reason.kind === 'fault' && !isAtlantisError(reason.error) ? 3 : 1;
}

/** Contract § 2. */
export function toOutcome(reason: StopReason): Outcome {
  switch (reason.kind) {
    case 'limit':
    case 'duration':
    case 'quit':
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
