// The output of a relay: passes every event to the worker of every sink that wants it, and pauses reading while the
// backlog of a worker is full.
import type { Clock } from '../clock.ts';
import { type Batch, flagsOf, keepEvents, textOf } from '../events/batch.ts';
import type { EventFilter } from '../filter/filter.ts';
import type { WriteFailure } from '../io/line-writer.ts';
import type { Output } from '../session/output.ts';
import type { Reporter } from '../ui/reporter.ts';
import * as say from './messages.ts';
import { LIFECYCLE_MARK } from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';
import type { Worker } from './worker.ts';

interface RelayParts {
  /** The list changes when the configuration is reloaded. */
  readonly workers: readonly Worker[];
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly relayName: string;
  /** Stops the workers and closes their files. */
  close(): Promise<void>;
}

export interface RelayOutput extends Output {
  /** Must be called when records were added to a worker or acknowledged. */
  recheck(): void;
  /** Holds back writes while the workers change; the returned function resumes them. */
  hold(): () => void;
  /** Ends the run. Nothing more is accepted. */
  fail(failure: WriteFailure): void;
  /** Calls back at the first failure, or at once if there was one already. */
  listen(onFailure: (failure: WriteFailure) => void): void;
}

/** Shorter pauses are not reported. */
const REPORT_AFTER_MS = 1_000;
/** How often a full disk is tried again. */
const RETRY_DISK_MS = 1_000;
/** Limits the drain of a sink with a spool, which keeps the rest for the next run. */
const SPOOLED_DRAIN_MS = 10_000;

export function openRelayOutput(parts: RelayParts): RelayOutput {
  const { workers, clock, reporter, relayName } = parts;
  let failure: WriteFailure | undefined;
  let onFailure: ((failure: WriteFailure) => void) | undefined;
  /** A signal, `--timeout` or a bug ends the run: writes no longer wait for room. */
  let isEnding = false;
  let isCut = false;
  /** The drain no longer waits for sinks with a spool: the next run delivers the rest. */
  let isSpoolLeft = false;
  let held: Promise<void> | undefined;
  let undelivered = 0;
  let blockedMs = 0;
  let blockedSinceMs: number | undefined;
  let release: (() => void) | undefined;
  let finishDrain: (() => void) | undefined;
  const cancels = new Set<() => void>();

  const isOver = (): boolean => isCut || failure !== undefined;
  // A sink that has stopped does not block the others.
  const findFull = (): Worker | undefined =>
    workers.find(({ backlog, stoppedBy }) => backlog.isFull && stoppedBy === undefined);
  const isDone = (): boolean =>
    isOver() ||
    workers.every(
      ({ pending, stoppedBy, backlog }) =>
        pending === 0 || stoppedBy !== undefined || (isSpoolLeft && backlog.spool !== undefined),
    );

  function recheck(): void {
    if (release !== undefined && (isOver() || isEnding || findFull() === undefined)) release();
    if (finishDrain !== undefined && isDone()) finishDrain();
  }

  /** Undefined if no worker is full. */
  function waitForRoom(): Promise<void> | undefined {
    if (isOver() || isEnding || findFull() === undefined) return undefined;
    const sinceMs = clock.monotonicMs();
    blockedSinceMs = sinceMs;
    let isReported = false;
    const cancelReport = clock.setTimer(() => {
      const full = findFull();
      if (full === undefined) return;
      isReported = true;
      reporter.report(say.sayReadingPaused(full.sink.name, describeFull(full), full.pending));
    }, REPORT_AFTER_MS);
    let cancelRetry = (): void => {};
    const retry = (): void => {
      for (const { backlog } of workers) if (backlog.isFull) backlog.writeToSpool();
      recheck();
      if (release !== undefined) cancelRetry = clock.setTimer(retry, RETRY_DISK_MS);
    };
    cancelRetry = clock.setTimer(retry, RETRY_DISK_MS);
    return new Promise((resolve) => {
      release = () => {
        release = undefined;
        cancelReport();
        cancelRetry();
        const pausedMs = clock.monotonicMs() - sinceMs;
        blockedMs += pausedMs;
        blockedSinceMs = undefined;
        if (isReported && !isOver() && !isEnding) reporter.report(say.sayReadingResumed(pausedMs));
        resolve();
      };
    });
  }

  function writeEvents(batch: Batch, count: number): Promise<void> | undefined {
    if (failure !== undefined) return undefined;
    const all = listRecords(batch, count);
    for (const worker of workers) {
      const records = worker.select === undefined ? all : listWanted(batch, count, worker.select);
      if (isCut) undelivered += records.length;
      else if (records.length > 0) worker.append(records);
    }
    return isCut ? undefined : waitForRoom();
  }

  function writeLifecycle(record: object): Promise<void> | undefined {
    if (isOver()) return undefined;
    const text = Buffer.from(JSON.stringify({ ...record, relay: relayName }));
    for (const worker of workers) {
      if (worker.sink.wantsLifecycle) worker.append([{ mark: LIFECYCLE_MARK, text }]);
    }
    return waitForRoom();
  }

  function cut(): void {
    isCut = true;
    recheck();
  }

  function failBecause(why: WriteFailure): void {
    if (failure !== undefined) return;
    failure = why;
    recheck();
    onFailure?.(why);
  }

  return {
    writeEvents: (batch, count) =>
      held === undefined ? writeEvents(batch, count) : held.then(() => writeEvents(batch, count)),
    writeLifecycle: (record) =>
      held === undefined ? writeLifecycle(record) : held.then(() => writeLifecycle(record)),
    hold() {
      let resume = (): void => {};
      held = new Promise((resolve) => {
        resume = () => {
          held = undefined;
          recheck();
          resolve();
        };
      });
      return resume;
    },
    flush: () => Promise.resolve(),
    async drain() {
      await held;
      const leaveSpools = (): void => {
        isSpoolLeft = true;
        recheck();
      };
      cancels.add(clock.setTimer(leaveSpools, SPOOLED_DRAIN_MS));
      if (!isDone()) {
        await new Promise<void>((resolve) => {
          finishDrain = resolve;
        });
      }
      for (const cancel of cancels) cancel();
      for (const { backlog } of workers) if (backlog.isFull) backlog.writeToSpool();
      undelivered += workers.reduce((sum, { backlog }) => sum + backlog.atRisk, 0);
      await parts.close();
      const left = isEnding ? undefined : say.describeLeft(workers);
      if (left !== undefined) failBecause(left);
    },
    cutAfter(ms) {
      isEnding = true;
      cancels.add(clock.setTimer(cut, ms));
      recheck();
    },
    listProblems: () =>
      workers
        .map((worker) => worker.status())
        .filter(({ state }) => state === 'retrying' || state === 'stopped')
        .map(say.describeSinkProblem),
    sayCut: () => (undelivered === 0 ? undefined : say.sayUndelivered(undelivered)),
    recheck,
    fail: failBecause,
    listen(callback) {
      onFailure = callback;
      if (failure !== undefined) callback(failure);
    },
    get failure() {
      return failure;
    },
    get blockedMs() {
      return blockedMs;
    },
    get blockedSinceMs() {
      return blockedSinceMs;
    },
  };
}

/** Views of the memory of the batch, which never changes. */
function listRecords(batch: Batch, count: number): SpoolRecord[] {
  return Array.from({ length: count }, (_unused, i) => ({ mark: flagsOf(batch, i), text: textOf(batch, i) }));
}

function listWanted(batch: Batch, count: number, select: EventFilter): SpoolRecord[] {
  let seen = 0;
  const offered = count === batch.count ? batch : keepEvents(batch, () => seen++ < count);
  const wanted = select(offered);
  return listRecords(wanted, wanted.count);
}

function describeFull({ backlog }: Worker): string {
  if (backlog.diskFault !== undefined) return backlog.diskFault.message;
  return backlog.spool === undefined ? say.WINDOW_FULL : say.SPOOL_FULL;
}
