// Writes whole lines to stdout, in order and with back-pressure (contract O4 to O7).
//
// A pipe or terminal is written through its stream. A regular file or device is written through its descriptor: on a
// full disk Node's own stdout takes a short write for a complete one.
import { fstatSync, writeSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { type AtlantisError, OutputError } from '../errors.ts';
import type { Io } from './io.ts';
import { sayStdoutNotWritten } from './messages.ts';
import type { OutputTarget } from './standard-streams.ts';

export type WriteFailure = 'reader-gone' | 'terminal-gone' | AtlantisError;

export interface LineWriter {
  /**
   * Returns undefined if more can be written at once. Otherwise the promise resolves when more can be written, or when
   * the output has failed or was cut. After a failure nothing is written.
   *
   * @param onWritten called once the system has the lines, which may be never
   */
  write(lines: Buffer | string, onWritten?: () => void): Promise<void> | undefined;
  /** Resolves when everything so far is written, or after a failure or cut. */
  flush(): Promise<void>;
  /** The final flush; cancels the timers of `cutAfter`. */
  drain(): Promise<void>;
  /** After `ms`, discards what is still queued. */
  cutAfter(ms: number): void;
  readonly failure: WriteFailure | undefined;
  /** Bytes that `cutAfter` discarded. */
  readonly bytesCut: number;
  /** Total time that writers waited. */
  readonly blockedMs: number;
  /** Monotonic time since which a writer has been waiting; undefined if none is. */
  readonly blockedSinceMs: number | undefined;
}

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

  /** Resolves when `begin` calls back, and at a failure or cut. */
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
