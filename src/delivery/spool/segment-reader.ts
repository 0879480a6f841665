// Reads the records of a segment in order. A flipped bit loses only the record that contains it.
import { closeSync, constants, fstatSync, ftruncateSync, readSync } from 'node:fs';
import { OutputError } from '../../errors.ts';
import { openOwnFile, READ_ONLY } from '../../io/safe-file.ts';
import { sayNotASegment } from './messages.ts';
import { decodeRecord, RECORD_HEAD_BYTES, type SpoolRecord, sizeOf } from './record.ts';
import { HEADING, type SegmentEntry } from './segments.ts';

/** A record, or the number of records from here that are damaged or missing. */
export type SpoolItem = SpoolRecord | { readonly damaged: number };

/** Damaged bytes between two whole records, or at the end. */
interface BadPart {
  readonly at: number;
  readonly to: number;
  readonly records: number;
}

const PIECE_BYTES = 2 ** 18;

/** Its methods throw the system's error. */
export class SegmentReader {
  /** The number of the next record. */
  next: number;
  readonly #fd: number;
  readonly #parts: readonly BadPart[];
  #piece: Buffer = Buffer.alloc(0);
  #pieceAt = 0;
  #taken = 0;

  /** @param parts the damage that is known, in order */
  constructor(fd: number, first: number, parts: readonly BadPart[] = []) {
    this.#fd = fd;
    this.#parts = parts;
    this.next = first;
  }

  /** The offset of the next record in the file. */
  get at(): number {
    return this.#pieceAt + this.#taken;
  }

  /** Whether the rest of the piece is zeros, which a power failure can leave instead of the content. */
  get isBlank(): boolean {
    return this.#piece.subarray(this.#taken).every((byte) => byte === 0);
  }

  /** Must be called first. If the file has no heading, it returns false, and reading begins at offset 0. */
  readHeading(): boolean {
    if (!this.#load(HEADING.length) || !this.#piece.subarray(0, HEADING.length).equals(HEADING)) return false;
    this.#taken = HEADING.length;
    return true;
  }

  /** Undefined at the end or at unknown damage. Works again after an append. */
  readNext(): SpoolItem | undefined {
    const part = this.#parts.find(({ at }) => at === this.at);
    if (part !== undefined) {
      this.seek(part.to, this.next + part.records);
      return { damaged: part.records };
    }
    let decoded = decodeRecord(this.#piece, this.#taken);
    while (decoded.kind === 'cut' && this.#load(decoded.bytes)) {
      decoded = decodeRecord(this.#piece, this.#taken);
    }
    if (decoded.kind !== 'record') return undefined;
    this.#taken = decoded.end;
    this.next += 1;
    return decoded.record;
  }

  seek(at: number, next: number): void {
    this.next = next;
    this.#pieceAt = at;
    this.#taken = 0;
    this.#piece = Buffer.alloc(0);
  }

  /** The offset of the first whole record at or after `from`. */
  findRecord(from: number, size: number): number | undefined {
    this.seek(from, this.next);
    while (this.at < size) {
      const decoded = decodeRecord(this.#piece, this.#taken);
      if (decoded.kind === 'record') return this.at;
      const isInFile = decoded.kind === 'cut' && this.at + decoded.bytes <= size;
      if (!isInFile || !this.#load(decoded.bytes)) this.#taken += 1;
    }
    return undefined;
  }

  isCutHere(): boolean {
    return decodeRecord(this.#piece, this.#taken).kind === 'cut';
  }

  /** The end of the record at this offset, according to its length field. */
  promisedEnd(at: number): number {
    this.seek(at, this.next);
    this.#load(4);
    return at + RECORD_HEAD_BYTES + (this.#piece.length < 4 ? 0 : this.#piece.readUInt32LE(0));
  }

  /** Reads a piece from the next record on; false if fewer than `bytes` are left. */
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

interface SegmentScan {
  /** Whole and damaged records. */
  readonly records: number;
  readonly parts: readonly BadPart[];
  /** The end of the last whole record, or of the damage after it. */
  readonly wholeBytes: number;
  /** An incomplete record or zeros at the end, left by a write that a crash interrupted. */
  readonly tornBytes: number;
}

/**
 * The number of records in damaged parts is computed if `total` is known, and otherwise estimated. The estimate is
 * high rather than low, because a high one only causes duplicates.
 *
 * @param total how many records the segment had, if that is known
 * @returns undefined if it is not a segment
 * @throws the system's error
 */
export function scanSegment(path: string, total?: number): SegmentScan | undefined {
  return withFile(path, READ_ONLY, (fd) => {
    const { size } = fstatSync(fd);
    const reader = new SegmentReader(fd, 0);
    const parts: { at: number; to: number; records: number; isExact: boolean }[] = [];
    let smallest = Number.POSITIVE_INFINITY;
    let tornBytes = 0;
    if (!reader.readHeading()) {
      const isBlank = size < HEADING.length || reader.isBlank;
      const to = reader.findRecord(0, size);
      // The heading itself may be incomplete.
      if (to === undefined)
        return isBlank ? { records: 0, parts, wholeBytes: 0, tornBytes: size } : undefined;
      parts.push({ at: 0, to, records: to > HEADING.length ? 1 : 0, isExact: to === HEADING.length });
      reader.seek(to, 0);
    }
    for (;;) {
      for (let record = reader.readNext(); record !== undefined; record = reader.readNext()) {
        smallest = Math.min(smallest, sizeOf(record as SpoolRecord));
      }
      const { at, next } = reader;
      if (at >= size) break;
      const isTorn = reader.isCutHere() || reader.isBlank;
      const promisedEnd = reader.promisedEnd(at);
      const to = reader.findRecord(at + 1, size);
      if (to === undefined && isTorn) {
        tornBytes = size - at;
        break;
      }
      parts.push({ at, to: to ?? size, records: 1, isExact: promisedEnd === (to ?? size) });
      if (to === undefined) {
        reader.seek(size, next);
        break;
      }
      reader.seek(to, next);
    }
    const whole = reader.next;
    const counted = countRecords(parts, smallest, total === undefined ? undefined : total - whole);
    const records = whole + counted.reduce((sum, part) => sum + part.records, 0);
    return { records, parts: counted, wholeBytes: size - tornBytes, tornBytes };
  });
}

/** @param missing how many records are in all damaged parts together, if that is known */
function countRecords(
  parts: readonly (BadPart & { readonly isExact: boolean })[],
  smallest: number,
  missing: number | undefined,
): BadPart[] {
  const counted = parts.map(({ at, to, records, isExact }) => ({
    at,
    to,
    records: isExact || missing !== undefined ? records : Math.max(1, Math.floor((to - at) / smallest)),
  }));
  const first = counted[parts.findIndex(({ isExact }) => !isExact)] ?? counted[0];
  const rest = (missing ?? 0) - counted.reduce((sum, { records }) => sum + records, 0);
  if (first !== undefined && missing !== undefined && rest > 0) first.records += rest;
  return counted;
}

/**
 * Removes an incomplete end of the last segment, and nothing that may be readable. `end` is the number after the last
 * record.
 *
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
  last.isSealed = scan.parts.length > 0;
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

/** Reads records by number; fast if read in order. */
export class SpoolReader {
  #open: { readonly first: number; readonly fd: number; readonly reader: SegmentReader } | undefined;
  /** The damage in a segment, and the number after its last record. */
  #known: { readonly first: number; readonly next: number; readonly parts: readonly BadPart[] } | undefined;

  /** @param end the number after the last record. @throws the system's error */
  read(number: number, segments: readonly SegmentEntry[], end: number): SpoolItem {
    const at = segments.findLastIndex(({ first }) => first <= number);
    const segment = segments[at];
    if (segment === undefined) return { damaged: (segments[0]?.first ?? end) - number };
    const next = segments[at + 1]?.first ?? end;
    return this.#readIn(segment, number) ?? this.#readAround(segment, number, next);
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** Undefined if there is unknown damage before the record or in it, or the segment has no such record. */
  #readIn({ first, path }: SegmentEntry, number: number): SpoolItem | undefined {
    if (this.#open?.first !== first || this.#open.reader.next > number) {
      this.close();
      const fd = openIfExists(path);
      if (fd === undefined) return undefined;
      const parts = this.#known?.first === first ? this.#known.parts : [];
      this.#open = { first, fd, reader: new SegmentReader(fd, first, parts) };
      if (!this.#open.reader.readHeading() && parts[0]?.at !== 0) return undefined;
    }
    const { reader } = this.#open;
    while (reader.next < number) if (reader.readNext() === undefined) return undefined;
    if (reader.next > number) return { damaged: reader.next - number };
    const item = reader.readNext();
    // Nothing but a heading was damaged here.
    return item !== undefined && 'damaged' in item && item.damaged === 0 ? reader.readNext() : item;
  }

  /** @param next the number after the last record of the segment */
  #readAround(segment: SegmentEntry, number: number, next: number): SpoolItem {
    const { first, path } = segment;
    this.close();
    if (this.#known?.first !== first || this.#known.next !== next) {
      this.#known = { first, next, parts: scanIfExists(path, next - first)?.parts ?? [] };
      const item = this.#readIn(segment, number);
      if (item !== undefined) return item;
      this.close();
    }
    return { damaged: next - number };
  }
}

/** A deleted segment must not stop the others. @throws the system's error */
function openIfExists(path: string): number | undefined {
  return unlessMissing(() => openOwnFile(path, READ_ONLY));
}

function scanIfExists(path: string, total: number): SegmentScan | undefined {
  return unlessMissing(() => scanSegment(path, total));
}

export function unlessMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
