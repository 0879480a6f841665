// The delivery loop of one sink: sends its backlog in order, and after a failure again from the first record that is not
// acknowledged. At least once, in order, one window at a time.
//
// The state of a worker is the place in its loop and three numbers: acknowledged ≤ next ≤ end.
import { type Clock, sleep } from '../clock.ts';
import { FIRST_BUDGET } from '../connection/config.ts';
import { computeDelayMs, type PolicyConfig } from '../connection/retry-policy.ts';
import { EXIT, isAtlantisError } from '../errors.ts';
import { type Backlog, RecordQueue } from './backlog.ts';
import { sayRefused } from './messages.ts';
import {
  LIFECYCLE_MARK,
  type SendResult,
  type Sink,
  type SinkFault,
  type SinkFigures,
  type WorkerEvent,
} from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';

export interface WorkerConfig {
  /** Maximum number of records in flight. */
  readonly window: number;
  readonly policy: Pick<PolicyConfig, 'retryMinMs' | 'retryMaxMs' | 'firstBudget'>;
  /** Give up on a sink that has taken nothing yet: only while nothing could be lost by it, always, or never. */
  readonly givesUpAtStart: 'while-empty' | 'always' | 'never';
}

export interface WorkerDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  report(event: WorkerEvent): void;
  /** Called when records were added or acknowledged. */
  onChange(): void;
  /** Keeps a record that the sink refused; undefined without a dead-letter file. @throws OutputError */
  readonly deadLetter: ((record: SpoolRecord, why: string) => void) | undefined;
}

/** Limits the bytes in flight for any window; a single record may be larger. */
const WINDOW_BYTES = 16 * 2 ** 20;

export class Worker {
  readonly sink: Sink;
  readonly backlog: Backlog;
  readonly #config: WorkerConfig;
  readonly #deps: WorkerDeps;
  readonly #stopping = new AbortController();
  /** From the first record that is not acknowledged to the last one that was taken from the backlog. */
  readonly #window: RecordQueue;
  /** Unreadable records after the window. */
  #damage: { readonly damaged: number } | undefined;
  /** Records in the window that need not be sent again. */
  readonly #settled = new Set<number>();
  /** Resolves when the sink was ready for the first time. */
  readonly ready: Promise<void>;
  #noteReady: () => void = () => {};
  #wake: () => void = () => {};
  #next: number;
  #recordsInFlight = 0;
  #bytesInFlight = 0;
  #unitsInFlight = 0;
  #fault: SinkFault | undefined;
  /** Limits the size of units up to `until`, because a larger one was refused as too large. */
  #narrow = { records: Number.POSITIVE_INFINITY, until: 0 };
  /** Something was acknowledged since the sink was opened; in this run. */
  #hasProgressed = false;
  #hasWorked = false;
  /** Nothing was acknowledged since the last failure. */
  #hasFailed = false;
  /** Counts of events. Lifecycle records are excluded, except from `lost`, where they cannot be distinguished. */
  readonly figures: SinkFigures = { delivered: 0, duplicates: 0, deadLettered: 0, lost: 0 };

  constructor(sink: Sink, backlog: Backlog, config: WorkerConfig, deps: WorkerDeps) {
    this.sink = sink;
    this.backlog = backlog;
    this.#config = config;
    this.#deps = deps;
    this.#next = backlog.acknowledged;
    this.#window = new RecordQueue(backlog.acknowledged);
    this.ready = new Promise((resolve) => {
      this.#noteReady = resolve;
    });
  }

  /** Number of records that are not acknowledged. */
  get pending(): number {
    return this.backlog.end - this.backlog.acknowledged;
  }

  append(records: readonly SpoolRecord[]): void {
    this.backlog.append(records);
    this.#wake();
    this.#deps.onChange();
  }

  /** Ends the loop; records in flight stay in the backlog. */
  stop(): void {
    this.#stopping.abort();
    this.#wake();
  }

  /** Delivers until `stop`, or until the sink has failed for good. Rejects if the backlog cannot be read. */
  async run(): Promise<void> {
    const { clock, random, report } = this.#deps;
    const { signal } = this.#stopping;
    let failures = 0;
    const { firstBudget: budget = FIRST_BUDGET } = this.#config.policy;
    const startedAtMs = clock.monotonicMs();
    while (!signal.aborted) {
      this.#fault = undefined;
      this.#hasProgressed = false;
      let fault = await this.sink.open(signal);
      if (fault === undefined && !signal.aborted) {
        this.#noteReady();
        fault = await this.#deliver();
      }
      await this.sink.close();
      if (fault === undefined || signal.aborted) continue;
      failures = this.#hasProgressed ? 1 : failures + 1;
      const isBudgetSpent = failures >= budget.attempts || clock.monotonicMs() - startedAtMs >= budget.ms;
      if (fault.exitCode !== undefined || (isBudgetSpent && this.#mayGiveUp)) {
        report({ kind: 'ended', fault });
        return;
      }
      const delayMs = computeDelayMs(
        { ...this.#config.policy, maxReconnects: 0, deadlineMs: undefined },
        {
          action: 'retry',
          atLeastMs: fault.retryAfterMs ?? 0,
          atMostMs: Number.POSITIVE_INFINITY,
          exponent: failures - 1,
        },
        random(),
      );
      this.#hasFailed = true;
      report({ kind: 'failed', fault, delayMs, attempt: failures });
      await sleep(clock, delayMs, signal);
    }
  }

  get #mayGiveUp(): boolean {
    const { givesUpAtStart } = this.#config;
    if (this.#hasWorked || givesUpAtStart === 'never') return false;
    return givesUpAtStart === 'always' || this.pending === 0;
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Sends units until one fails; then waits for those in flight. */
  async #deliver(): Promise<SinkFault | undefined> {
    const { signal } = this.#stopping;
    this.#next = this.backlog.acknowledged;
    while (!signal.aborted && this.#fault === undefined) {
      const woken = this.#untilWoken();
      while (this.#fault === undefined && this.#sendUnit());
      await woken;
    }
    while (this.#unitsInFlight > 0 && !signal.aborted) await this.#untilWoken();
    return this.#fault;
  }

  /** Sends the next unit, if there is one that fits into the window. */
  #sendUnit(): boolean {
    const { sink, backlog } = this;
    if (this.#unitsInFlight >= sink.maxInFlight) return false;
    const first = this.#skipSettled();
    const unit: SpoolRecord[] = [];
    let bytes = 0;
    const limit = this.#limitUnit(first);
    while (unit.length < limit) {
      const record = this.#takeRecord(first + unit.length);
      if (record === undefined) break;
      const isTooMuch = this.#bytesInFlight + bytes + record.text.length > WINDOW_BYTES;
      if (isTooMuch && this.#recordsInFlight + unit.length > 0) break;
      unit.push(record);
      bytes += record.text.length;
    }
    if (unit.length === 0) return false;
    this.#next = first + unit.length;
    if (sink.maxInFlight === 1) backlog.noteUnit(this.#next);
    this.#recordsInFlight += unit.length;
    this.#bytesInFlight += bytes;
    this.#unitsInFlight += 1;
    void sink.send(unit).then((result) => {
      this.#recordsInFlight -= unit.length;
      this.#bytesInFlight -= bytes;
      this.#unitsInFlight -= 1;
      this.#settle(first, unit, result);
      this.#wake();
    });
    return true;
  }

  /** The number of the next record to send. */
  #skipSettled(): number {
    this.#next = Math.max(this.#next, this.backlog.acknowledged);
    while (this.#settled.has(this.#next)) this.#next += 1;
    return this.#next;
  }

  /** The maximum size of a unit that begins at `first`. */
  #limitUnit(first: number): number {
    const { window } = this.#config;
    const { unitEnd, acknowledged } = this.backlog;
    // Records are kept until all before them are acknowledged: this bounds them if one acknowledgement is late.
    const room = Math.min(window - this.#recordsInFlight, 2 * window - (first - acknowledged));
    const narrow = first < this.#narrow.until ? this.#narrow.records : Number.POSITIVE_INFINITY;
    // A unit that was in flight before a restart is sent again unchanged.
    if (first === acknowledged && unitEnd > first) return Math.min(unitEnd - first, narrow);
    return Math.min(this.sink.unitSize, room, narrow);
  }

  /** Takes a record from the window or the backlog; unreadable ones are reported and skipped. */
  #takeRecord(number: number): SpoolRecord | undefined {
    if (number < this.#window.end) return this.#window.get(number);
    if (number >= this.backlog.end) return undefined;
    const item = this.#damage ?? this.backlog.take(number);
    if (item === undefined) return undefined;
    if (!('damaged' in item)) {
      this.#window.push(item);
      return item;
    }
    // Skipped as a whole once all records before are acknowledged: there may be millions.
    const isNext = number === this.backlog.acknowledged;
    this.#damage = isNext ? undefined : item;
    if (!isNext) return undefined;
    this.figures.lost += item.damaged;
    this.#deps.report({ kind: 'damaged', records: item.damaged });
    this.#release(number + item.damaged);
    this.#wake();
    return undefined;
  }

  #settle(first: number, unit: readonly SpoolRecord[], result: SendResult): void {
    if (result.kind === 'failed') {
      this.#fault ??= result.fault;
      return;
    }
    if (result.kind === 'refused' && !this.#deadLetter(first, unit, result)) return;
    if (result.kind === 'accepted') {
      this.figures.delivered += countEvents(unit);
      this.figures.duplicates += result.duplicates;
    }
    if (this.#hasFailed) this.#deps.report({ kind: 'recovered' });
    this.#hasFailed = false;
    this.#hasProgressed = true;
    this.#hasWorked = true;
    for (let at = first; at < first + unit.length; at += 1) this.#settled.add(at);
    let to = this.backlog.acknowledged;
    while (this.#settled.delete(to)) to += 1;
    if (to > this.backlog.acknowledged) this.#release(to);
    this.#deps.onChange();
  }

  /** True once all records of a refused unit are dead letters; false if the unit has to be sent again. */
  #deadLetter(
    first: number,
    unit: readonly SpoolRecord[],
    { why, isTooLarge }: Extract<SendResult, { kind: 'refused' }>,
  ): boolean {
    if (isTooLarge && unit.length > 1) {
      this.#narrow = { records: Math.ceil(unit.length / 2), until: first + unit.length };
      this.#next = first;
      return false;
    }
    const { deadLetter } = this.#deps;
    if (deadLetter === undefined) {
      const [message, hint] = sayRefused(this.sink.name, why);
      this.#fault ??= { message, hint, exitCode: EXIT.refused };
      return false;
    }
    try {
      for (const record of unit) deadLetter(record, why);
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      this.#fault ??= error;
      return false;
    }
    this.figures.deadLettered += countEvents(unit);
    return true;
  }

  #release(to: number): void {
    this.#window.dropBefore(to);
    this.backlog.release(to);
  }
}

function countEvents(unit: readonly SpoolRecord[]): number {
  return unit.filter(({ mark }) => mark !== LIFECYCLE_MARK).length;
}
