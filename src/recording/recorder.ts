// `tail --record`: writes every event with its receive time to a file, in addition to the normal output.
//
// Only whole lines are written. Without compression, a line is in the file before it is on stdout. Lines of a .gz file
// are buffered for up to a second, to be compressed together.
import { type Clock, computeElapsedMs } from '../clock.ts';
import { isAtlantisError, type OutputError } from '../errors.ts';
import type { Batch } from '../events/batch.ts';
import { LINE_FEED } from '../events/scan-constants.ts';
import { createEnvelopeRenderer } from '../render/envelope.ts';
import type { LifecycleRecord } from '../render/renderer.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import { VERSION } from '../version.ts';
import {
  describeRecordingFault,
  isCompressedName,
  moveAside,
  openRecordingFile,
  pruneFinished,
  type RecordingFile,
} from './file.ts';
import { type RecordingChange, sayChanged, sayRecordingRepaired, sayReopened } from './messages.ts';
import { makeHeader } from './recorded-line.ts';

export interface RecordConfig {
  readonly path: string;
  /** Rotate before the file exceeds this size, which only a single larger event can exceed. Undefined: unlimited. */
  readonly maxBytes: number | undefined;
  /** Rotate before the first record after this time in ms; undefined: never. */
  readonly maxAgeMs: number | undefined;
  /** Number of rotated files to keep; undefined: all. */
  readonly keep: number | undefined;
}

export interface Recorder {
  /** Records the first `count` events of a batch. Must not be called after `close`. */
  writeEvents(batch: Batch, count: number, connection: number): void;
  writeLifecycle(record: LifecycleRecord): void;
  /** Finishes the open file, even if it was moved, and opens the file at the path. */
  reopen(): void;
  /** Writes the buffered lines and closes the file. Can be called again. */
  close(): void;
}

interface RecorderDeps {
  readonly clock: Clock;
  report(record: StatusRecord): void;
  /** Called once, at the first failure; nothing is written after it. */
  onFailure(error: OutputError): void;
}

const PACK_BYTES = 64 * 1024;
const PACK_WAIT_MS = 1_000;
/** How often the file at the path is compared with the open one. */
const WATCH_MS = 1_000;

/** @throws UsageError if the file exists and is not a recording, OutputError if it cannot be written */
export function openRecorder(config: RecordConfig, { clock, report, onFailure }: RecorderDeps): Recorder {
  const { path, maxBytes = Number.POSITIVE_INFINITY, maxAgeMs = Number.POSITIVE_INFINITY, keep } = config;
  const renderer = createEnvelopeRenderer();
  const isCompressed = isCompressedName(path);
  let file: RecordingFile;
  let age: () => number;
  let hasRecords: boolean;
  let seq = 1;
  let isOver = false;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let cancelWait: (() => void) | undefined;
  let cancelWatch: () => void;
  openFile();
  watch();

  function openFile(mode?: number): void {
    file = openRecordingFile(path, mode);
    if (file.bytesRepaired > 0) report(sayRecordingRepaired(path, file.bytesRepaired));
    age = startAge(clock, file.startedAtMs);
    hasRecords = file.startedAtMs !== undefined;
    try {
      file.append(file.pack(makeHeader(clock.wallMs(), `atlantis-cli ${VERSION}`)));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** A new file gets the permissions of the previous one. */
  function reopenFile(): void {
    file.close();
    openFile(file.mode);
  }

  function restartAfter(change: RecordingChange | undefined): void {
    if (change === undefined) return;
    reopenFile();
    report(sayChanged(path, change));
  }

  function watch(): void {
    guard(() => {
      if (!file.isAtPath()) flush();
      // The flush may have begun a new file already.
      restartAfter(file.findChange() ?? (file.isAtPath() ? undefined : 'moved'));
    });
    if (!isOver) cancelWatch = clock.setTimer(watch, WATCH_MS);
  }

  function rotate(): void {
    if (!file.isAtPath()) {
      restartAfter('moved');
      return;
    }
    file.close();
    try {
      moveAside(path, clock.wallMs());
      if (keep !== undefined) pruneFinished(path, keep);
    } catch (error) {
      throw describeRecordingFault(path, error);
    }
    openFile(file.mode);
  }

  function append(lines: Buffer): void {
    restartAfter(file.findChange());
    put(lines);
  }

  /** Appends lines, rotating as often as the size limit requires. */
  function put(lines: Buffer): void {
    const packed = file.pack(lines);
    const boundary = findMiddle(lines);
    const isTooMuch = file.bytes + packed.length > maxBytes && (hasRecords || boundary !== undefined);
    if (!isTooMuch) {
      try {
        file.append(packed);
        hasRecords = true;
        return;
      } catch (error) {
        // The disk may still take one half of the compressed lines.
        if (!isCompressed || boundary === undefined) throw error;
      }
    }
    if (boundary === undefined) {
      rotate();
      put(lines);
      return;
    }
    put(lines.subarray(0, boundary));
    put(lines.subarray(boundary));
  }

  function flush(): void {
    cancelWait?.();
    cancelWait = undefined;
    const lines = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    if (lines.length > 0) append(lines);
  }

  function guard(action: () => void): void {
    if (isOver) return;
    try {
      action();
    } catch (error) {
      isOver = true;
      cancelWait?.();
      cancelWatch?.();
      file.close();
      onFailure(isAtlantisError(error) ? error : describeRecordingFault(path, error));
    }
  }

  function write(text: Buffer | string): void {
    const lines = typeof text === 'string' ? Buffer.from(text) : text;
    guard(() => {
      if ((hasRecords || waitingBytes > 0) && age() >= maxAgeMs) {
        flush();
        rotate();
      }
      if (!isCompressed) {
        append(lines);
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
      write(renderer.renderEvents(batch, count, { connection, firstSeq: seq }));
      seq += count;
    },
    writeLifecycle(record) {
      const line = renderer.renderLifecycle?.(record);
      if (line !== undefined) write(line);
    },
    reopen() {
      guard(() => {
        flush();
        reopenFile();
      });
      if (!isOver) report(sayReopened(path));
    },
    close() {
      guard(() => {
        flush();
        restartAfter(file.findChange());
        isOver = true;
        cancelWatch();
        file.close();
      });
    },
  };
}

/** The result computes the age of a file in ms. */
function startAge(clock: Clock, startedAtMs = clock.wallMs()): () => number {
  const beforeMs = Math.max(0, clock.wallMs() - startedAtMs);
  const started = { wallMs: startedAtMs, monotonicMs: clock.monotonicMs() - beforeMs };
  return () => computeElapsedMs(clock, started);
}

/** A line boundary near the middle; undefined for a single line. */
function findMiddle(lines: Buffer): number | undefined {
  const middle = lines.length >> 1;
  const before = lines.lastIndexOf(LINE_FEED, middle) + 1;
  if (before > 0 && before < lines.length) return before;
  const after = lines.indexOf(LINE_FEED, middle) + 1;
  return after > 0 && after < lines.length ? after : undefined;
}
