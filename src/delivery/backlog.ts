// The records that a sink has not acknowledged, consecutively numbered: in memory, and with a spool also on disk.
import type { SpoolRecord } from './spool/record.ts';
import type { SpoolItem } from './spool/segment-reader.ts';
import type { Spool } from './spool/spool.ts';

export class RecordQueue {
  /** The total size of the texts. */
  bytes = 0;
  /** The number of the first record, or of the next one if the queue is empty. */
  first: number;
  /** The number after the last record. */
  end: number;
  readonly #records = new Map<number, SpoolRecord>();

  constructor(first: number) {
    this.first = first;
    this.end = first;
  }

  push(record: SpoolRecord): void {
    this.#records.set(this.end, record);
    this.end += 1;
    this.bytes += record.text.length;
  }

  get(number: number): SpoolRecord | undefined {
    return this.#records.get(number);
  }

  /** If `number` is beyond the end, the queue continues from there. */
  dropBefore(number: number): void {
    for (let at = this.first; at < Math.min(number, this.end); at += 1) {
      this.bytes -= this.get(at)?.text.length ?? 0;
      this.#records.delete(at);
    }
    this.first = Math.max(this.first, number);
    this.end = Math.max(this.end, number);
  }
}

/** Limits the bytes in memory as well, because a single event may be 16 MiB. */
const MAX_HELD_BYTES = 4 * 2 ** 20;
/** With a spool, the newest records stay in memory, too, so that a sink that keeps up never waits for the disk. */
const KEPT_RECORDS = 4_096;

export class Backlog {
  diskFault: Error | undefined;
  readonly #limit: number;
  readonly #spool: Spool | undefined;
  readonly #held: RecordQueue;
  /** Records below this number are on disk or acknowledged. */
  #written: number;
  #pendingBytes: number;
  #unitEnd: number;

  /** @param limit maximum number of records without a spool */
  constructor(limit: number, spool?: Spool) {
    this.#limit = limit;
    this.#spool = spool;
    this.#written = spool?.end ?? 0;
    this.#held = new RecordQueue(this.#written);
    this.#pendingBytes = spool?.pendingBytes ?? 0;
    this.#unitEnd = spool?.unitEnd ?? 0;
  }

  /** The number of the first record that is not acknowledged. */
  get acknowledged(): number {
    return this.#spool?.acknowledged ?? this.#written;
  }

  get end(): number {
    return this.#held.end;
  }

  /** The end of the unit that was sent last, in this run or in the one before. A retry sends the same records. */
  get unitEnd(): number {
    return this.#unitEnd;
  }

  /** Reading should pause, but `append` still works. A spool reserves room for events that were read ahead. */
  get isFull(): boolean {
    if (this.#spool !== undefined) return this.atRisk > 0 || this.#spool.room < this.#spool.reserve;
    return this.atRisk > this.#limit || this.#held.bytes > MAX_HELD_BYTES;
  }

  /** Number of records that would be lost if the process ended now. */
  get atRisk(): number {
    return this.end - this.#written;
  }

  /** The minimum age of the records that an earlier run has left. The time of each record is not stored. */
  measureLeftOverAgeMs(nowMs: number): number {
    return Math.max(0, nowMs - (this.#spool?.leftSinceMs ?? nowMs));
  }

  get spool(): Pick<Spool, 'bytes' | 'room'> | undefined {
    return this.#spool;
  }

  get pendingBytes(): number {
    return this.end === this.acknowledged ? 0 : Math.max(0, this.#pendingBytes);
  }

  /** Without a spool, these are all records that are not acknowledged. */
  listUnwritten(): SpoolRecord[] {
    const records: SpoolRecord[] = [];
    for (let at = this.#written; at < this.end; at += 1) records.push(this.#held.get(at) as SpoolRecord);
    return records;
  }

  append(records: readonly SpoolRecord[]): void {
    for (const record of records) {
      this.#held.push(record);
      this.#pendingBytes += record.text.length;
    }
    this.writeToSpool();
  }

  /** Numbers must be taken in order, each once. Undefined if there is no such record yet. */
  take(number: number): SpoolItem | undefined {
    const record = this.#held.get(number);
    if (record !== undefined) this.#held.dropBefore(Math.min(number + 1, this.#written));
    if (record !== undefined || number >= this.#written) return record;
    const item = this.#spool?.read(number);
    // Records in memory are not lost, even if they are unreadable on disk.
    return item !== undefined && 'damaged' in item
      ? { damaged: Math.min(item.damaged, this.#held.first - number) }
      : item;
  }

  /** Acknowledges the records below `number`, which are `bytes` long in total. */
  release(number: number, bytes: number): void {
    this.#pendingBytes -= bytes;
    this.#written = Math.max(this.#written, number);
    this.#held.dropBefore(number);
    this.#spool?.release(number);
    // After a fault, a full disk should not be tried again for every event.
    if (this.diskFault === undefined) this.writeToSpool();
  }

  /** Remembers the end of the unit that begins at `acknowledged`. Must be called before the unit is sent. */
  noteUnit(end: number): void {
    this.#unitEnd = end;
    this.#spool?.noteUnit(Math.min(end, this.#written));
  }

  writeToSpool(): void {
    if (this.#spool === undefined || this.atRisk === 0) return;
    try {
      this.#written += this.#spool.append(this.#written, this.listUnwritten());
      this.diskFault = undefined;
    } catch (error) {
      this.diskFault = error as Error;
    }
    const { first, end, bytes } = this.#held;
    if (end - first > KEPT_RECORDS || bytes > MAX_HELD_BYTES) this.#held.dropBefore(this.#written);
  }
}
