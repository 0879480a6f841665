// Where the events of a run go, as the session sees it: stdout for a tail, another service for a bridge.
//
// The session waits for what an output returns before it pulls more: that is all the back-pressure there is.
import type { Batch } from '../events/batch.ts';
import type { WriteFailure } from '../io/line-writer.ts';
import type { LifecycleRecord, Place } from '../render/renderer.ts';
import type { StatusRecord } from '../ui/reporter.ts';

export interface Output {
  /**
   * Takes the first `count` events of a batch, at least one, in order. Undefined when it takes more at once,
   * else a promise that resolves when it does, or when the output failed or was cut. Never rejects.
   */
  writeEvents(batch: Batch, count: number, place: Place): Promise<void> | undefined;
  /** Takes what happened to the stream (contract G2), where it has a form for that. As writeEvents. */
  writeLifecycle(record: LifecycleRecord): Promise<void> | undefined;
  /** Takes a lifecycle record of a recording as it is, without its line feed; absent where there is no form for it. */
  writeRecorded?(line: Buffer): Promise<void> | undefined;
  /** Resolves when all that was taken has left this process, as far as anybody here can tell, or after a failure. */
  flush(): Promise<void>;
  /** Resolves when all that was taken is delivered, or at once after a failure or cut. */
  drain(): Promise<void>;
  /** Gives up on what cannot be delivered within `ms`, unless all is drained. */
  cutAfter(ms: number): void;
  /** The first failure, or undefined; nothing more is delivered then. */
  readonly failure: WriteFailure | undefined;
  /** What was given up on, in words, or undefined where nothing was. */
  sayCut(): StatusRecord | undefined;
  /** Total ms for which the session had to wait. */
  readonly blockedMs: number;
  /** Since when the session has been waiting (monotonic ms), or undefined. */
  readonly blockedSinceMs: number | undefined;
}

/** Opens the output; `onFailure` is called once, at the first failure. */
export type OpenOutput = (onFailure: (failure: WriteFailure) => void) => Output;
