// The files of a spool: as a sorted list, and as a reader of their records. Each file is a heading and records, and is
// named by the number of its first record, so that the sorted names are the order of delivery. Records are appended
// whole or not at all.
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
import { decodeRecord, type SpoolRecord } from './record.ts';

export interface SegmentEntry {
  /** The number of its first record. */
  readonly first: number;
  readonly path: string;
  bytes: number;
}

/** The segments in a folder. @throws the system's error */
export function listSegments(folder: string): SegmentEntry[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const first = readSegmentName(name);
      if (first === undefined) return [];
      const path = join(folder, name);
      // One that is acknowledged may be deleted just now, by a run that has ended.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ first, path, bytes: stat.size }];
    })
    .sort((a, b) => a.first - b.first);
}

/**
 * Takes a torn end away from the last segment.
 *
 * @returns the number behind the last record, and how many bytes were taken away
 * @throws OutputError if it is no segment, or the system's error
 */
export function repairEnd(segments: readonly SegmentEntry[]): { end: number; bytesRepaired: number } {
  const last = segments.at(-1);
  if (last === undefined) return { end: 0, bytesRepaired: 0 };
  const scan = scanSegment(last.path);
  if (scan === undefined) {
    throw new OutputError(
      `${JSON.stringify(last.path)} is not a segment of a spool`,
      'nothing was changed: give another folder, or move the file away',
    );
  }
  if (scan.tornBytes > 0) cutSegment(last.path, scan.wholeBytes);
  last.bytes = scan.wholeBytes;
  return { end: last.first + scan.records, bytesRepaired: scan.tornBytes };
}

function cutSegment(path: string, length: number): void {
  const fd = openOwnFile(path, constants.O_RDWR);
  try {
    ftruncateSync(fd, length);
  } finally {
    closeSync(fd);
  }
}

/** A segment by the number of its first record. */
interface SegmentPlace {
  readonly first: number;
  readonly path: string;
}

/** What a number holds: a record, or the first of so many that are damaged or missing. */
export type SpoolItem = SpoolRecord | { readonly damaged: number };

interface Open extends SegmentPlace {
  readonly fd: number;
  readonly reader: SegmentReader;
  /** The number that the reader comes to next. */
  next: number;
}

export class SpoolReader {
  #open: Open | undefined;

  /** What stands under `number` in these segments, which end before `end`. @throws the system's error */
  read(number: number, segments: readonly SegmentPlace[], end: number): SpoolItem {
    const segment = segments.findLast(({ first }) => first <= number);
    if (segment === undefined) return { damaged: (segments[0]?.first ?? end) - number };
    const open = this.#seek(segment, number);
    const record = open?.reader.readNext();
    if (open !== undefined && record !== undefined) {
      open.next += 1;
      return record;
    }
    this.close();
    const next = segments.find(({ first }) => first > number)?.first ?? end;
    return { damaged: next - number };
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** A reader that comes to `number` next; undefined where the segment does not get that far. */
  #seek({ first, path }: SegmentPlace, number: number): Open | undefined {
    if (this.#open?.first !== first || this.#open.next > number) {
      this.close();
      const fd = openIfThere(path);
      if (fd === undefined) return undefined;
      this.#open = { first, path, fd, reader: createSegmentReader(fd), next: first };
      if (!this.#open.reader.readHeading()) return undefined;
    }
    const open = this.#open;
    for (; open.next < number; open.next += 1) if (open.reader.readNext() === undefined) return undefined;
    return open;
  }
}

/** Undefined for a file that was removed: what it held is lost, and the rest is not. @throws the system's error */
function openIfThere(path: string): number | undefined {
  try {
    return openOwnFile(path, READ_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Stands at the beginning of each segment; the number is the version of the form. */
const SEGMENT_HEADING = Buffer.from('atlantis spool 1\n');

const NAME = /^(\d{16})\.seg$/;
const PIECE_BYTES = 2 ** 18;

export function nameSegment(first: number): string {
  return `${String(first).padStart(16, '0')}.seg`;
}

/** The number of the first record in the segment of that name; undefined for any other file. */
function readSegmentName(name: string): number | undefined {
  const first = Number(NAME.exec(name)?.[1] ?? Number.NaN);
  // Beyond 2^53 numbers would not go up any more.
  return Number.isSafeInteger(first) ? first : undefined;
}

/** A segment that records are appended to. */
export interface OpenSegment {
  readonly path: string;
  readonly bytes: number;
  /** Appends all of it or nothing. @throws the system's error */
  append(records: Buffer): void;
  /** Forces what was appended to the disk. */
  sync(done: (error: Error | null) => void): void;
  /** The same, waiting. @throws the system's error */
  syncNow(): void;
  close(): void;
}

/** Opens a segment without a torn end, or makes one. @throws the system's error */
export function openSegment(path: string): OpenSegment {
  const file = createAppendFile(path, openOwnFile(path, APPEND));
  if (file.bytes === 0) {
    try {
      file.append(SEGMENT_HEADING);
    } catch (error) {
      file.close();
      throw error;
    }
  }
  return {
    path,
    get bytes() {
      return file.bytes;
    },
    append: (records) => file.append(records),
    sync: (done) => fdatasync(file.fd, done),
    syncNow: () => fdatasyncSync(file.fd),
    close: () => file.close(),
  };
}

/** What a look through a segment found. */
interface SegmentScan {
  readonly records: number;
  /** Up to the end of the last whole record. */
  readonly wholeBytes: number;
  /** Behind it: torn by a crash, or damaged. */
  readonly tornBytes: number;
}

/** Counts the whole records of a segment. Undefined if it is no segment. @throws the system's error */
export function scanSegment(path: string): SegmentScan | undefined {
  const fd = openOwnFile(path, READ_ONLY);
  try {
    const { size } = fstatSync(fd);
    const reader = createSegmentReader(fd);
    if (!reader.readHeading()) {
      // A heading that was torn itself, or never got to the disk.
      return size < SEGMENT_HEADING.length || reader.isBlank
        ? { records: 0, wholeBytes: 0, tornBytes: size }
        : undefined;
    }
    let records = 0;
    while (reader.readNext() !== undefined) records += 1;
    return { records, wholeBytes: reader.at, tornBytes: size - reader.at };
  } finally {
    closeSync(fd);
  }
}

/** Reads the records of an open segment in order, a large piece at a time. */
interface SegmentReader {
  /** The place of the next record in the file. */
  readonly at: number;
  /** True if it begins as a segment does. To be asked first. */
  readHeading(): boolean;
  /** True if zeros stand where the heading belongs: the file's length outlived a power failure, its content not. */
  readonly isBlank: boolean;
  /** The next whole record; undefined at the end, and where something stands that is none. Can be asked again. */
  readNext(): SpoolRecord | undefined;
}

/** A reader of the file from its beginning. Its methods throw the system's errors. */
function createSegmentReader(fd: number): SegmentReader {
  let piece: Buffer = Buffer.alloc(0);
  let pieceAt = 0;
  /** What of the piece has been handed out. */
  let taken = 0;
  /** Makes the piece begin at the next record; true if it has so many bytes. */
  const load = (bytes: number): boolean => {
    pieceAt += taken;
    taken = 0;
    // A fresh one each time: what was handed out shares the memory of the last.
    const fresh = Buffer.allocUnsafe(Math.max(bytes, PIECE_BYTES));
    let length = 0;
    for (let more = -1; more !== 0 && length < fresh.length; length += more) {
      more = readSync(fd, fresh, length, fresh.length - length, pieceAt + length);
    }
    piece = fresh.subarray(0, length);
    return length >= bytes;
  };
  return {
    get at() {
      return pieceAt + taken;
    },
    readHeading() {
      const { length } = SEGMENT_HEADING;
      if (!load(length) || !piece.subarray(0, length).equals(SEGMENT_HEADING)) return false;
      taken = length;
      return true;
    },
    get isBlank() {
      return piece.subarray(0, SEGMENT_HEADING.length).every((byte) => byte === 0);
    },
    readNext() {
      let decoded = decodeRecord(piece, taken);
      while (decoded.kind === 'cut' && load(decoded.bytes)) decoded = decodeRecord(piece, taken);
      if (decoded.kind !== 'record') return undefined;
      taken = decoded.end;
      return decoded.record;
    },
  };
}
