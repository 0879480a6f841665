// The output of `stream tail`: events as lines on stdout, and a word on stderr when their reader holds them up.
import type { Io } from '../io/io.ts';
import { createLineWriter, isFile, type WriteFailure } from '../io/line-writer.ts';
import type { Renderer } from '../render/renderer.ts';
import { sayCut } from '../ui/messages.ts';
import type { StreamStatus } from '../ui/shown-status.ts';
import type { Output } from './output.ts';

/** A reader that blocks for longer is worth a line. */
const PAUSE_WORTH_TELLING_MS = 1_000;

export interface PrintParts {
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
      renderer.renderLifecycle === undefined ? undefined : write(Buffer.concat([line, LINE_FEED])),
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
