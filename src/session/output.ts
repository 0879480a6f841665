// Where the events of a run go, as the session sees it: stdout for a tail (the printer), a sink for a relay.
//
// The session waits for what an output returns before it pulls more: that is all the back-pressure there is.
import type { Batch } from '../events/batch.ts';
import type { Io } from '../io/io.ts';
import { createLineWriter, isFile, type WriteFailure } from '../io/line-writer.ts';
import { escapeJsonCommands } from '../render/ci-commands.ts';
import type { LifecycleRecord, Place, Renderer } from '../render/renderer.ts';
import { sayCut } from '../ui/messages.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import type { StreamStatus } from '../ui/shown-status.ts';

/** A reader that blocks for longer is worth a line. */
const PAUSE_WORTH_TELLING_MS = 1_000;

interface PrintParts {
  readonly renderer: Renderer;
  readonly status: StreamStatus;
  /** Called when the reader of stdout has blocked the output for a while. */
  readonly onPaused?: (() => void) | undefined;
}

const LINE_FEED = Buffer.from('\n');

/** Prints to the stdout of `io`. */
export function openPrinter(
  { renderer, status, onPaused }: PrintParts,
  io: Io,
  onFailure: (failure: WriteFailure) => void,
): Output {
  const writer = createLineWriter(io.stdout, io.clock, onFailure);
  if (isFile(io.stdout)) io.ignoreFileSizeSignal();

  function write(lines: Buffer | string, onWritten?: () => void): Promise<void> | undefined {
    if (io.stdout.isTty) status.makeWay();
    const blocked = writer.write(lines, onWritten);
    // Who stopped a terminal knows, and could only read it afterwards.
    if (blocked === undefined || onPaused === undefined || (io.stdout.isTty && io.stderr.isTty))
      return blocked;
    const cancel = io.clock.setTimer(onPaused, PAUSE_WORTH_TELLING_MS);
    return blocked.then(cancel);
  }

  return {
    writeEvents: (batch, count, place) => write(renderer.renderEvents(batch, count, place), batch.release),
    writeLifecycle(record) {
      const line = renderer.renderLifecycle?.(record);
      return line === undefined ? undefined : write(line);
    },
    writeRecorded: (line) =>
      renderer.renderLifecycle === undefined
        ? undefined
        : write(escapeJsonCommands(Buffer.concat([line, LINE_FEED]))),
    flush: () => writer.flush(),
    drain: () => writer.drain(),
    cutAfter: (ms) => writer.cutAfter(ms),
    sayCut: () => (writer.bytesCut === 0 ? undefined : sayCut(writer.bytesCut)),
    get failure() {
      return writer.failure;
    },
    get blockedMs() {
      return writer.blockedMs;
    },
    get blockedSinceMs() {
      return writer.blockedSinceMs;
    },
  };
}

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
