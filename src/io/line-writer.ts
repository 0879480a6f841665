// Writes whole lines to stdout, with back-pressure and in order; bytes that are lost at the end are counted.
//
// A pipe or terminal is written through its stream. A regular file or device is written through its descriptor, in a
// loop: on a full disk Node's own stdout takes a short write for a complete one (contract O4 to O7).
import { fstatSync, writeSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { type AtlantisError, OutputError } from '../errors.ts';
import type { Io } from './io.ts';
import { sayStdoutNotWritten } from './messages.ts';
import type { OutputTarget } from './standard-streams.ts';

/** Why nothing more can be written. */
export type WriteFailure = 'reader-gone' | 'terminal-gone' | AtlantisError;

export interface LineWriter {
  /**
   * Writes whole lines. Returns undefined if more can be written at once, else a promise that resolves when more can be
   * written, or when the output has failed or was cut. After a failure nothing is written. `onWritten` is called once
   * the system has the lines, which may be never.
   */
  write(lines: Buffer | string, onWritten?: () => void): Promise<void> | undefined;
  /** Resolves when everything so far is written, or at once after a failure or cut. */
  flush(): Promise<void>;
  /** The final flush. */
  drain(): Promise<void>;
  /** Discards what is still queued after `ms`, unless all is drained by then. */
  cutAfter(ms: number): void;
  /** The first failure, or undefined. */
  readonly failure: WriteFailure | undefined;
  /** Bytes that were discarded when the output was cut. */
  readonly bytesCut: number;
  /** Total time that writers waited, in ms. */
  readonly blockedMs: number;
  /** Since when a writer has been waiting (monotonic ms), or undefined. */
  readonly blockedSinceMs: number | undefined;
}

/** Opens stdout. @param onFailure called once, at the first failure */
export function openStdout(
  io: Pick<Io, 'stdout' | 'clock' | 'ignoreFileSizeSignal'>,
  onFailure: (failure: WriteFailure) => void,
): LineWriter {
  if (isFile(io.stdout)) io.ignoreFileSizeSignal();
  return createLineWriter(io.stdout, io.clock, onFailure);
}

/** @param onFailure called once, at the first failure */
export function createLineWriter(
  target: OutputTarget,
  clock: Clock,
  onFailure: (failure: WriteFailure) => void,
): LineWriter {
  return isFile(target)
    ? createFileWriter(target.fd, onFailure)
    : createStreamWriter(target, clock, onFailure);
}

/** True for regular files and devices such as /dev/null, which are written synchronously. */
export function isFile(target: OutputTarget): boolean {
  if (target.isTty) return false;
  try {
    const stat = fstatSync(target.fd);
    return stat.isFile() || stat.isCharacterDevice() || stat.isBlockDevice();
  } catch {
    return false;
  }
}

function createFileWriter(fd: number, onFailure: (failure: WriteFailure) => void): LineWriter {
  let failure: WriteFailure | undefined;
  return {
    write(lines, onWritten) {
      if (failure !== undefined) return undefined;
      const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines;
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
        onWritten?.();
      } catch (error) {
        failure = classifyWriteError(error, false);
        onFailure(failure);
      }
      return undefined;
    },
    flush: () => Promise.resolve(),
    drain: () => Promise.resolve(),
    cutAfter() {},
    get failure() {
      return failure;
    },
    bytesCut: 0,
    blockedMs: 0,
    blockedSinceMs: undefined,
  };
}

function createStreamWriter(
  target: OutputTarget,
  clock: Clock,
  onFailure: (failure: WriteFailure) => void,
): LineWriter {
  const stream = target.stream();
  let failure: WriteFailure | undefined;
  let isCut = false;
  let bytesCut = 0;
  let blockedMs = 0;
  let blockedSinceMs: number | undefined;
  let release: () => void = () => {};
  const cancelCuts: (() => void)[] = [];

  const fail = (error: unknown): void => {
    if (failure !== undefined || isCut) return;
    failure = classifyWriteError(error, target.isTty);
    release();
    onFailure(failure);
  };
  stream.on('error', fail);

  /** Waits for `begin` to call back, for a failure or for the cut, and counts the time. */
  const wait = (begin: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      const sinceMs = clock.monotonicMs();
      blockedSinceMs = sinceMs;
      release = () => {
        if (blockedSinceMs === sinceMs) {
          blockedMs += clock.monotonicMs() - sinceMs;
          blockedSinceMs = undefined;
        }
        resolve();
      };
      begin(release);
    });

  const flush = async (): Promise<void> => {
    if (failure === undefined && !isCut && stream.writableLength > 0) {
      await wait((done) => stream.write('', () => done()));
    }
  };

  return {
    write(lines, onWritten) {
      if (failure !== undefined) return undefined;
      if (isCut) {
        bytesCut += Buffer.byteLength(lines);
        return undefined;
      }
      if (stream.write(lines, (error) => (error ? undefined : onWritten?.()))) return undefined;
      return wait((done) => stream.once('drain', done));
    },
    flush,
    async drain() {
      await flush();
      // A remaining timer would keep the process alive.
      for (const cancel of cancelCuts) cancel();
    },
    cutAfter(ms) {
      const cut = (): void => {
        if (isCut || failure !== undefined || stream.writableLength === 0) return;
        isCut = true;
        bytesCut += stream.writableLength;
        release();
      };
      cancelCuts.push(clock.setTimer(cut, ms));
    },
    get failure() {
      return failure;
    },
    get bytesCut() {
      return bytesCut;
    },
    get blockedMs() {
      return blockedMs;
    },
    get blockedSinceMs() {
      return blockedSinceMs;
    },
  };
}

function classifyWriteError(error: unknown, isTty: boolean): WriteFailure {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED') return 'reader-gone';
  if (isTty && code === 'EIO') return 'terminal-gone';
  return new OutputError(...sayStdoutNotWritten(error));
}
