// Why a run ends: the first reason wins, and everything that waits is told at once.
import { EXIT, type ExitCode, isAtlantisError } from './errors.ts';
import type { EndSignal, Outcome } from './io.ts';
import type { WriteFailure } from './output/line-writer.ts';

export type StopReason =
  | { readonly kind: 'limit' | 'duration' | 'timeout' | 'silence' | 'gap' }
  | { readonly kind: 'signal'; readonly signal: EndSignal }
  | { readonly kind: 'output'; readonly failure: WriteFailure }
  | { readonly kind: 'gave-up'; readonly exitCode: ExitCode }
  | { readonly kind: 'fault'; readonly error: unknown };

export interface Stop {
  readonly signal: AbortSignal;
  readonly reason: StopReason | undefined;
  /** Ends the run for this reason, unless it is ending already. */
  because(reason: StopReason): void;
}

export function createStop(): Stop {
  const controller = new AbortController();
  let first: StopReason | undefined;
  return {
    signal: controller.signal,
    get reason() {
      return first;
    },
    because(reason) {
      first ??= reason;
      controller.abort();
    },
  };
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
      return { exitCode: EXIT.output };
  }
}
