// `tail --record`: every event with its receive time into a file beside the normal output, which it never changes.
//
// Whole lines only. Plain lines are in the file before they are on stdout; compressed ones wait up to a second
// for others to be packed with.

import type { Clock } from '../clock.ts';
import { isAtlantisError, type OutputError } from '../errors.ts';
import type { Batch } from '../events/batch.ts';
import { createEnvelopeRenderer } from '../render/envelope.ts';
import type { LifecycleRecord } from '../render/renderer.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import { VERSION } from '../version.ts';
import { makeHeader } from './form.ts';
import { describeFault, isCompressedName, openRecordingFile, type RecordingFile } from './recording-file.ts';
import { moveAside, pruneFinished } from './rotation.ts';

/** What to record into, and when to begin another file. */
export interface RecordConfig {
  readonly path: string;
  /** A file does not grow beyond this, unless a single event is larger; undefined: without a bound. */
  readonly maxBytes: number | undefined;
  /** The first event after this time in ms goes to another file; undefined: never. */
  readonly maxAgeMs: number | undefined;
  /** So many finished files are kept beside the current one; undefined: all. */
  readonly keep: number | undefined;
}

export interface Recorder {
  /** The first `count` events of a batch; not after close. */
  writeEvents(batch: Batch, count: number, connection: number): void;
  writeLifecycle(record: LifecycleRecord): void;
  /** Finishes the file that is open, wherever it was moved, and begins or continues the one at the path. */
  reopen(): void;
  /** Writes what waits and closes the file. Again: nothing. */
  close(): void;
}

export interface RecorderWorld {
  readonly clock: Clock;
  report(record: StatusRecord): void;
  /** Called once, at the first failure; nothing more is written then. */
  onFailure(error: OutputError): void;
}

const PACK_BYTES = 64 * 1024;
const PACK_WAIT_MS = 1_000;
const LINE_FEED = 0x0a;

/** Opens the file. @throws UsageError if it is something else than a recording, OutputError */
export function openRecorder(config: RecordConfig, { clock, report, onFailure }: RecorderWorld): Recorder {
  const { path, maxBytes = Number.POSITIVE_INFINITY, maxAgeMs = Number.POSITIVE_INFINITY, keep } = config;
  const renderer = createEnvelopeRenderer();
  const isCompressed = isCompressedName(path);
  let file: RecordingFile;
  let age: () => number;
  let hasEvents: boolean;
  let seq = 1;
  let isOver = false;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let cancelWait: (() => void) | undefined;
  openFile();

  /** Opens the file at the path, and writes a header into it. */
  function openFile(): void {
    file = openRecordingFile(path);
    if (file.bytesRepaired > 0) {
      report({
        event: 'warning',
        level: 'warn',
        message: `the recording ${JSON.stringify(path)} ended in a torn line: its last ${file.bytesRepaired} bytes were taken away`,
        figures: { bytes_repaired: file.bytesRepaired },
      });
    }
    age = startAge(clock, file.startedAtMs);
    hasEvents = file.startedAtMs !== undefined;
    try {
      file.append(file.pack(makeHeader(clock.wallMs(), `atlantis-cli ${VERSION}`)));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  function rotate(): void {
    file.close();
    try {
      moveAside(path, clock.wallMs());
      if (keep !== undefined) pruneFinished(path, keep);
    } catch (error) {
      throw describeFault(path, error);
    }
    openFile();
  }

  /** Appends lines, as many files as it takes. */
  function put(lines: Buffer): void {
    const packed = file.pack(lines);
    const border = findMiddle(lines);
    const isTooMuch = file.bytes + packed.length > maxBytes && (hasEvents || border !== undefined);
    if (!isTooMuch) {
      try {
        file.append(packed);
        hasEvents = true;
        return;
      } catch (error) {
        // A half may still find room where the whole, packed as one, did not.
        if (!isCompressed || border === undefined) throw error;
      }
    }
    if (border === undefined) {
      rotate();
      put(lines);
      return;
    }
    put(lines.subarray(0, border));
    put(lines.subarray(border));
  }

  function flush(): void {
    cancelWait?.();
    cancelWait = undefined;
    const lines = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    if (lines.length > 0) put(lines);
  }

  function guard(action: () => void): void {
    if (isOver) return;
    try {
      action();
    } catch (error) {
      isOver = true;
      cancelWait?.();
      file.close();
      onFailure(isAtlantisError(error) ? error : describeFault(path, error));
    }
  }

  function write(lines: Buffer): void {
    guard(() => {
      if ((hasEvents || waitingBytes > 0) && age() >= maxAgeMs) {
        flush();
        rotate();
      }
      if (!isCompressed) {
        put(lines);
        return;
      }
      waiting.push(lines);
      waitingBytes += lines.length;
      if (waitingBytes >= PACK_BYTES) flush();
      else cancelWait ??= clock.setTimer(() => guard(flush), PACK_WAIT_MS);
    });
  }

  return {
    writeEvents(batch, count, connection) {
      if (count === 0) return;
      const lines = renderer.renderEvents(batch, count, { connection, firstSeq: seq });
      write(toBuffer(lines));
      seq += count;
    },
    writeLifecycle(record) {
      const line = renderer.renderLifecycle?.(record);
      if (line !== undefined) write(toBuffer(line));
    },
    reopen() {
      guard(() => {
        flush();
        file.close();
        openFile();
      });
      if (isOver) return;
      const message = `SIGUSR1: the recording ${JSON.stringify(path)} was reopened`;
      report({ event: 'recording', level: 'info', message });
    },
    close() {
      guard(() => {
        flush();
        isOver = true;
        file.close();
      });
    },
  };
}

/**
 * Ms since a file was begun, now or in an earlier run. By whichever clock shows more: the time of day may be set
 * back, the other one stands still while a machine sleeps.
 */
function startAge(clock: Clock, startedAtMs = clock.wallMs()): () => number {
  const beforeMs = Math.max(0, clock.wallMs() - startedAtMs);
  const openedMs = clock.monotonicMs();
  return () => Math.max(clock.wallMs() - startedAtMs, beforeMs + clock.monotonicMs() - openedMs);
}

/** A line border near the middle; undefined if it is a single line. */
function findMiddle(lines: Buffer): number | undefined {
  const middle = lines.length >> 1;
  const before = lines.lastIndexOf(LINE_FEED, middle) + 1;
  if (before > 0 && before < lines.length) return before;
  const after = lines.indexOf(LINE_FEED, middle) + 1;
  return after > 0 && after < lines.length ? after : undefined;
}

const toBuffer = (lines: Buffer | string): Buffer => (typeof lines === 'string' ? Buffer.from(lines) : lines);
