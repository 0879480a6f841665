// The state of a sink at a moment, for metrics and health checks. It is computed on request, so that it costs
// nothing on the path of an event.
import type { Circuit } from './sink.ts';

/** The state of a sink. Its texts are safe to publish once they are redacted. */
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
  /** See Sink. */
  readonly sendTimeoutMs: number;
  /** Why the sink is not delivering; undefined if it is. */
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
  /**
   * How long the oldest of these records has been waiting; 0 if there is none. The resolution is 1 s, coarser in a long
   * backlog.
   */
  readonly oldestAgeMs: number;
  /** Size of the spool on disk, and the room that is left; undefined without a spool. */
  readonly spoolBytes: number | undefined;
  readonly spoolRoomBytes: number | undefined;
  /** Wall clock, ms since the epoch; undefined before the first acknowledgement of this run. */
  readonly lastAcknowledgementAt: number | undefined;
}

export interface SinkMonitor {
  status(): SinkStatus;
  /**
   * Called for each message or batch that the sink has acknowledged, with the time since it was sent and its number of
   * events. Undefined without a listener.
   */
  onAcknowledged: ((latencyMs: number, events: number) => void) | undefined;
}

const RESOLUTION_MS = 1_000;
/** With more entries, every second one is dropped, and new ones are added half as often. */
const MAX_ENTRIES = 1_024;

/** When records arrived, by their numbers. */
export class ArrivalTimes {
  /** In order. The records from `first` to the next entry arrived at `atMs`, or up to the resolution later. */
  #entries: { readonly first: number; readonly atMs: number }[] = [];
  #resolutionMs = RESOLUTION_MS;

  /** The records from `first` on arrive now. */
  note(first: number, nowMs: number): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.#resolutionMs) return;
    this.#entries.push({ first, atMs: nowMs });
    if (this.#entries.length <= MAX_ENTRIES) return;
    this.#entries = this.#entries.filter((_entry, at) => at % 2 === 0);
    this.#resolutionMs *= 2;
  }

  /** The age of a record that was noted. Forgets the records before it. */
  ageOf(number: number, nowMs: number): number {
    const at = this.#entries.findLastIndex(({ first }) => first <= number);
    if (at > 0) this.#entries.splice(0, at);
    if (this.#entries.length < MAX_ENTRIES / 4) this.#resolutionMs = RESOLUTION_MS;
    return Math.max(0, nowMs - (this.#entries[0]?.atMs ?? nowMs));
  }
}
