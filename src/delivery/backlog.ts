// The records that a sink has not acknowledged, consecutively numbered: in memory, and with a spool also on disk.
//
// `append` never refuses a record. `isFull` says that no more should be read: a backlog in memory is beyond its limits,
// or a spool did not take everything.
import type { SpoolRecord } from './spool/record.ts';
import type { SpoolItem } from './spool/segments.ts';
import type { Spool } from './spool/spool.ts';

/** Dropped items are compacted when there are more than this, and more than half of all. */
const COMPACT_ABOVE = 1_024;

/** A queue whose items have consecutive numbers. */
export class NumberedQueue<T> {
  #items: (T | undefined)[] = [];
  #skipped = 0;
  #first: number;

  constructor(first: number) {
    this.#first = first;
  }

  /** The number of the first item, or of the next one if the queue is empty. */
  get first(): number {
    return this.#first;
  }

  /** The number after the last item. */
  get end(): number {
    return this.#first + this.#items.length - this.#skipped;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  get(number: number): T | undefined {
    return number < this.#first ? undefined : this.#items[this.#skipped + number - this.#first];
  }

  /** Drops all items below a number, which may be beyond the end: the queue then continues from there. */
  dropBefore(number: number): void {
    if (number <= this.#first) return;
    if (number >= this.end) {
      this.#items = [];
      this.#skipped = 0;
    } else {
      const skipped = this.#skipped + number - this.#first;
      // The array shrinks later, but the items can be freed now.
      this.#items.fill(undefined, this.#skipped, skipped);
      this.#skipped = skipped;
      if (this.#skipped > COMPACT_ABOVE && this.#skipped > this.#items.length / 2) {
        this.#items = this.#items.slice(this.#skipped);
        this.#skipped = 0;
      }
    }
    this.#first = number;
  }
}

export interface Backlog {
  /** The first record that is not acknowledged. */
  readonly acknowledged: number;
  /** The number after the last record. */
  readonly end: number;
  /** The end of the unit that was in flight when the last run ended; `acknowledged` if there was none. */
  readonly unitEnd: number;
  readonly isFull: boolean;
  /** Number of records that would be lost if the process ended now. */
  readonly atRisk: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** Why the last write to the disk failed. */
  readonly diskFault: Error | undefined;
  append(records: readonly SpoolRecord[]): void;
  /** Takes a record, or a number of unreadable ones; undefined if there is none yet. Each number once, in order. */
  take(number: number): SpoolItem | undefined;
  /** Acknowledges the records below this number. */
  release(number: number): void;
  /** Remembers, before it is sent, the end of the unit that begins at `acknowledged`. */
  noteUnit(end: number): void;
  /** Tries again to write to disk what it did not take. */
  retry(): void;
}

/** Limits the memory, because a single event may have 16 MiB. */
const MAX_HELD_BYTES = 4 * 2 ** 20;

/** A backlog in memory, which is full above `limit` records or MAX_HELD_BYTES. */
export function createMemoryBacklog(limit: number): Backlog {
  const records = new HeldRecords(0);
  let acknowledged = 0;
  return {
    get acknowledged() {
      return acknowledged;
    },
    get end() {
      return records.end;
    },
    get unitEnd() {
      return acknowledged;
    },
    get isFull() {
      return records.end - acknowledged > limit || records.bytes > MAX_HELD_BYTES;
    },
    get atRisk() {
      return records.end - acknowledged;
    },
    bytes: 0,
    diskFault: undefined,
    append(more) {
      for (const record of more) records.push(record);
    },
    take: (number) => records.get(number),
    release(number) {
      acknowledged = number;
      records.dropBefore(number);
    },
    noteUnit() {},
    retry() {},
  };
}

/** The newest records stay in memory, too: a sink that keeps up never waits for the disk. */
const KEPT_RECORDS = 4_096;

/** A backlog on disk. Records that the disk did not take wait in memory, and make it full. */
export function createSpooledBacklog(spool: Spool): Backlog {
  const kept = new HeldRecords(spool.end);
  /** Records below this number are on disk. */
  let spooled = spool.end;
  let diskFault: Error | undefined;

  const put = (): void => {
    if (spooled === kept.end) return;
    const waiting: SpoolRecord[] = [];
    for (let at = spooled; at < kept.end; at += 1) waiting.push(kept.get(at) as SpoolRecord);
    try {
      if (spool.append(spooled, waiting)) spooled = kept.end;
      diskFault = undefined;
    } catch (error) {
      diskFault = error as Error;
    }
    if (kept.end - kept.first > KEPT_RECORDS || kept.bytes > MAX_HELD_BYTES) kept.dropBefore(spooled);
  };

  return {
    get acknowledged() {
      return spool.acknowledged;
    },
    get end() {
      return kept.end;
    },
    get unitEnd() {
      return spool.unitEnd;
    },
    get isFull() {
      return spooled < kept.end;
    },
    get atRisk() {
      return kept.end - spooled;
    },
    get bytes() {
      return spool.bytes;
    },
    get diskFault() {
      return diskFault;
    },
    append(records) {
      for (const record of records) kept.push(record);
      put();
    },
    take(number) {
      const record = kept.get(number);
      if (record !== undefined) kept.dropBefore(Math.min(number + 1, spooled));
      if (record !== undefined || number >= spooled) return record;
      const item = spool.read(number);
      // Records in memory are not lost.
      return 'damaged' in item ? { damaged: Math.min(item.damaged, kept.first - number) } : item;
    },
    release(number) {
      spooled = Math.max(spooled, number);
      kept.dropBefore(number);
      spool.release(number);
      // Not after a fault: a full disk should not be tried again for every event.
      if (diskFault === undefined) put();
    },
    noteUnit: (end) => spool.noteUnit(Math.min(end, spooled)),
    retry: put,
  };
}

/** Records in memory, with their total size. */
class HeldRecords extends NumberedQueue<SpoolRecord> {
  bytes = 0;

  override push(record: SpoolRecord): void {
    super.push(record);
    this.bytes += record.text.length;
  }

  override dropBefore(number: number): void {
    for (let at = this.first; at < Math.min(number, this.end); at += 1)
      this.bytes -= this.get(at)?.text.length ?? 0;
    super.dropBefore(number);
  }
}
