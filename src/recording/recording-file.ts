// One file of a recording, open for appending: whole lines only, whatever happens.
//
// Written synchronously: while the disk does not keep up nothing is read from the server, and no line is on
// stdout that is not in the file.
import { closeSync, fstatSync, realpathSync, type Stats } from 'node:fs';
import { OutputError, UsageError } from '../errors.ts';
import { countWholeLines, createAppendFile } from '../io/append-file.ts';
import { APPEND, assertTrusted, openNamedFile, resolvePlace } from '../io/safe-file.ts';
import { packMember } from './gzip-member.ts';
import { inspectRecording } from './repair.ts';

export interface RecordingFile {
  /** Length so far. */
  readonly bytes: number;
  /** When what stands in it began, ms since the epoch; undefined if it is empty. */
  readonly startedAtMs: number | undefined;
  /** Bytes of a torn end that were taken away when it was opened; 0 if it was whole. */
  readonly bytesRepaired: number;
  /** Lines in the form in which `append` takes them. */
  pack(lines: Buffer): Buffer;
  /** Appends what `pack` made. @throws OutputError; the file then ends in a whole line */
  append(packed: Buffer): void;
  /** Again: nothing. */
  close(): void;
}

/** True for a name that asks for compression. */
export function isCompressedName(path: string): boolean {
  return path.endsWith('.gz');
}

/**
 * The file that a path leads to, created if there is none: links are followed once, so that a rotation moves the
 * file and not the link.
 * @param taken descriptors that other output goes to
 * @throws UsageError if it is no regular file or is one of those, OutputError if it cannot be opened
 */
export function locateRecording(path: string, taken: readonly number[]): string {
  const fd = open(path);
  try {
    const file = fstatSync(fd);
    if (taken.some((other) => isSameFile(file, other))) {
      throw new UsageError(
        `--record: ${JSON.stringify(path)} is the file that stdout or stderr goes to`,
        'give another name',
      );
    }
  } finally {
    closeSync(fd);
  }
  return realpathSync(resolvePlace(path).path);
}

function isSameFile(file: Stats, fd: number): boolean {
  try {
    const other = fstatSync(fd);
    return other.ino === file.ino && other.dev === file.dev;
  } catch {
    return false;
  }
}

/**
 * Opens or creates a file and takes away a torn end.
 * @throws UsageError for a file that is no recording, OutputError if it cannot be written
 */
export function openRecordingFile(path: string): RecordingFile {
  const isCompressed = isCompressedName(path);
  const fd = open(path);
  const { size } = fstatSync(fd);
  const found = inspectRecording(fd, isCompressed);
  if (found === undefined) {
    closeSync(fd);
    const what = isCompressed ? 'a compressed recording' : 'a recording';
    throw new UsageError(
      `--record: ${JSON.stringify(path)} exists and is not ${what}`,
      'nothing was changed: give another name, or move the file away',
    );
  }
  const file = createAppendFile(path, fd, isCompressed ? undefined : countWholeLines);
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      throw describeFault(path, error);
    }
  };
  if (size > found.wholeBytes) attempt(() => file.cutTo(found.wholeBytes));
  return {
    get bytes() {
      return file.bytes;
    },
    startedAtMs: found.startedAtMs,
    bytesRepaired: size - found.wholeBytes,
    pack: (lines) => (isCompressed ? packMember(lines) : lines),
    append: (packed) => attempt(() => file.append(packed)),
    close: () => file.close(),
  };
}

function open(path: string): number {
  let fd: number | undefined;
  try {
    fd = openNamedFile(path, APPEND, 0o600);
    const stats = fstatSync(fd);
    if (stats.isFile()) {
      assertTrusted(stats);
      return fd;
    }
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw describeFault(path, error);
  }
  closeSync(fd);
  throw new UsageError(`--record: ${JSON.stringify(path)} is not a regular file`, 'give the name of a file');
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file has reached its size limit',
  EIO: 'the device reported an error',
  ENOENT: 'there is no such folder',
  EISDIR: 'it is a folder',
};

/** The error for the user (exit 9). */
export function describeFault(path: string, error: unknown): OutputError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const words = WORDS[code];
  return new OutputError(
    `the recording ${JSON.stringify(path)} could not be written: ${words === undefined ? code : `${words} (${code})`}`,
  );
}
