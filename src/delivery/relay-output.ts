// The output of a relay: every event goes into the worker of every sink, and nothing more is read while one of them
// is full. Window, then spool, then a pause: each step is told once it has lasted for a moment.
import type { Clock } from '../clock.ts';
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import type { WriteFailure } from '../io/line-writer.ts';
import type { Output } from '../session/output.ts';
import type { Reporter } from '../ui/reporter.ts';
import { sayReadingPaused, sayReadingResumed, sayUndelivered } from './messages.ts';
import { LIFECYCLE_MARK } from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';
import type { Worker } from './worker.ts';

interface RelayParts {
  readonly workers: readonly Worker[];
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** The name that lifecycle records carry. */
  readonly relayName: string;
  /** Everything that was received survives the end of the process. */
  readonly isSpooled: boolean;
  /** Ends the workers and closes what they use, once. */
  close(): Promise<void>;
}

export interface RelayOutput extends Output {
  /** To be called whenever a worker has changed. */
  look(): void;
  /** A sink is of no use any more, or a spool is not: nothing more is taken. */
  fail(failure: WriteFailure): void;
}

/** A pause that lasts for longer is told. */
const REPORT_AFTER_MS = 1_000;
/** A disk that was full is asked again this often. */
const RETRY_DISK_MS = 1_000;
/** At the end a sink has this long where there is a spool: what is left then waits in it for the next run. */
const SPOOLED_DRAIN_MS = 10_000;

export function openRelayOutput(parts: RelayParts, onFailure: (failure: WriteFailure) => void): RelayOutput {
  const { workers, clock, reporter, relayName, isSpooled } = parts;
  let failure: WriteFailure | undefined;
  let isCut = false;
  let undelivered = 0;
  let blockedMs = 0;
  let blockedSinceMs: number | undefined;
  let release: (() => void) | undefined;
  let hasDrained: (() => void) | undefined;
  const cancels = new Set<() => void>();

  const isOver = (): boolean => isCut || failure !== undefined;
  const findFull = (): Worker | undefined => workers.find(({ backlog }) => backlog.isFull);
  const isDone = (): boolean => isOver() || workers.every(({ pending }) => pending === 0);

  function look(): void {
    if (release !== undefined && (isOver() || findFull() === undefined)) release();
    if (hasDrained !== undefined && isDone()) hasDrained();
  }

  /** Resolves when no worker is full any more. */
  function waitForRoom(): Promise<void> | undefined {
    if (isOver() || findFull() === undefined) return undefined;
    const sinceMs = clock.monotonicMs();
    blockedSinceMs = sinceMs;
    let isTold = false;
    const cancelReport = clock.setTimer(() => {
      const full = findFull();
      if (full === undefined) return;
      isTold = true;
      reporter.report(sayReadingPaused(full.sink.name, sayWhyFull(full), full.pending));
    }, REPORT_AFTER_MS);
    let cancelRetry = (): void => {};
    const retry = (): void => {
      for (const { backlog } of workers) if (backlog.isFull) backlog.retry();
      look();
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
        if (isTold && !isOver()) reporter.report(sayReadingResumed(pausedMs));
        resolve();
      };
    });
  }

  function cut(): void {
    isCut = true;
    look();
  }

  return {
    writeEvents(batch, count) {
      if (isOver()) return undefined;
      const records = listRecords(batch, count);
      for (const worker of workers) worker.append(records);
      return waitForRoom();
    },
    writeLifecycle(record) {
      if (isOver()) return undefined;
      const text = Buffer.from(JSON.stringify({ ...record, relay: relayName }));
      for (const worker of workers) {
        if (worker.sink.wantsLifecycle) worker.append([{ mark: LIFECYCLE_MARK, text }]);
      }
      return waitForRoom();
    },
    // What is taken is in a spool, or told at the end.
    flush: () => Promise.resolve(),
    async drain() {
      if (isSpooled) cancels.add(clock.setTimer(cut, SPOOLED_DRAIN_MS));
      if (!isDone()) {
        await new Promise<void>((resolve) => {
          hasDrained = resolve;
        });
      }
      for (const cancel of cancels) cancel();
      for (const { backlog } of workers) if (backlog.isFull) backlog.retry();
      undelivered = workers.reduce((sum, { backlog }) => sum + backlog.atRisk, 0);
      await parts.close();
    },
    cutAfter(ms) {
      cancels.add(clock.setTimer(cut, ms));
    },
    sayCut: () => (undelivered === 0 ? undefined : sayUndelivered(undelivered)),
    look,
    fail(why) {
      if (failure !== undefined) return;
      failure = why;
      look();
      onFailure(why);
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

/** Events as they were sent; views of the batch, which is never changed. */
function listRecords(batch: Batch, count: number): SpoolRecord[] {
  return Array.from({ length: count }, (_unused, i) => ({ mark: flagsOf(batch, i), text: textOf(batch, i) }));
}

function sayWhyFull({ backlog }: Worker): string {
  if (backlog.diskFault !== undefined) return backlog.diskFault.message;
  return backlog.bytes === 0 ? 'the window is full' : 'window and spool are full';
}
