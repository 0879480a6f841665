// Merges the events of several connections into one stream: the first copy of an event is delivered at once, and the
// copies of the other connections are dropped.
//
// Copies are matched one to one, so an event that the service sends twice is delivered twice. An event is remembered
// only for the connections that may still deliver it, and at most for the window.
//
//   the event is on …              remembered for this connection?   result
//   one connection, no other open  -                                 delivered as it is, nothing is remembered
//   the first of several           no                                delivered; remembered for each other one
//   a later one                    yes                               dropped
//   a later one, after the window  no longer                         delivered again
//   the same one, once more        no                                delivered again: the service sent it twice
import { type Batch, keepEvents, textOf } from '../events/batch.ts';
import type { MergeConfig } from './config.ts';
import type { Instant } from './stream-clock.ts';

/** Estimated memory of an entry in addition to its id. */
const ENTRY_BYTES = 200;

/** An event that other connections may still deliver. Each number is a set of connections, one bit for each. */
interface Entry {
  readonly id: string;
  readonly at: Instant;
  /** Connections that have delivered it. */
  by: number;
  /** Connections that may still deliver it. */
  awaited: number;
  /** Connections of `awaited` that were subscribed when it was sent, and so miss it if it does not arrive. */
  readonly expected: number;
  /** The next entry with the same id. */
  next: Entry | undefined;
}

/** Events that a connection did not deliver within the window although another one did. */
export interface MissedEvents {
  readonly input: number;
  readonly count: number;
  /** When the first of them was delivered. */
  readonly since: Instant;
}

/** Each input is one connection; its number is from 0 to 30. */
export class Merge {
  duplicates = 0;
  /** Events that were forgotten before the window ended, because of `maxBytes`. */
  forgotten = 0;

  readonly #config: MergeConfig;
  /** In the order of their arrival. */
  readonly #entries = new Set<Entry>();
  /** The first entry of each id. */
  readonly #byId = new Map<string, Entry>();
  #bytes = 0;
  /** The inputs that may deliver events that are sent now. */
  #open = 0;
  /** For each input, the set of inputs with which it has an event in common: both were subscribed from then on. */
  readonly #common: number[] = [];

  constructor(config: MergeConfig) {
    this.#config = config;
  }

  /** The input begins an attempt: events that arrive from now on may also arrive on it. */
  open(input: number): void {
    this.#open |= 1 << input;
    this.#common[input] = 0;
  }

  /**
   * @returns the arrival time of the first event that was expected from this input, and that only another one delivered
   */
  close(input: number): Instant | undefined {
    const bit = 1 << input;
    this.#open &= ~bit;
    for (const [other, mask] of this.#common.entries()) this.#common[other] = mask & ~bit;
    let first: Instant | undefined;
    for (const entry of this.#entries) {
      // A later connection may get the number of this input.
      entry.by &= ~bit;
      if ((entry.awaited & bit) === 0) continue;
      if ((entry.expected & bit) !== 0) first ??= entry.at;
      this.#settle(entry, bit);
    }
    return first;
  }

  /** Whether two inputs have delivered the same event. */
  haveCommon(input: number, other: number): boolean {
    return ((this.#common[input] ?? 0) & (1 << other)) !== 0;
  }

  /** The events of a batch that are new to the stream; the batch itself if all of them are. */
  take(input: number, batch: Batch, at: Instant): Batch {
    const bit = 1 << input;
    const others = this.#open & ~bit;
    if (batch.count === 0 || (others === 0 && this.#entries.size === 0)) return batch;
    const isNew = new Uint8Array(batch.count);
    let count = 0;
    for (let i = 0; i < batch.count; i += 1) {
      const id = this.#config.identify(textOf(batch, i));
      const copy = this.#findAwaited(id, bit);
      if (copy === undefined) {
        if (others !== 0) this.#remember(id, at, bit, others);
        isNew[i] = 1;
        count += 1;
      } else {
        this.#noteCommon(input, copy.by);
        copy.by |= bit;
        this.#settle(copy, bit);
      }
    }
    if (count === batch.count) return batch;
    this.duplicates += batch.count - count;
    let i = 0;
    const kept = count === 0 ? emptyBatch(batch) : keepEvents(batch, () => isNew[i++] === 1);
    batch.release?.();
    return kept;
  }

  /** When the next event leaves the window, on the time scale of `pulledMs`; undefined if none is remembered. */
  get nextExpiryMs(): number | undefined {
    const [oldest] = this.#entries;
    return oldest === undefined ? undefined : oldest.at.pulledMs + this.#config.windowMs;
  }

  /** Forgets the events that have left the window; returns how many of them each connection has missed. */
  advance({ pulledMs }: Instant): MissedEvents[] {
    const missed = new Map<number, { input: number; count: number; since: Instant }>();
    for (const entry of this.#entries) {
      if (entry.at.pulledMs + this.#config.windowMs > pulledMs) break;
      for (let bits = entry.awaited & entry.expected; bits !== 0; bits &= bits - 1) {
        const input = 31 - Math.clz32(bits & -bits);
        const known = missed.get(input);
        if (known === undefined) missed.set(input, { input, count: 1, since: entry.at });
        else known.count += 1;
      }
      this.#forget(entry);
    }
    return [...missed.values()];
  }

  #findAwaited(id: string, bit: number): Entry | undefined {
    let entry = this.#byId.get(id);
    while (entry !== undefined && (entry.awaited & bit) === 0) entry = entry.next;
    return entry;
  }

  #remember(id: string, at: Instant, by: number, awaited: number): void {
    const expected = awaited & (this.#common[31 - Math.clz32(by)] ?? 0);
    const entry: Entry = { id, at, by, awaited, expected, next: undefined };
    let last = this.#byId.get(id);
    if (last === undefined) this.#byId.set(id, entry);
    else {
      while (last.next !== undefined) last = last.next;
      last.next = entry;
    }
    this.#entries.add(entry);
    this.#bytes += id.length + ENTRY_BYTES;
    while (this.#bytes > this.#config.maxBytes) {
      const [oldest] = this.#entries;
      if (oldest === undefined) return;
      this.forgotten += 1;
      this.#forget(oldest);
    }
  }

  #noteCommon(input: number, by: number): void {
    this.#common[input] = (this.#common[input] ?? 0) | by;
    for (let bits = by; bits !== 0; bits &= bits - 1) {
      const other = 31 - Math.clz32(bits & -bits);
      if ((this.#open & (1 << other)) !== 0) this.#common[other] = (this.#common[other] ?? 0) | (1 << input);
    }
  }

  /** The input of `bit` has delivered the event, or will not. */
  #settle(entry: Entry, bit: number): void {
    entry.awaited &= ~bit;
    if (entry.awaited === 0) this.#forget(entry);
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry);
    this.#bytes -= entry.id.length + ENTRY_BYTES;
    const first = this.#byId.get(entry.id);
    if (first === entry) {
      if (entry.next === undefined) this.#byId.delete(entry.id);
      else this.#byId.set(entry.id, entry.next);
      return;
    }
    let before = first;
    while (before !== undefined && before.next !== entry) before = before.next;
    if (before !== undefined) before.next = entry.next;
  }
}

function emptyBatch({ discarded, receivedAtMs }: Batch): Batch {
  const bytes = Buffer.alloc(0);
  const lines = { count: 0, bytes, ends: new Int32Array(0), flags: new Uint8Array(0), allFlags: 0 };
  return { ...lines, discarded, receivedAtMs };
}
