// The interface of all output formats.
import type { Batch } from '../events/batch.ts';

export interface BatchPosition {
  /** 1 for the first connection of the run. */
  readonly connection: number;
  /** Sequence number of the first event of the batch. Written events are numbered from 1. */
  readonly firstSeq: number;
}

/** A change of the stream, as a record in the output (contract G2). Times are ISO 8601. */
export type LifecycleRecord =
  | {
      readonly lifecycle: 'connected';
      readonly at: string;
      readonly connection: number;
      readonly host: string;
      readonly key_prefix: string;
    }
  | {
      readonly lifecycle: 'gap';
      readonly from: string;
      /** Null if the run ended before the stream was live again. */
      readonly to: string | null;
      readonly cause: string;
    }
  | {
      readonly lifecycle: 'end';
      readonly at: string;
      readonly reason: string;
      readonly events: number;
      readonly gaps: number;
      readonly exit_code: number | null;
      readonly signal: string | null;
    };

export interface Renderer {
  /** The first `count` events of a batch as whole lines. */
  renderEvents(batch: Batch, count: number, position: BatchPosition): Buffer | string;
  /** A record as a whole line; undefined for formats without records. */
  renderLifecycle?(record: LifecycleRecord): Buffer | string;
}
