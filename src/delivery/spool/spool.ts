// Records on disk between their receipt and their acknowledgement: appended in order, numbered from 0, read in
// order, forgotten from the front.
//
// What `append` returned from survives the process; it survives the machine once it was forced to the disk, at
// most `syncEveryMs` later. A torn end is taken away when the spool is opened. One process at a time.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { isAtlantisError, OutputError } from '../../errors.ts';
import { type CursorFile, openCursorFile } from './cursor.ts';
import { encodeRecords, type SpoolRecord, sizeOf } from './record.ts';
import {
  listSegments,
  nameSegment,
  type OpenSegment,
  openSegment,
  repairEnd,
  type SegmentEntry,
  type SpoolItem,
  SpoolReader,
} from './segments.ts';
import { createSyncTimer, type SyncTimer } from './sync-timer.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file has reached its size limit',
  EIO: 'the device reported an error',
  EACCES: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'it is no folder',
};

/** The error for the user; one of ours is handed on. */
export function describeSpoolFault(path: string, error: unknown): Error {
  if (isAtlantisError(error)) return error;
  const { code = 'unknown error', hint } = error as NodeJS.ErrnoException & { readonly hint?: string };
  const words = WORDS[code];
  return new OutputError(
    `the spool ${JSON.stringify(path)} could not be used: ${words === undefined ? code : `${words} (${code})`}`,
    hint,
  );
}

export interface SpoolConfig {
  /** A folder of its own; made if it is not there. */
  readonly path: string;
  /** Bytes on disk beyond which nothing is appended. */
  readonly maxBytes: number;
  /** Longest time in ms from `append` to the disk; 0: `append` waits for the disk. */
  readonly syncEveryMs: number;
}

/** Segments are deleted as a whole, so a spool may hold up to this much that is acknowledged already. */
const MAX_SEGMENT_BYTES = 16 * 2 ** 20;
const SEGMENTS_AT_LEAST = 8;
/** The cursor is written at most this often; what a crash makes it forget is sent again. */
const CURSOR_EVERY_MS = 100;

export class Spool {
  /** Bytes of a torn end that were taken away when it was opened. */
  readonly bytesRepaired: number;
  /** True if there are records but no cursor that says how far they were delivered. */
  readonly hasLostCursor: boolean;
  readonly #config: SpoolConfig;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #segments: SegmentEntry[];
  readonly #cursor: CursorFile;
  readonly #syncTimer: SyncTimer;
  readonly #reader = new SpoolReader();
  readonly #segmentBytes: number;
  #current: OpenSegment | undefined;
  #acknowledged: number;
  #unitEnd: number;
  #end: number;
  /** The number behind the last record of the last segment: less than `end` where records did without the disk. */
  #written: number;
  #cancelCursor: (() => void) | undefined;

  /**
   * Opens the folder of a spool, whose lock the caller holds.
   *
   * @param onFault called when the disk fails at a time when nobody waits for it
   * @throws OutputError
   */
  constructor(config: SpoolConfig, clock: Clock, onFault: (error: unknown) => void) {
    const { path, maxBytes, syncEveryMs } = config;
    this.#config = config;
    this.#clock = clock;
    this.#onFault = (error) => onFault(describeSpoolFault(path, error));
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(maxBytes / SEGMENTS_AT_LEAST));
    this.#syncTimer = createSyncTimer(syncEveryMs, clock, this.#onFault);
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      this.#segments = listSegments(path);
      const { end, bytesRepaired } = repairEnd(this.#segments);
      this.bytesRepaired = bytesRepaired;
      this.#cursor = openCursorFile(join(path, 'cursor'));
      const first = this.#segments[0]?.first ?? end;
      const { acknowledged = first, unitEnd = first } = this.#cursor.found ?? {};
      this.hasLostCursor = this.#cursor.found === undefined && end > first;
      // A first segment beyond it is a hole: the cursor is on disk before a segment is deleted.
      this.#acknowledged = acknowledged;
      this.#unitEnd = Math.max(acknowledged, unitEnd);
      // What a power failure took from the end had been acknowledged before: its numbers are not given again.
      this.#end = Math.max(end, this.#acknowledged);
      this.#written = end;
      if (this.#cursor.found === undefined) this.#writeCursor();
      this.#deleteAcknowledged();
    } catch (error) {
      throw describeSpoolFault(path, error);
    }
  }

  /** The first record that is not acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Where the unit ends that was begun at `acknowledged`; the same if none was. */
  get unitEnd(): number {
    return this.#unitEnd;
  }

  /** The number behind the last record. */
  get end(): number {
    return this.#end;
  }

  /** Bytes on disk, with those that are acknowledged but not yet deleted. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Appends all the records, the first under the number `first` (at least `end`), or none of them.
   *
   * @returns false if there is no room for them within `maxBytes`
   * @throws OutputError
   */
  append(first: number, records: readonly SpoolRecord[]): boolean {
    const size = records.reduce((sum, record) => sum + sizeOf(record), 0);
    if (this.bytes + size > this.#config.maxBytes) return false;
    try {
      const segment = this.#openFor(first);
      segment.append(encodeRecords(records, size));
      const entry = this.#segments.at(-1);
      if (entry !== undefined) entry.bytes = segment.bytes;
      this.#end = first + records.length;
      this.#written = this.#end;
      this.#syncTimer.noteWritten(segment);
    } catch (error) {
      throw describeSpoolFault(this.#config.path, error);
    }
    return true;
  }

  /** What stands under a number below `end`; reading on from the last one is quick. @throws OutputError */
  read(number: number): SpoolItem {
    try {
      const item = this.#reader.read(number, this.#segments, this.#end);
      if ('damaged' in item) this.#forgetMissing();
      return item;
    } catch (error) {
      throw describeSpoolFault(this.#config.path, error);
    }
  }

  /** Forgets the records below a number; this is put down within CURSOR_EVERY_MS. */
  release(number: number): void {
    this.#acknowledged = number;
    this.#unitEnd = Math.max(this.#unitEnd, number);
    this.#end = Math.max(this.#end, number);
    this.#deleteAcknowledged();
    if (number === this.#end) this.#syncTimer.noteNothingLeft();
    this.#cancelCursor ??= this.#clock.setTimer(() => this.#writeCursor(), CURSOR_EVERY_MS);
  }

  /** Puts down, before it is sent, where the unit ends that begins at `acknowledged`. */
  noteUnit(end: number): void {
    if (end === this.#unitEnd) return;
    this.#unitEnd = end;
    this.#writeCursor();
  }

  /** Forces what is left to the disk and closes everything. @throws OutputError */
  close(): void {
    try {
      this.#writeCursor();
      if (this.#acknowledged < this.#end) this.#current?.syncNow();
    } catch (error) {
      throw describeSpoolFault(this.#config.path, error);
    } finally {
      this.#reader.close();
      for (const file of [this.#current, this.#cursor]) {
        if (file !== undefined) this.#syncTimer.closeAfterSync(file);
      }
      this.#syncTimer.close();
    }
  }

  #writeCursor(): void {
    this.#cancelCursor?.();
    this.#cancelCursor = undefined;
    try {
      this.#cursor.write({ acknowledged: this.#acknowledged, unitEnd: this.#unitEnd });
      // Where nothing is left an older cursor only means that something is sent again.
      if (this.#acknowledged < this.#end) this.#syncTimer.noteWritten(this.#cursor);
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** The segment that the record of this number goes to. */
  #openFor(first: number): OpenSegment {
    const last = this.#segments.at(-1);
    if (last !== undefined && first === this.#written && last.bytes > 0 && last.bytes < this.#segmentBytes) {
      this.#current ??= openSegment(last.path);
      return this.#current;
    }
    this.#leaveCurrent();
    // Records in between were acknowledged without the disk: that they are missing is no loss.
    if (first > this.#written) this.#writeCursor();
    const path = join(this.#config.path, nameSegment(first));
    // An empty one of that name may have been left by a crash.
    if (last?.first === first) this.#segments.pop();
    this.#current = openSegment(path);
    this.#segments.push({ first, path, bytes: this.#current.bytes });
    return this.#current;
  }

  #leaveCurrent(): void {
    if (this.#current !== undefined) this.#syncTimer.closeAfterSync(this.#current);
    this.#current = undefined;
  }

  /** Forgets segments whose files were removed, so that nothing more is appended to them. */
  #forgetMissing(): void {
    const last = this.#segments.at(-1);
    const there = this.#segments.filter(({ path }) => existsSync(path));
    if (last !== undefined && !there.includes(last)) {
      this.#leaveCurrent();
      this.#written = last.first;
    }
    this.#segments.splice(0, this.#segments.length, ...there);
  }

  /**
   * Deletes what is acknowledged, once the cursor that says so is on the disk. Files that are left by an end in
   * between are deleted by the next run.
   */
  #deleteAcknowledged(): void {
    const done = this.#takeAcknowledged();
    if (done.length === 0) return;
    this.#writeCursor();
    this.#cursor.sync((error) => {
      try {
        if (error !== null) throw error;
        for (const { path } of done) rmSync(path, { force: true });
      } catch (fault) {
        this.#onFault(fault);
      }
    });
  }

  /** Takes the segments out of the list that are acknowledged as a whole. */
  #takeAcknowledged(): SegmentEntry[] {
    let count = 0;
    for (const segment of this.#segments) {
      const next = this.#segments[count + 1];
      if ((next?.first ?? this.#end) > this.#acknowledged) break;
      // The last one is kept while there is room in it: it would only have to be made again.
      if (next === undefined && segment.bytes < this.#segmentBytes) break;
      if (next === undefined) this.#leaveCurrent();
      count += 1;
    }
    return this.#segments.splice(0, count);
  }
}
