// The delivery loop of one sink. It delivers the backlog at least once, in order, with at most one window of records in
// flight. After a failure it resends from the first record that is not acknowledged.
import { type Clock, sleep } from '../clock.ts';
import { EXIT } from '../errors.ts';
import type { EventFilter } from '../filter/filter.ts';
import type { Backlog } from './backlog.ts';
import { DEAD_LETTER_FAILED, NOT_CONNECTED, sayRefused } from './messages.ts';
import { SendWindow, type Unit } from './send-window.ts';
import {
  LIFECYCLE_MARK,
  type SendResult,
  type Sink,
  type SinkFault,
  type SinkFigures,
  type WorkerEvent,
} from './sink.ts';
import { SinkPolicy, type SinkPolicyConfig } from './sink-policy.ts';
import { ArrivalTimes, type SinkMonitor, type SinkStatus } from './sink-status.ts';
import type { SpoolRecord } from './spool/record.ts';

export interface WorkerConfig extends SinkPolicyConfig {
  /** Maximum number of records in flight. */
  readonly window: number;
  /** Undefined: all events. */
  readonly select?: EventFilter | undefined;
}

interface WorkerDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  report(event: WorkerEvent): void;
  /** Called when records were added or acknowledged, and when the sink stopped. */
  onChange(): void;
  /** Keeps a record that the sink refused; undefined without a dead-letter file. @throws OutputError */
  readonly deadLetter: ((record: SpoolRecord, why: string) => void) | undefined;
}

type RefusedResult = Extract<SendResult, { kind: 'refused' }>;

export class Worker implements SinkMonitor {
  readonly sink: Sink;
  readonly backlog: Backlog;
  readonly select: EventFilter | undefined;
  readonly #deps: WorkerDeps;
  readonly #policy: SinkPolicy;
  readonly #window: SendWindow;
  readonly #stopping = new AbortController();
  /** Resolves when the sink is ready for the first time. */
  readonly ready: Promise<void>;
  #noteReady: () => void = () => {};
  #wake: () => void = () => {};
  /** The fault that ends the current connection. */
  #fault: SinkFault | undefined;
  /** A refusal that stops the sink once everything before it is settled. */
  #refusal: { readonly first: number; readonly fault: SinkFault } | undefined;
  #deadLetterFailure: { readonly error: unknown } | undefined;
  /** Why the sink is not delivering. */
  #problem: SinkFault | undefined = { message: NOT_CONNECTED };
  #isStopped = false;
  #isDropping = false;
  readonly #arrivals = new ArrivalTimes();
  #lastAcknowledgementAt: number | undefined;
  onAcknowledged: SinkMonitor['onAcknowledged'];
  /** Counts of events; `lost` includes every damaged record, and `refused` a lifecycle record that stops the sink. */
  readonly figures: SinkFigures = { delivered: 0, duplicates: 0, refused: 0, deadLettered: 0, lost: 0 };

  constructor(sink: Sink, backlog: Backlog, config: WorkerConfig, deps: WorkerDeps) {
    const { clock } = deps;
    this.sink = sink;
    this.backlog = backlog;
    this.select = config.select;
    this.#deps = deps;
    this.#policy = new SinkPolicy(config, deps);
    this.#window = new SendWindow(backlog, sink, config.window, (records) => {
      this.figures.lost += records;
      deps.report({ kind: 'damaged', records });
      this.#wake();
      deps.onChange();
    });
    this.#arrivals.note(
      backlog.acknowledged,
      clock.monotonicMs() - backlog.measureLeftOverAgeMs(clock.wallMs()),
    );
    this.ready = new Promise((resolve) => {
      this.#noteReady = resolve;
    });
  }

  get pending(): number {
    return this.backlog.end - this.backlog.acknowledged;
  }

  get stoppedBy(): SinkFault | undefined {
    return this.#isStopped ? this.#problem : undefined;
  }

  status(): SinkStatus {
    const { sink, backlog, figures, pending } = this;
    const { spool } = backlog;
    const waiting = spool === undefined || backlog.isFull ? 'retrying' : 'spooling';
    return {
      name: sink.name,
      state: this.#isStopped ? 'stopped' : this.#problem === undefined ? 'delivering' : waiting,
      circuit: this.#policy.circuit,
      sendTimeoutMs: sink.sendTimeoutMs,
      fault: this.#problem?.message,
      acknowledged: figures.delivered,
      duplicates: figures.duplicates,
      refused: figures.refused,
      deadLetters: figures.deadLettered,
      lost: figures.lost,
      pendingRecords: pending,
      pendingBytes: backlog.pendingBytes,
      oldestAgeMs:
        pending === 0 ? 0 : this.#arrivals.ageOf(backlog.acknowledged, this.#deps.clock.monotonicMs()),
      spoolBytes: spool?.bytes,
      spoolRoomBytes: spool?.room,
      lastAcknowledgementAt: this.#lastAcknowledgementAt,
    };
  }

  append(records: readonly SpoolRecord[]): void {
    // The backlog of a sink that has stopped is not emptied, and must not block the other sinks.
    if (this.#isStopped && this.backlog.isFull) {
      if (!this.#isDropping) this.#deps.report({ kind: 'dropping' });
      this.#isDropping = true;
      this.figures.lost += countEvents(records);
      return;
    }
    this.#arrivals.note(this.backlog.end, this.#deps.clock.monotonicMs());
    this.backlog.append(records);
    this.#wake();
    this.#deps.onChange();
  }

  /** Records in flight stay in the backlog. */
  stop(): void {
    this.#stopping.abort();
    this.#wake();
  }

  /** Delivers until `stop`, or until the sink stops for good. Rejects if the backlog or a dead letter fails. */
  async run(): Promise<void> {
    const { clock, report, onChange } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#policy.noteAttempt();
      let fault = await this.sink.open(signal);
      if (fault === undefined && !signal.aborted) {
        this.#noteReady();
        if (this.#policy.circuit === 'closed') this.#problem = undefined;
        fault = await this.#deliver();
      }
      await this.sink.close();
      if (this.#deadLetterFailure !== undefined) throw this.#deadLetterFailure.error;
      if (fault === undefined || signal.aborted) continue;
      this.#problem = fault;
      const verdict = this.#policy.noteFailure(fault, this.pending === 0);
      if (verdict.action === 'stop') {
        this.#isStopped = true;
        report({ kind: 'stopped', fault });
        onChange();
        return;
      }
      const { delayMs, attempt, askedMs } = verdict;
      report({ kind: 'failed', fault, circuit: this.#policy.circuit, delayMs, attempt, askedMs });
      await sleep(clock, delayMs, signal);
    }
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #deliver(): Promise<SinkFault | undefined> {
    const { signal } = this.#stopping;
    this.#fault = undefined;
    this.#refusal = undefined;
    this.#window.restart();
    while (!signal.aborted && this.#fault === undefined) {
      const woken = this.#untilWoken();
      while (this.#fault === undefined && this.#sendUnit());
      await woken;
    }
    while (this.#window.unitsInFlight > 0 && !signal.aborted) await this.#untilWoken();
    return this.#findStop() ?? this.#fault;
  }

  #findStop(): SinkFault | undefined {
    const refusal = this.#refusal;
    if (refusal === undefined || refusal.first !== this.backlog.acknowledged) return undefined;
    this.figures.refused += 1;
    return refusal.fault;
  }

  /** False if no unit fits into the window. */
  #sendUnit(): boolean {
    const unit = this.#window.take(this.#policy.circuit === 'half-open');
    if (unit === undefined) return false;
    const sentAtMs = this.onAcknowledged === undefined ? 0 : this.#deps.clock.monotonicMs();
    void this.sink.send(unit.records).then((result) => {
      this.#window.markDone(unit);
      this.#takeResult(unit, result, sentAtMs);
      this.#wake();
    });
    return true;
  }

  #takeResult(unit: Unit, result: SendResult, sentAtMs: number): void {
    if (result.kind === 'failed') {
      this.#fault ??= result.fault;
      return;
    }
    if (result.kind === 'refused' && !this.#takeRefusal(unit, result)) return;
    const { clock, report, onChange } = this.#deps;
    if (result.kind === 'accepted') {
      const events = countEvents(unit.records);
      this.figures.delivered += events;
      this.figures.duplicates += Math.min(result.duplicates, events);
      this.onAcknowledged?.(clock.monotonicMs() - sentAtMs, events);
      this.#lastAcknowledgementAt = clock.wallMs();
    }
    if (this.#policy.noteProgress()) report({ kind: 'recovered' });
    this.#problem = undefined;
    this.#window.settle(unit);
    onChange();
  }

  /** True once the record of a refused unit is a dead letter; false if the unit is sent again, or the sink stops. */
  #takeRefusal(unit: Unit, { why, doubt }: RefusedResult): boolean {
    const { first, records } = unit;
    if (doubt !== undefined && !this.#policy.isBeyondDoubt(first)) {
      this.#fault ??= doubt;
      return false;
    }
    // Halve the unit until only the refused record is left.
    if (records.length > 1) {
      this.#window.halve(unit);
      return false;
    }
    const { deadLetter } = this.#deps;
    if (deadLetter === undefined) {
      const [message, hint] = sayRefused(this.sink.name, why);
      const fault: SinkFault = { message, hint };
      this.#fault ??= fault;
      if (first <= (this.#refusal?.first ?? first)) {
        this.#refusal = { first, fault: { ...fault, exitCode: EXIT.refused, isEnd: true } };
      }
      return false;
    }
    try {
      for (const record of records) deadLetter(record, why);
    } catch (error) {
      this.#deadLetterFailure ??= { error };
      this.#fault ??= { message: DEAD_LETTER_FAILED };
      return false;
    }
    this.figures.refused += countEvents(unit.records);
    this.figures.deadLettered += countEvents(unit.records);
    return true;
  }
}

function countEvents(records: readonly SpoolRecord[]): number {
  return records.filter(({ mark }) => mark !== LIFECYCLE_MARK).length;
}
