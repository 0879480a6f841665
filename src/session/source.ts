// Where the events of a run come from, as the session sees it: a live stream (the service, JetStream), or a file (a
// recording, dead letters).
import type { ExitCode } from '../errors.ts';
import type { Connected, EventBatch, Events, StreamItem } from '../stream/items.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import type { RunFigures } from '../ui/stream-messages.ts';

export interface LiveSource {
  readonly kind: 'live';
  /** Host and port as messages name them. */
  readonly host: string;
  /** The latest round trip in ms, or undefined where none was measured. */
  readonly roundTripMs: number | undefined;
  /** A loss is not a gap: the source continues where it was. */
  readonly isGapless: boolean;
  /** Connects, and yields what happens until `signal` aborts; called once. @throws StreamEndedError when it gives up */
  items(signal: AbortSignal): AsyncIterable<StreamItem>;
  sayConnected(connected: Connected): StatusRecord;
  /**
   * Called once the first `count` wanted events of a batch have left this process. The unwanted ones after the last
   * of them are done with, too, unless it is the last of the run (`isLast`).
   */
  acknowledge?(batch: EventBatch, count: number, isLast: boolean): void;
}

/** A lifecycle record that was recorded with the events. */
export interface Recorded {
  readonly kind: 'recorded';
  /** As it was recorded, without its line feed, safe on a terminal. */
  readonly line: Buffer;
}

/** How a run ends when its file does, unless something else ended it. */
interface Finish {
  readonly exitCode: ExitCode;
  /** Reported before the summary. */
  readonly errors: readonly StatusRecord[];
}

export interface FileSource {
  readonly kind: 'file';
  /** Yields the events of the file until its end, or until `signal` aborts; called once. @throws UsageError */
  items(signal: AbortSignal): AsyncIterable<Events | Recorded>;
  finish(): Finish;
  summarize(figures: RunFigures): StatusRecord;
}

export type Source = LiveSource | FileSource;
