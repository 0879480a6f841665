// A spool keeps records on disk from their receipt to their acknowledgement.
//
// After `append` a record survives a crash of the process. After the next fsync, at most `syncEveryMs` later, it also
// survives a power failure.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { READ_AHEAD } from '../../connection/read/message-queue.ts';
import { systemCode } from '../../io/system-error.ts';
import { type CursorFile, openCursorFile } from './cursor.ts';
import { encodeRecords, type SpoolRecord, sizeOf } from './record.ts';
import { repairEnd, type SpoolItem, SpoolReader } from './segment-reader.ts';
import { describeSpoolFault, listSegments, nameSegment, OpenSegment, type SegmentEntry } from './segments.ts';
import { SyncTimer } from './sync-timer.ts';

export interface SpoolConfig {
  /** A directory, created if it does not exist. */
  readonly path: string;
  readonly maxBytes: number;
  /** 0: fsync in each `append`. */
  readonly syncEveryMs: number;
}

/** Segments are deleted as a whole, so up to this much may be acknowledged and still on disk. */
const MAX_SEGMENT_BYTES = 16 * 2 ** 20;
/** A small spool has smaller segments, so that a full one has at least this many. */
const MIN_SEGMENTS = 8;
/** Room for the events that were read ahead when reading pauses; at most half of the spool. */
const RESERVE_BYTES = 2 * READ_AHEAD.bytes;
/** The cursor is written at most this long after an acknowledgement; a crash before that causes duplicates. */
const CURSOR_EVERY_MS = 100;

export class Spool {
  /** Length of the incomplete end that was removed when the spool was opened. */
  readonly bytesRepaired: number;
  /** The last write to the first segment that had pending records on opening, in ms since the epoch. */
  readonly leftSinceMs: number | undefined;
  readonly hasLostCursor: boolean;
  readonly #config: SpoolConfig;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #segments: SegmentEntry[];
  readonly #cursor: CursorFile;
  readonly #syncTimer: SyncTimer;
  readonly #reader = new SpoolReader();
  #segmentBytes: number;
  #current: OpenSegment | undefined;
  #acknowledged: number;
  #unitEnd: number;
  #end: number;
  /** The number after the last record on disk. Later records were acknowledged without being written. */
  #written: number;
  #cancelCursor: (() => void) | undefined;

  /** The caller holds the lock. @param onFault called when the disk fails in the background. @throws OutputError */
  constructor(config: SpoolConfig, clock: Clock, onFault: (error: unknown) => void) {
    const { path, maxBytes, syncEveryMs } = config;
    this.#config = config;
    this.#clock = clock;
    this.#onFault = (error) => onFault(describeSpoolFault(path, error));
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(maxBytes / MIN_SEGMENTS));
    this.#syncTimer = new SyncTimer(syncEveryMs, clock, this.#onFault);
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      this.#segments = listSegments(path);
      const { end, bytesRepaired } = repairEnd(this.#segments);
      this.bytesRepaired = bytesRepaired;
      this.#cursor = openCursorFile(join(path, 'cursor'));
      const first = this.#segments[0]?.first ?? end;
      const { acknowledged = first, unitEnd = first } = this.#cursor.found ?? {};
      this.hasLostCursor = this.#cursor.found === undefined && end > first;
      // Records from `acknowledged` to `first` were lost, since the cursor is synced before a segment is deleted.
      this.#acknowledged = acknowledged;
      this.#unitEnd = Math.max(acknowledged, unitEnd);
      // A power failure may have removed acknowledged records from the end; their numbers are not reused.
      this.#end = Math.max(end, this.#acknowledged);
      this.#written = end;
      this.leftSinceMs = this.#segments.find(
        (_segment, at, { [at + 1]: next }) => (next?.first ?? end) > acknowledged,
      )?.writtenAtMs;
      if (this.#cursor.found === undefined) this.#writeCursor();
      this.#deleteAcknowledged();
    } catch (error) {
      throw describeSpoolFault(path, error);
    }
  }

  /** The number of the first record that is not acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The end of the unit in flight; `acknowledged` if there is none. */
  get unitEnd(): number {
    return this.#unitEnd;
  }

  /** The number after the last record. */
  get end(): number {
    return this.#end;
  }

  /** Includes acknowledged records that are not deleted yet. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** In bytes. */
  get room(): number {
    return Math.max(0, this.#config.maxBytes - this.bytes);
  }

  /** When fewer bytes than this are left, reading should pause. */
  get reserve(): number {
    return Math.min(RESERVE_BYTES, this.#config.maxBytes / 2);
  }

  /** The approximate size of the records that are not acknowledged. */
  get pendingBytes(): number {
    return this.#segments.reduce((sum, { first, bytes }, at) => {
      const next = this.#segments[at + 1]?.first ?? this.#end;
      const part = (next - Math.max(first, this.#acknowledged)) / Math.max(1, next - first);
      return sum + Math.round(bytes * Math.max(0, part));
    }, 0);
  }

  /**
   * Appends as many records as fit into `maxBytes`. They are numbered from `first`, which is at least `end`.
   *
   * @returns how many records were appended
   * @throws OutputError if no record was appended because of a fault
   */
  append(first: number, records: readonly SpoolRecord[]): number {
    const { room } = this;
    let [count, size] = [0, 0];
    for (const record of records) {
      if (size + sizeOf(record) > room) break;
      size += sizeOf(record);
      count += 1;
    }
    if (count === 0) return 0;
    try {
      const segment = this.#openFor(first);
      segment.append(encodeRecords(records.slice(0, count), size));
      const entry = this.#segments.at(-1);
      if (entry !== undefined) entry.bytes = segment.bytes;
      this.#end = first + count;
      this.#written = this.#end;
      this.#syncTimer.noteWritten(segment);
    } catch (error) {
      // The segment reached `ulimit -f`. Unless it is empty, the next try begins another segment.
      const last = this.#segments.at(-1);
      if (systemCode(error) === 'EFBIG' && last !== undefined && last.first < first) {
        this.#segmentBytes = Math.min(this.#segmentBytes, last.bytes);
      }
      throw describeSpoolFault(this.#config.path, error);
    }
    return count;
  }

  /** Reads the record with this number, which is below `end`; fast if called in order. @throws OutputError */
  read(number: number): SpoolItem {
    try {
      const item = this.#reader.read(number, this.#segments, this.#end);
      if ('damaged' in item) this.#dropMissing();
      return item;
    } catch (error) {
      throw describeSpoolFault(this.#config.path, error);
    }
  }

  /** Acknowledges all records below `number`. The cursor is written within CURSOR_EVERY_MS. */
  release(number: number): void {
    this.#acknowledged = number;
    this.#unitEnd = Math.max(this.#unitEnd, number);
    this.#end = Math.max(this.#end, number);
    this.#deleteAcknowledged();
    if (number === this.#end) this.#syncTimer.noteNothingLeft();
    this.#cancelCursor ??= this.#clock.setTimer(() => this.#writeCursor(), CURSOR_EVERY_MS);
  }

  /** Writes the end of the unit that begins at `acknowledged`. Must be called before the unit is sent. */
  noteUnit(end: number): void {
    if (end === this.#unitEnd) return;
    this.#unitEnd = end;
    this.#writeCursor();
  }

  /** Syncs pending records first. @throws OutputError */
  async close(): Promise<void> {
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
      await this.#syncTimer.close();
    }
  }

  #writeCursor(): void {
    this.#cancelCursor?.();
    this.#cancelCursor = undefined;
    try {
      this.#cursor.write({ acknowledged: this.#acknowledged, unitEnd: this.#unitEnd });
      // Without pending records no sync is needed, since an older cursor only causes duplicates.
      if (this.#acknowledged < this.#end) this.#syncTimer.noteWritten(this.#cursor);
    } catch (error) {
      this.#onFault(error);
    }
  }

  #openFor(first: number): OpenSegment {
    const last = this.#segments.at(-1);
    const canGrow = last !== undefined && last.bytes > 0 && last.bytes < this.#segmentBytes;
    if (canGrow && first === this.#written && last.isSealed !== true) {
      this.#current ??= new OpenSegment(last.path);
      return this.#current;
    }
    this.#closeCurrent();
    // Records in between were acknowledged without being written, and must not count as lost.
    if (first > this.#written) this.#writeCursor();
    const path = join(this.#config.path, nameSegment(first));
    // A crash may have left an empty segment of this name.
    if (last?.first === first) this.#segments.pop();
    this.#current = new OpenSegment(path);
    this.#segments.push({ first, path, bytes: this.#current.bytes });
    return this.#current;
  }

  #closeCurrent(): void {
    if (this.#current !== undefined) this.#syncTimer.closeAfterSync(this.#current);
    this.#current = undefined;
  }

  /** Nothing may be appended to a segment whose file was deleted. */
  #dropMissing(): void {
    const last = this.#segments.at(-1);
    const existing = this.#segments.filter(({ path }) => existsSync(path));
    if (last !== undefined && !existing.includes(last)) {
      this.#closeCurrent();
      this.#written = last.first;
    }
    this.#segments.splice(0, this.#segments.length, ...existing);
  }

  /** Waits until the cursor is synced. If the run ends before that, the next run deletes the segments. */
  #deleteAcknowledged(): void {
    const done = this.#takeAcknowledged();
    if (done.length === 0) return;
    this.#writeCursor();
    this.#syncTimer.sync(this.#cursor, (error) => {
      try {
        if (error !== null) throw error;
        for (const { path } of done) rmSync(path, { force: true });
      } catch (fault) {
        this.#onFault(fault);
      }
    });
  }

  #takeAcknowledged(): SegmentEntry[] {
    let count = 0;
    for (const segment of this.#segments) {
      const next = this.#segments[count + 1];
      if ((next?.first ?? this.#end) > this.#acknowledged) break;
      // The last segment is kept until it is full.
      if (next === undefined && segment.bytes < this.#segmentBytes) break;
      if (next === undefined) this.#closeCurrent();
      count += 1;
    }
    return this.#segments.splice(0, count);
  }
}
