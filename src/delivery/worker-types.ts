// The types of worker.ts: its settings, what it needs, what it reports, what it counts.
import type { Clock } from '../clock.ts';
import type { PolicyConfig } from '../connection/retry-policy.ts';
import { EXIT } from '../errors.ts';
import { LIFECYCLE_MARK, type SinkFault } from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';

/** What a worker reports. */
export type WorkerEvent =
  /** Something was acknowledged after a failure. */
  | { readonly kind: 'recovered' }
  | { readonly kind: 'failed'; readonly fault: SinkFault; readonly delayMs: number; readonly attempt: number }
  /** The run cannot go on. */
  | { readonly kind: 'ended'; readonly fault: SinkFault }
  | { readonly kind: 'damaged'; readonly records: number };

export interface WorkerConfig {
  /** Most records that are under way at once. */
  readonly window: number;
  readonly policy: Pick<PolicyConfig, 'retryMinMs' | 'retryMaxMs'>;
  /**
   * Whether it ends like a stream that cannot be reached, as long as the sink has taken nothing, instead of waiting for
   * the sink for ever: only while nothing is received, that would be lost; also then, since it is kept elsewhere; or not.
   */
  readonly givesUpAtStart: 'while-empty' | 'always' | 'never';
}

export interface WorkerDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  report(event: WorkerEvent): void;
  /** Called whenever records were added or acknowledged. */
  onChange(): void;
  /** Keeps a record that the sink will never take; undefined without a dead-letter file. @throws if it cannot be kept */
  readonly deadLetter: ((record: SpoolRecord, why: string) => void) | undefined;
}

/** Counts of events, without lifecycle records; only `lost` counts both, which cannot be told apart. */
export interface WorkerFigures {
  readonly delivered: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly lost: number;
}

/** Without lifecycle records. */
export function countEvents(unit: readonly SpoolRecord[]): number {
  return unit.reduce((sum, { mark }) => sum + (mark === LIFECYCLE_MARK ? 0 : 1), 0);
}

/** The end of a run that has nowhere to keep what the sink will not take. */
export function describeRefusal(name: string, why: string): SinkFault {
  return {
    words: `${name} will not take an event: ${why}`,
    hint: 'with --dead-letter <file> such events are kept there, and the others go on',
    exitCode: EXIT.refused,
  };
}
