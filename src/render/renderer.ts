// What every output format offers the session.
import type { Batch } from '../events/batch.ts';

/** Where in the run a batch stands. */
export interface Place {
  /** 1 for the first connection of the run. */
  readonly connection: number;
  /** Number of the first event of the batch among the written ones, from 1. */
  readonly firstSeq: number;
}

/** What happened to the stream, for those who asked for records of it (contract G2). Times are ISO 8601. */
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
      /** Null when the run ended before the stream was live again. */
      readonly to: string | null;
      readonly cause: string;
    }
  | {
      readonly lifecycle: 'end';
      readonly at: string;
      readonly reason: string;
      readonly events: number;
      readonly exit_code: number | null;
      readonly signal: string | null;
    };

export interface Renderer {
  /** The first `count` events of a batch as whole lines. */
  renderEvents(batch: Batch, count: number, place: Place): Buffer | string;
  /** A record as a whole line; absent where the format has none. */
  renderLifecycle?(record: LifecycleRecord): Buffer | string;
}
