// What a sink has not acknowledged yet, in order and under consecutive numbers: in memory, and where there is a
// spool on disk as well, from its receipt on.
//
// Nothing is refused that was read. `isFull` says that no more should be read: beyond its limits without a spool,
// with one as long as something could not be put into it.
import type { SpoolRecord } from './spool/record.ts';
import type { Spool } from './spool/spool.ts';

/** Forgotten places are cleared away once there are so many, and more than half are. */
const MANY = 1_024;

export class NumberedQueue<T> {
  #items: (T | undefined)[] = [];
  #skipped = 0;
  #first: number;

  /** An empty queue whose first thing will have this number. */
  constructor(first: number) {
    this.#first = first;
  }

  /** The number of the first thing, or of the next one if there is none. */
  get first(): number {
    return this.#first;
  }

  /** The number behind the last thing. */
  get end(): number {
    return this.#first + this.#items.length - this.#skipped;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The thing of that number, or undefined if it is not here. */
  get(number: number): T | undefined {
    return number < this.#first ? undefined : this.#items[this.#skipped + number - this.#first];
  }

  /** Forgets everything below a number; the queue goes on from there, also beyond its end. */
  dropBefore(number: number): void {
    if (number <= this.#first) return;
    if (number >= this.end) {
      this.#items = [];
      this.#skipped = 0;
    } else {
      const skipped = this.#skipped + number - this.#first;
      // The places stay for a while, what was in them must not.
      this.#items.fill(undefined, this.#skipped, skipped);
      this.#skipped = skipped;
      if (this.#skipped > MANY && this.#skipped > this.#items.length / 2) {
        this.#items = this.#items.slice(this.#skipped);
        this.#skipped = 0;
      }
    }
    this.#first = number;
  }
}

/** A record, or the first of so many that the disk did not keep. */
type BacklogItem = SpoolRecord | { readonly damaged: number };

export interface Backlog {
  /** The first record that is not acknowledged. */
  readonly acknowledged: number;
  /** The number behind the last record. */
  readonly end: number;
  /** Where the unit ended that was under way when the last run ended; `acknowledged` if none was. */
  readonly unitEnd: number;
  readonly isFull: boolean;
  /** Records that are lost if the process ends now. */
  readonly atRisk: number;
  /** Bytes that it takes on disk. */
  readonly bytes: number;
  /** Why the disk does not take more, or undefined. */
  readonly diskFault: Error | undefined;
  append(records: readonly SpoolRecord[]): void;
  /** The record of that number; undefined if there is none yet. Each number is asked for once, in order. */
  take(number: number): BacklogItem | undefined;
  /** The records below this number are acknowledged. */
  release(number: number): void;
  /** A unit that begins at `acknowledged` and ends before this number is about to be sent. */
  noteUnit(end: number): void;
  /** Tries once more to put on disk what it did not take. */
  retry(): void;
}

/** What is held in memory is bounded by its size, too: an event may have 16 MiB. */
const MAX_HELD_BYTES = 4 * 2 ** 20;

/** A backlog in memory that is full beyond this many records, or MAX_HELD_BYTES. */
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

/** This many records at the end are kept in memory too: a sink that keeps up never waits for the disk. */
const KEPT_RECORDS = 4_096;

/** A backlog on disk; what the disk does not take waits in memory, and makes it full. */
export function createSpooledBacklog(spool: Spool): Backlog {
  const kept = new HeldRecords(spool.end);
  /** Up to here records are on disk. */
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
      // What is in memory is not lost with the disk.
      return 'damaged' in item ? { damaged: Math.min(item.damaged, kept.first - number) } : item;
    },
    release(number) {
      spooled = Math.max(spooled, number);
      kept.dropBefore(number);
      spool.release(number);
      // A full disk is not asked again for every event.
      if (diskFault === undefined) put();
    },
    noteUnit: (end) => spool.noteUnit(Math.min(end, spooled)),
    retry: put,
  };
}

/** Records in memory, and the bytes of their texts. */
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
