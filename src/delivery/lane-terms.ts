// The terms of a lane: what it is told, what it tells, what it counts.
import type { Clock } from '../clock.ts';
import type { PolicySettings } from '../connection/policy.ts';
import { EXIT } from '../errors.ts';
import { LIFECYCLE_MARK, type SinkFault } from './sink.ts';
import type { SpoolRecord } from './spool/record-form.ts';

/** What a lane tells of its way. */
export type LaneNews =
  /** Something was acknowledged after a failure. */
  | { readonly kind: 'recovered' }
  | { readonly kind: 'failed'; readonly fault: SinkFault; readonly delayMs: number; readonly attempt: number }
  /** The run cannot go on. */
  | { readonly kind: 'ended'; readonly fault: SinkFault }
  | { readonly kind: 'damaged'; readonly records: number };

export interface LaneSettings {
  /** Most records that are under way at once. */
  readonly window: number;
  readonly policy: Pick<PolicySettings, 'retryMinMs' | 'retryMaxMs'>;
  /**
   * Whether it ends like a stream that cannot be reached, as long as the sink has taken nothing, instead of waiting for
   * the sink for ever: only while nothing is received, that would be lost; also then, since it is kept elsewhere; or not.
   */
  readonly givesUpAtStart: 'while-empty' | 'always' | 'never';
}

export interface LaneWorld {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  tell(news: LaneNews): void;
  /** Called whenever records were added or acknowledged. */
  onChange(): void;
  /** Keeps a record that the sink will never take; undefined where nobody does. @throws if it cannot be kept */
  readonly bury: ((record: SpoolRecord, why: string) => void) | undefined;
}

/** Counts of events, without lifecycle records; only `lost` counts both, which cannot be told apart. */
export interface LaneFigures {
  readonly delivered: number;
  readonly duplicates: number;
  readonly buried: number;
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
