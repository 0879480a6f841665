// Opens a file of a recording for appending, repairs its end, and renames it at a rotation.
//
// The file is written synchronously, so nothing is read from the server while the disk is slow. A rotated file is
// renamed once and never again, so other programs can copy it by name.
import {
  closeSync,
  fstatSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { type OutputError, UsageError } from '../errors.ts';
import { LINE_FEED } from '../events/scan-constants.ts';
import { countWholeLines, createAppendFile, findEndOfLines } from '../io/append-file.ts';
import { APPEND, assertTrusted, describeWriteFault, openNamedFile, resolvePlace } from '../io/safe-file.ts';
import {
  hasMemberStart,
  MEMBER_HEADER_BYTES,
  packMember,
  readMemberLength,
  unpackMember,
} from './gzip-member.ts';
import { sayNotRecordable, sayOtherRecording, sayRecordingIsOutput, THE_RECORDING } from './messages.ts';
import { readStartTime } from './recorded-line.ts';

export type RecordingFile = ReturnType<typeof openRecordingFile>;

export function isCompressedName(path: string): boolean {
  return path.endsWith('.gz');
}

/**
 * Creates the recording if it does not exist.
 *
 * @param outputFds descriptors of stdout and stderr
 * @returns its real path, because a link on the path may change during the run
 * @throws UsageError if it is not a regular file or is one of `outputFds`, OutputError if it cannot be opened
 */
export function locateRecording(path: string, outputFds: readonly number[]): string {
  const fd = open(path);
  try {
    const file = fstatSync(fd);
    if (outputFds.some((other) => isSameFile(file, other))) {
      throw new UsageError(...sayRecordingIsOutput(path));
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
 * Opens or creates a file, and removes an incomplete end.
 *
 * @param newMode permissions of a file that is created
 * @throws UsageError for a file that is not a recording, OutputError if it cannot be written
 */
export function openRecordingFile(path: string, newMode = 0o600) {
  const isCompressed = isCompressedName(path);
  const fd = open(path, newMode);
  const { size, mode } = fstatSync(fd);
  const found = inspect(fd, size, isCompressed);
  if (found === undefined) {
    closeSync(fd);
    throw new UsageError(...sayOtherRecording(path, isCompressed));
  }
  const file = createAppendFile(path, fd, isCompressed ? undefined : countWholeLines);
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      throw describeRecordingFault(path, error);
    }
  };
  if (size > found.wholeBytes) attempt(() => file.truncateTo(found.wholeBytes));
  return {
    get bytes(): number {
      return file.bytes;
    },
    /** When its first run began, in ms since the epoch; undefined for an empty file. */
    startedAtMs: found.startedAtMs,
    /** Permissions when it was opened. */
    mode: mode & 0o777,
    findChange: file.findChange,
    isAtPath: file.isAtPath,
    /** Length of the incomplete end that was removed. */
    bytesRepaired: size - found.wholeBytes,
    /** Compresses lines for `append` if the file is compressed. */
    pack: (lines: Buffer): Buffer => (isCompressed ? packMember(lines) : lines),
    /** The file ends with a whole line even after an error. @throws OutputError */
    append: (packed: Buffer): void => attempt(() => file.append(packed)),
    /** Can be called again. */
    close: (): void => file.close(),
  };
}

function open(path: string, newMode = 0o600): number {
  let fd: number | undefined;
  try {
    fd = openNamedFile(path, APPEND, newMode);
    const stats = fstatSync(fd);
    if (stats.isFile()) {
      assertTrusted(stats);
      return fd;
    }
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw describeRecordingFault(path, error);
  }
  closeSync(fd);
  throw new UsageError(...sayNotRecordable(path));
}

/** The error for the user (exit 9). */
export const describeRecordingFault = (path: string, error: unknown): OutputError =>
  describeWriteFault(THE_RECORDING, path, error);

interface Inspection {
  /** The incomplete end begins here. */
  readonly wholeBytes: number;
  readonly startedAtMs: number | undefined;
}

const CHUNK_BYTES = 64 * 1024;
const HEADER_START = '{"recording":';
const EMPTY: Inspection = { wholeBytes: 0, startedAtMs: undefined };

/** The result is shorter than `bytes` only at the end of the file. */
export function readAt(fd: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let read = 0;
  while (read < bytes) {
    const more = readSync(fd, buffer, read, bytes - read, at + read);
    if (more === 0) break;
    read += more;
  }
  return buffer.subarray(0, read);
}

/** Undefined for a file that is not a recording. */
function inspect(fd: number, size: number, isCompressed: boolean): Inspection | undefined {
  if (size === 0) return EMPTY;
  return isCompressed ? inspectMembers(fd, size) : inspectLines(fd, size);
}

function inspectLines(fd: number, size: number): Inspection | undefined {
  const head = readAt(fd, 0, Math.min(size, CHUNK_BYTES));
  const end = head.indexOf(LINE_FEED);
  // The header itself may be incomplete.
  if (end < 0)
    return HEADER_START.startsWith(head.toString('latin1', 0, HEADER_START.length)) ? EMPTY : undefined;
  const startedAtMs = readStartTime(head.subarray(0, end));
  return startedAtMs === undefined ? undefined : { wholeBytes: findEndOfLines(fd, size), startedAtMs };
}

function inspectMembers(fd: number, size: number): Inspection | undefined {
  let startedAtMs: number | undefined;
  let at = 0;
  let lastAt = 0;
  while (at < size) {
    const length = readMemberLength(readAt(fd, at, MEMBER_HEADER_BYTES));
    if (at === 0) {
      const isTornHeader = size < MEMBER_HEADER_BYTES && hasMemberStart(readAt(fd, 0, size));
      if (length === undefined && !isTornHeader) return undefined;
      if (length === undefined || length > size) return EMPTY;
      const lines = unpackMember(readAt(fd, 0, length));
      startedAtMs =
        lines === undefined ? undefined : readStartTime(lines.subarray(0, lines.indexOf(LINE_FEED)));
      if (startedAtMs === undefined) return undefined;
    }
    if (length === undefined || at + length > size) break;
    lastAt = at;
    at += length;
  }
  // After a power failure a file may have its length without its content.
  const lastLines = lastAt === 0 ? undefined : unpackMember(readAt(fd, lastAt, at - lastAt));
  const isLastWhole = lastAt === 0 || (lastLines !== undefined && lastLines.length > 0);
  return { wholeBytes: isLastWhole ? at : lastAt, startedAtMs };
}

const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;

interface NameParts {
  readonly directory: string;
  readonly stem: string;
  /** Such as `.ndjson.gz`. */
  readonly extension: string;
}

function splitName(path: string): NameParts {
  const gz = isCompressedName(path) ? '.gz' : '';
  const name = basename(path, gz);
  const extension = extname(name);
  return { directory: dirname(path), stem: basename(name, extension), extension: `${extension}${gz}` };
}

/** The rotated files of this recording, oldest first. */
function listFinished({ directory, stem, extension }: NameParts): { name: string; stamp: string }[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(`${stem}.`) && name.endsWith(extension))
    .map((name) => ({ name, stamp: name.slice(stem.length + 1, name.length - extension.length) }))
    .filter(({ stamp }) => STAMP.test(stamp))
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
}

/**
 * Renames `events.ndjson.gz` to `events.20261122T140512345Z.ndjson.gz`. `pruneFinished` deletes the files with the
 * earliest names, so the new name has to be later than all others, even if the clock was set back.
 */
export function moveAside(path: string, nowMs: number): void {
  const parts = splitName(path);
  const { directory, stem, extension } = parts;
  const lastStamp = listFinished(parts).at(-1)?.stamp ?? '';
  const lastMs = Date.parse(lastStamp.replace(STAMP, '$1-$2-$3T$4:$5:$6.$7Z'));
  const atMs = lastMs >= nowMs ? lastMs + 1 : nowMs;
  const stamp = new Date(atMs).toISOString().replace(/[-:.]/g, '');
  try {
    renameSync(path, join(directory, `${stem}.${stamp}${extension}`));
  } catch (error) {
    // An external log rotator may have moved it already.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

export function pruneFinished(path: string, keep: number): void {
  const parts = splitName(path);
  const finished = listFinished(parts);
  for (const { name } of finished.slice(0, Math.max(0, finished.length - keep))) {
    // Another program may have removed it in the meantime.
    rmSync(join(parts.directory, name), { force: true });
  }
}
