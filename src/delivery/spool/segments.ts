// The segment files of a spool. Each is a heading and records, and is named by the number of its first record, so that
// sorted names are in order of delivery. Records are appended whole or not at all.
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readdirSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { OutputError } from '../../errors.ts';
import { createAppendFile } from '../../io/append-file.ts';
import { APPEND, openOwnFile, READ_ONLY } from '../../io/safe-file.ts';
import { sayNotASegment } from './messages.ts';
import { decodeRecord, type SpoolRecord } from './record.ts';

export interface SegmentEntry {
  /** The number of its first record. */
  readonly first: number;
  readonly path: string;
  bytes: number;
}

/** A record, or the number of records from here that are damaged or missing. */
export type SpoolItem = SpoolRecord | { readonly damaged: number };

/** The first bytes of each segment; the number is the version of the format. */
const HEADING = Buffer.from('atlantis spool 1\n');
const NAME = /^(\d{16})\.seg$/;
const PIECE_BYTES = 2 ** 18;

export function nameSegment(first: number): string {
  return `${String(first).padStart(16, '0')}.seg`;
}

/** The segments in a folder, in order. @throws the system's error */
export function listSegments(folder: string): SegmentEntry[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const first = Number(NAME.exec(name)?.[1] ?? Number.NaN);
      // Numbers above 2^53 cannot be incremented exactly.
      if (!Number.isSafeInteger(first)) return [];
      const path = join(folder, name);
      // Another run may delete an acknowledged segment at this moment.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ first, path, bytes: stat.size }];
    })
    .sort((a, b) => a.first - b.first);
}

/**
 * Removes an incomplete end of the last segment.
 *
 * @returns the number after the last record, and the length of what was removed
 * @throws OutputError if it is not a segment, or the system's error
 */
export function repairEnd(segments: readonly SegmentEntry[]): { end: number; bytesRepaired: number } {
  const last = segments.at(-1);
  if (last === undefined) return { end: 0, bytesRepaired: 0 };
  const scan = scanSegment(last.path);
  if (scan === undefined) {
    throw new OutputError(...sayNotASegment(last.path));
  }
  if (scan.tornBytes > 0) {
    withFile(last.path, constants.O_RDWR, (fd) => ftruncateSync(fd, scan.wholeBytes));
  }
  last.bytes = scan.wholeBytes;
  return { end: last.first + scan.records, bytesRepaired: scan.tornBytes };
}

function withFile<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openOwnFile(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

interface SegmentScan {
  readonly records: number;
  /** The end of the last whole record. */
  readonly wholeBytes: number;
  /** Incomplete or damaged bytes after it. */
  readonly tornBytes: number;
}

/** Counts the whole records. Undefined if it is not a segment. @throws the system's error */
export function scanSegment(path: string): SegmentScan | undefined {
  return withFile(path, READ_ONLY, (fd) => {
    const { size } = fstatSync(fd);
    const reader = new SegmentReader(fd, 0);
    if (!reader.readHeading()) {
      // The heading itself may be incomplete.
      return size < HEADING.length || reader.isBlank
        ? { records: 0, wholeBytes: 0, tornBytes: size }
        : undefined;
    }
    while (reader.readNext() !== undefined);
    return { records: reader.next, wholeBytes: reader.at, tornBytes: size - reader.at };
  });
}

/** A segment that is open for appending. Its methods throw the system's error. */
export class OpenSegment {
  readonly #file: ReturnType<typeof createAppendFile>;

  /** Opens or creates a segment, which must not have an incomplete end. */
  constructor(path: string) {
    this.#file = createAppendFile(path, openOwnFile(path, APPEND));
    if (this.#file.bytes > 0) return;
    try {
      this.#file.append(HEADING);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  /** Appends all records or none. */
  append(records: Buffer): void {
    this.#file.append(records);
  }

  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#file.fd, done);
  }

  syncNow(): void {
    fdatasyncSync(this.#file.fd);
  }

  close(): void {
    this.#file.close();
  }
}

/** Reads records by number; fast in order. */
export class SpoolReader {
  #open: { readonly first: number; readonly fd: number; readonly reader: SegmentReader } | undefined;

  /** The record of a number in these segments, which end before `end`. @throws the system's error */
  read(number: number, segments: readonly SegmentEntry[], end: number): SpoolItem {
    const segment = segments.findLast(({ first }) => first <= number);
    if (segment === undefined) return { damaged: (segments[0]?.first ?? end) - number };
    const record = this.#seek(segment, number)?.readNext();
    if (record !== undefined) return record;
    this.close();
    const next = segments.find(({ first }) => first > number)?.first ?? end;
    return { damaged: next - number };
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** A reader whose next record is `number`; undefined if the segment has none. */
  #seek({ first, path }: SegmentEntry, number: number): SegmentReader | undefined {
    if (this.#open?.first !== first || this.#open.reader.next > number) {
      this.close();
      const fd = openIfExists(path);
      if (fd === undefined) return undefined;
      this.#open = { first, fd, reader: new SegmentReader(fd, first) };
      if (!this.#open.reader.readHeading()) return undefined;
    }
    const { reader } = this.#open;
    while (reader.next < number) if (reader.readNext() === undefined) return undefined;
    return reader;
  }
}

/** Undefined if the file was deleted: only its records are lost. @throws the system's error */
function openIfExists(path: string): number | undefined {
  try {
    return openOwnFile(path, READ_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the records of a segment in order, in large pieces. Its methods throw the system's error. */
class SegmentReader {
  /** The number of the next record. */
  next: number;
  readonly #fd: number;
  #piece: Buffer = Buffer.alloc(0);
  #pieceAt = 0;
  /** How much of the piece was read. */
  #taken = 0;

  constructor(fd: number, first: number) {
    this.#fd = fd;
    this.next = first;
  }

  /** The offset of the next record in the file. */
  get at(): number {
    return this.#pieceAt + this.#taken;
  }

  /** Has to be called first; false if the file does not begin like a segment. */
  readHeading(): boolean {
    if (!this.#load(HEADING.length) || !this.#piece.subarray(0, HEADING.length).equals(HEADING)) return false;
    this.#taken = HEADING.length;
    return true;
  }

  /** True if there are zeros instead of a heading: after a power failure a file may lack its content. */
  get isBlank(): boolean {
    return this.#piece.subarray(0, HEADING.length).every((byte) => byte === 0);
  }

  /** The next whole record; undefined at the end or at damage. Can be called again when more was appended. */
  readNext(): SpoolRecord | undefined {
    let decoded = decodeRecord(this.#piece, this.#taken);
    while (decoded.kind === 'cut' && this.#load(decoded.bytes)) {
      decoded = decodeRecord(this.#piece, this.#taken);
    }
    if (decoded.kind !== 'record') return undefined;
    this.#taken = decoded.end;
    this.next += 1;
    return decoded.record;
  }

  /** Makes the piece begin at the next record; true if it then has this many bytes. */
  #load(bytes: number): boolean {
    this.#pieceAt += this.#taken;
    this.#taken = 0;
    // A new buffer each time, because records share the memory of the old one.
    const fresh = Buffer.allocUnsafe(Math.max(bytes, PIECE_BYTES));
    let length = 0;
    for (let more = -1; more !== 0 && length < fresh.length; length += more) {
      more = readSync(this.#fd, fresh, length, fresh.length - length, this.#pieceAt + length);
    }
    this.#piece = fresh.subarray(0, length);
    return length >= bytes;
  }
}
