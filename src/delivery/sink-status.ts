// The state of a sink, computed only when metrics or health checks ask for it.
import type { Circuit } from './sink.ts';

/** The texts are safe to publish once they are redacted. */
export interface SinkStatus {
  /** The public name: as in the configuration file, else host and stream, or host and a hash. */
  readonly name: string;
  /**
   * - delivering: the sink accepts events
   * - spooling: the sink does not accept events at the moment, and its spool has room for more
   * - retrying: the sink does not accept events, and no spool has room for more; reading pauses, at the
   *   latest when the window is full
   * - stopped: it gets no more events in this run; someone has to fix the cause
   */
  readonly state: 'delivering' | 'spooling' | 'retrying' | 'stopped';
  readonly circuit: Circuit;
  readonly sendTimeoutMs: number;
  /** Undefined if the sink is delivering. */
  readonly fault: string | undefined;
  /** Counts of events in this run; `acknowledged` includes `duplicates`. */
  readonly acknowledged: number;
  readonly duplicates: number;
  /** Refused for good: kept as dead letters, or the reason why the sink stopped. */
  readonly refused: number;
  readonly deadLetters: number;
  /** Damaged in the spool, or arrived after the sink had stopped and its spool or window was full. */
  readonly lost: number;
  /** Records that are not acknowledged, in memory and in the spool. */
  readonly pendingRecords: number;
  /** The size of the texts of these records, about 1 % too high for records of an earlier run. */
  readonly pendingBytes: number;
  /** The age of the oldest of these records; 0 if there is none. Its resolution is 1 s, coarser in a long backlog. */
  readonly oldestAgeMs: number;
  /** Undefined without a spool. */
  readonly spoolBytes: number | undefined;
  readonly spoolRoomBytes: number | undefined;
  /** Wall clock, ms since the epoch; undefined before the first acknowledgement of this run. */
  readonly lastAcknowledgementAt: number | undefined;
}

export interface SinkMonitor {
  status(): SinkStatus;
  /** Called for each acknowledged message or batch, with the time since it was sent. */
  onAcknowledged: ((latencyMs: number, events: number) => void) | undefined;
}

const RESOLUTION_MS = 1_000;
/** With more entries, every second one is dropped, and new ones are added half as often. */
const MAX_ENTRIES = 1_024;

export class ArrivalTimes {
  /** In order. The records from `first` to the next entry arrived at `atMs`, or up to the resolution later. */
  #entries: { readonly first: number; readonly atMs: number }[] = [];
  #resolutionMs = RESOLUTION_MS;

  note(first: number, nowMs: number): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.#resolutionMs) return;
    this.#entries.push({ first, atMs: nowMs });
    if (this.#entries.length <= MAX_ENTRIES) return;
    this.#entries = this.#entries.filter((_entry, at) => at % 2 === 0);
    this.#resolutionMs *= 2;
  }

  /** Forgets the records before this one. */
  ageOf(number: number, nowMs: number): number {
    const at = this.#entries.findLastIndex(({ first }) => first <= number);
    if (at > 0) this.#entries.splice(0, at);
    if (this.#entries.length < MAX_ENTRIES / 4) this.#resolutionMs = RESOLUTION_MS;
    return Math.max(0, nowMs - (this.#entries[0]?.atMs ?? nowMs));
  }
}
