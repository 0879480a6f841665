// The delivery loop of one sink: its backlog goes out in order, and again from the first record that was not
// acknowledged whenever something failed. At least once, in order, one window at a time.
//
// The state of a worker is the place in its loop and three numbers: acknowledged ≤ next ≤ end.
import { sleep } from '../clock.ts';
import { computeDelayMs, FIRST_BUDGET } from '../connection/retry-policy.ts';
import { isAtlantisError } from '../errors.ts';
import { type Backlog, NumberedQueue } from './backlog.ts';
import type { Sink, SinkFault, Verdict } from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';
import { createWakeSignal, type WakeSignal } from './wake-signal.ts';
import {
  countEvents,
  describeRefusal,
  type WorkerConfig,
  type WorkerDeps,
  type WorkerFigures,
} from './worker-types.ts';

/** More bytes than these are not under way at once, whatever the window is; a single record may be larger. */
const WINDOW_BYTES = 16 * 2 ** 20;

export class Worker {
  readonly sink: Sink;
  readonly backlog: Backlog;
  readonly #settings: WorkerConfig;
  readonly #deps: WorkerDeps;
  readonly #wakeSignal: WakeSignal = createWakeSignal();
  readonly #stopping = new AbortController();
  /** From the first record that is not acknowledged to the last one that was taken from the backlog. */
  readonly #window: NumberedQueue<SpoolRecord>;
  /** What the disk lost after the window. */
  #damage: { readonly damaged: number } | undefined;
  /** Numbers beyond the first unacknowledged one that need not be sent again. */
  readonly #settled = new Set<number>();
  /** Resolves when the sink was ready for the first time. */
  readonly ready: Promise<void>;
  #noteReady: () => void = () => {};
  #next: number;
  #recordsUnderWay = 0;
  #bytesUnderWay = 0;
  #unitsUnderWay = 0;
  #fault: SinkFault | undefined;
  /** Up to `until` units have at most so many records, since more were too large. */
  #narrow = { records: Number.POSITIVE_INFINITY, until: 0 };
  /** Something was acknowledged: since the sink was opened, in this run; nothing since the last failure. */
  #hasProgressed = false;
  #hasWorked = false;
  #hasFailed = false;
  #delivered = 0;
  #duplicates = 0;
  #deadLettered = 0;
  #lost = 0;

  constructor(sink: Sink, backlog: Backlog, settings: WorkerConfig, deps: WorkerDeps) {
    this.sink = sink;
    this.backlog = backlog;
    this.#settings = settings;
    this.#deps = deps;
    this.#next = backlog.acknowledged;
    this.#window = new NumberedQueue(backlog.acknowledged);
    this.ready = new Promise((resolve) => {
      this.#noteReady = resolve;
    });
  }

  get figures(): WorkerFigures {
    const [delivered, duplicates] = [this.#delivered, this.#duplicates];
    return { delivered, duplicates, deadLettered: this.#deadLettered, lost: this.#lost };
  }

  /** Records that are not acknowledged. */
  get pending(): number {
    return this.backlog.end - this.backlog.acknowledged;
  }

  /** Adds records behind all others. */
  append(records: readonly SpoolRecord[]): void {
    this.backlog.append(records);
    this.#wakeSignal.wake();
    this.#deps.onChange();
  }

  /** Ends the loop; what is under way is given up, and stays in the backlog. */
  stop(): void {
    this.#stopping.abort();
    this.#wakeSignal.wake();
  }

  /** Delivers until `stop`, or until the sink has failed for good. Rejects when the backlog cannot be read. */
  async run(): Promise<void> {
    const { clock, random, report } = this.#deps;
    const { signal } = this.#stopping;
    let failures = 0;
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
      const isTooMuch =
        failures >= FIRST_BUDGET.attempts || clock.monotonicMs() - startedAtMs >= FIRST_BUDGET.ms;
      if (fault.exitCode !== undefined || (isTooMuch && this.#mayGiveUp)) {
        report({ kind: 'ended', fault });
        return;
      }
      const delayMs = computeDelayMs(
        { ...this.#settings.policy, maxReconnects: 0, deadlineMs: undefined },
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

  /** What was received is kept for the sink, however long that takes. */
  get #mayGiveUp(): boolean {
    const { givesUpAtStart } = this.#settings;
    if (this.#hasWorked || givesUpAtStart === 'never') return false;
    return givesUpAtStart === 'always' || this.pending === 0;
  }

  /** Sends units until one fails; then waits for those that are still under way. */
  async #deliver(): Promise<SinkFault | undefined> {
    const { signal } = this.#stopping;
    this.#next = this.backlog.acknowledged;
    while (!signal.aborted && this.#fault === undefined) {
      const woken = this.#wakeSignal.untilWoken();
      while (this.#fault === undefined && this.#sendUnit());
      await woken;
    }
    while (this.#unitsUnderWay > 0 && !signal.aborted) await this.#wakeSignal.untilWoken();
    return this.#fault;
  }

  /** Sends the next unit, if there is one and the window has room for it. */
  #sendUnit(): boolean {
    const { sink, backlog } = this;
    if (this.#unitsUnderWay >= sink.unitsAtOnce) return false;
    const first = this.#skipSettled();
    const unit: SpoolRecord[] = [];
    let bytes = 0;
    const limit = this.#limitUnit(first);
    while (unit.length < limit) {
      const record = this.#takeRecord(first + unit.length);
      if (record === undefined) break;
      const isTooMuch = this.#bytesUnderWay + bytes + record.text.length > WINDOW_BYTES;
      if (isTooMuch && this.#recordsUnderWay + unit.length > 0) break;
      unit.push(record);
      bytes += record.text.length;
    }
    if (unit.length === 0) return false;
    this.#next = first + unit.length;
    if (sink.unitsAtOnce === 1) backlog.noteUnit(this.#next);
    this.#recordsUnderWay += unit.length;
    this.#bytesUnderWay += bytes;
    this.#unitsUnderWay += 1;
    void sink.send(unit).then((verdict) => {
      this.#recordsUnderWay -= unit.length;
      this.#bytesUnderWay -= bytes;
      this.#unitsUnderWay -= 1;
      this.#settle(first, unit, verdict);
      this.#wakeSignal.wake();
    });
    return true;
  }

  /** The number of the next record that has to be sent. */
  #skipSettled(): number {
    this.#next = Math.max(this.#next, this.backlog.acknowledged);
    while (this.#settled.has(this.#next)) this.#next += 1;
    return this.#next;
  }

  /** Most records for a unit that begins at `first`. */
  #limitUnit(first: number): number {
    const { window } = this.#settings;
    const { unitEnd, acknowledged } = this.backlog;
    // Records are held until all before them are acknowledged: one late acknowledgement must not pile up the rest.
    const room = Math.min(window - this.#recordsUnderWay, 2 * window - (first - acknowledged));
    const narrow = first < this.#narrow.until ? this.#narrow.records : Number.POSITIVE_INFINITY;
    // A unit that was begun before a restart is sent as the same again.
    if (first === acknowledged && unitEnd > first) return Math.min(unitEnd - first, narrow);
    return Math.min(this.sink.unitSize, room, narrow);
  }

  /** The record of a number, out of the window or the backlog; what the disk lost is told and left out. */
  #takeRecord(number: number): SpoolRecord | undefined {
    if (number < this.#window.end) return this.#window.get(number);
    if (number >= this.backlog.end) return undefined;
    const item = this.#damage ?? this.backlog.take(number);
    if (item === undefined) return undefined;
    if (!('damaged' in item)) {
      this.#window.push(item);
      return item;
    }
    // Skipped as a whole once all before it is acknowledged: there may be millions.
    const isNext = number === this.backlog.acknowledged;
    this.#damage = isNext ? undefined : item;
    if (!isNext) return undefined;
    this.#lost += item.damaged;
    this.#deps.report({ kind: 'damaged', records: item.damaged });
    this.#release(number + item.damaged);
    this.#wakeSignal.wake();
    return undefined;
  }

  #settle(first: number, unit: readonly SpoolRecord[], verdict: Verdict): void {
    if (verdict.kind === 'failed') {
      this.#fault ??= verdict.fault;
      return;
    }
    if (verdict.kind === 'refused' && !this.#deadLetter(first, unit, verdict)) return;
    if (verdict.kind === 'accepted') {
      this.#delivered += countEvents(unit);
      this.#duplicates += verdict.duplicates;
    }
    if (this.#hasFailed) this.#deps.report({ kind: 'recovered' });
    this.#hasFailed = false;
    this.#hasProgressed = true;
    this.#hasWorked = true;
    for (let at = first; at < first + unit.length; at += 1) this.#settled.add(at);
    this.#advance();
    this.#deps.onChange();
  }

  /** True once the records that the sink will never take are kept elsewhere. */
  #deadLetter(
    first: number,
    unit: readonly SpoolRecord[],
    refused: Extract<Verdict, { kind: 'refused' }>,
  ): boolean {
    const { deadLetter } = this.#deps;
    const { why, isTooLarge } = refused;
    if (isTooLarge && unit.length > 1) {
      this.#narrow = { records: Math.ceil(unit.length / 2), until: first + unit.length };
      this.#next = first;
      return false;
    }
    if (deadLetter === undefined) {
      this.#fault ??= describeRefusal(this.sink.name, why);
      return false;
    }
    try {
      for (const record of unit) deadLetter(record, why);
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      this.#fault ??= { words: error.message, hint: error.hint, exitCode: error.exitCode };
      return false;
    }
    this.#deadLettered += countEvents(unit);
    return true;
  }

  /** Moves the mark of what is acknowledged over all that is settled without a gap. */
  #advance(): void {
    let to = this.backlog.acknowledged;
    while (this.#settled.delete(to)) to += 1;
    if (to > this.backlog.acknowledged) this.#release(to);
  }

  #release(to: number): void {
    this.#window.dropBefore(to);
    this.backlog.release(to);
  }
}
