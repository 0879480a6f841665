// What a session pulls from: a stream, or a file.
import type { MergeFigures } from '../connection/follow-all.ts';
import type { ExitCode } from '../errors.ts';
import type { Connected, EventBatch, Events, StreamItem } from '../stream/items.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import type { RunFigures } from './messages.ts';

/** The service or a JetStream stream. */
export interface LiveSource {
  readonly kind: 'live';
  /** Host and port for messages. */
  readonly host: string;
  /** The last measured round trip in ms. */
  readonly roundTripMs?: number | undefined;
  /** A loss is then not a gap. */
  readonly resumesAfterLoss: boolean;
  /** Several connections at a time, other than during a handover. */
  readonly hasSeveralConnections?: boolean;
  /** Figures about merging several connections, or two during a handover. */
  readonly mergeFigures?: MergeFigures | undefined;
  /** Connects, and yields until `signal` aborts; called once. @throws StreamEndedError when it gives up */
  items(signal: AbortSignal): AsyncIterable<StreamItem>;
  sayConnected(connected: Connected): StatusRecord;
  /** Ends the delay before a retry. */
  retryNow?(): void;
  /**
   * Called when the first `count` wanted events of a batch have left this process. The unwanted events after them
   * can be acknowledged, too, unless this is the last batch of the run (`isLast`).
   */
  acknowledge?(batch: EventBatch, count: number, isLast: boolean): void;
}

/** A lifecycle record of a recording: a line without its line feed, safe on a terminal. */
export interface Recorded {
  readonly kind: 'recorded';
  readonly line: Buffer;
  /** The duration of a gap; undefined for any other record. */
  readonly gapMs: number | undefined;
}

/** A recording or dead letters. */
export interface FileSource {
  readonly kind: 'file';
  readonly hasSeveralConnections?: false;
  readonly mergeFigures?: undefined;
  /** Yields until the end of the file, or until `signal` aborts; called once. @throws UsageError */
  items(signal: AbortSignal): AsyncIterable<Events | Recorded>;
  /** The exit code at the end of the file, and what is reported before the summary. */
  finish(): { readonly exitCode: ExitCode; readonly errors: readonly StatusRecord[] };
  summarize(figures: RunFigures): StatusRecord;
}

export type Source = LiveSource | FileSource;
