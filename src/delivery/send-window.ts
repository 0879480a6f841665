// The records of a worker between its backlog and its sink: the next unit, the units in flight, and the settled records
// (acknowledged or kept as dead letters). The numbers of records: acknowledged ≤ next ≤ end.
import { type Backlog, RecordQueue } from './backlog.ts';
import type { Sink } from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';

export interface Unit {
  /** The number of its first record. */
  readonly first: number;
  readonly records: readonly SpoolRecord[];
  readonly bytes: number;
}

/** Maximum number of bytes in flight, whatever the window is; a single record may be larger. */
const WINDOW_BYTES = 16 * 2 ** 20;
const NO_LIMIT = Number.POSITIVE_INFINITY;

export class SendWindow {
  readonly #backlog: Backlog;
  readonly #sink: Pick<Sink, 'unitSize' | 'maxInFlight'>;
  /** Maximum number of records in flight. */
  readonly #size: number;
  readonly #onDamaged: (records: number) => void;
  /** From the first record that is not acknowledged to the last one that was taken from the backlog. */
  readonly #records: RecordQueue;
  /** Unreadable records directly after `#records`. */
  #damage: { readonly damaged: number } | undefined;
  /** Numbers of records that are settled, although an earlier record is not. */
  readonly #settled = new Set<number>();
  #next: number;
  #recordsInFlight = 0;
  #bytesInFlight = 0;
  unitsInFlight = 0;
  /** Limits the size of units before record `until`, because a larger unit was refused. */
  #narrow = { records: NO_LIMIT, until: 0 };
  /** Units are sent one at a time until this record is acknowledged, because records before it are not settled. */
  #gapsUntil = 0;

  /** @param onDamaged called when unreadable records are skipped */
  constructor(
    backlog: Backlog,
    sink: Pick<Sink, 'unitSize' | 'maxInFlight'>,
    size: number,
    onDamaged: (records: number) => void,
  ) {
    this.#backlog = backlog;
    this.#sink = sink;
    this.#size = size;
    this.#onDamaged = onDamaged;
    this.#next = backlog.acknowledged;
    this.#records = new RecordQueue(backlog.acknowledged);
  }

  /** Begins again at the first record that is not acknowledged. No unit may be in flight. */
  restart(): void {
    this.#next = this.#backlog.acknowledged;
    this.#gapsUntil = 0;
    for (const number of this.#settled) this.#gapsUntil = Math.max(this.#gapsUntil, number);
  }

  /** @param isAlone whether the unit has to be the only one in flight */
  take(isAlone: boolean): Unit | undefined {
    const { unitSize, maxInFlight } = this.#sink;
    const first = this.#skipSettled();
    const most = isAlone || this.#backlog.acknowledged < this.#gapsUntil ? 1 : maxInFlight;
    if (this.unitsInFlight >= most) return undefined;
    const records: SpoolRecord[] = [];
    let bytes = 0;
    const limit = this.#limitUnit(first, unitSize);
    while (records.length < limit) {
      const record = this.#takeRecord(first + records.length);
      if (record === undefined) break;
      const isTooMuch = this.#bytesInFlight + bytes + record.text.length > WINDOW_BYTES;
      if (isTooMuch && this.#recordsInFlight + records.length > 0) break;
      records.push(record);
      bytes += record.text.length;
    }
    if (records.length === 0) return undefined;
    this.#next = first + records.length;
    if (maxInFlight === 1) this.#backlog.noteUnit(this.#next);
    this.#recordsInFlight += records.length;
    this.#bytesInFlight += bytes;
    this.unitsInFlight += 1;
    return { first, records, bytes };
  }

  /** Must be called when the sink has answered, or can no longer answer. */
  markDone({ records, bytes }: Unit): void {
    this.#recordsInFlight -= records.length;
    this.#bytesInFlight -= bytes;
    this.unitsInFlight -= 1;
  }

  settle({ first, records }: Unit): void {
    for (let at = first; at < first + records.length; at += 1) this.#settled.add(at);
    let to = this.#backlog.acknowledged;
    while (this.#settled.delete(to)) to += 1;
    if (to > this.#backlog.acknowledged) this.#release(to);
  }

  /** Sends the records of a unit again, in halves. */
  halve({ first, records }: Unit): void {
    this.#narrow = { records: Math.ceil(records.length / 2), until: first + records.length };
    this.#next = first;
  }

  #skipSettled(): number {
    this.#next = Math.max(this.#next, this.#backlog.acknowledged);
    while (this.#settled.has(this.#next)) this.#next += 1;
    return this.#next;
  }

  #limitUnit(first: number, unitSize: number): number {
    const { unitEnd, acknowledged } = this.#backlog;
    // Records stay in memory until all records before them are acknowledged. If one acknowledgement is late, the second
    // limit keeps them from piling up.
    const room = Math.min(this.#size - this.#recordsInFlight, 2 * this.#size - (first - acknowledged));
    const narrow = first < this.#narrow.until ? this.#narrow.records : NO_LIMIT;
    // A unit that failed, or was in flight when an earlier run ended, is sent again unchanged, with the same
    // Idempotency-Key.
    if (first === acknowledged && unitEnd > first) return Math.min(unitEnd - first, narrow);
    return Math.min(unitSize, room, narrow);
  }

  #takeRecord(number: number): SpoolRecord | undefined {
    if (number < this.#records.end) return this.#records.get(number);
    if (number >= this.#backlog.end) return undefined;
    const item = this.#damage ?? this.#backlog.take(number);
    if (item === undefined) return undefined;
    if (!('damaged' in item)) {
      this.#records.push(item);
      return item;
    }
    // Unreadable records, perhaps millions, are skipped together once all records before them are acknowledged.
    const isNext = number === this.#backlog.acknowledged;
    this.#damage = isNext ? undefined : item;
    if (!isNext) return undefined;
    this.#release(number + item.damaged);
    this.#onDamaged(item.damaged);
    return undefined;
  }

  #release(to: number): void {
    const { bytes } = this.#records;
    this.#records.dropBefore(to);
    this.#backlog.release(to, bytes - this.#records.bytes);
  }
}
