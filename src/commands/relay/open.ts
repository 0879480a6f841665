// Opens what a relay delivers with: sinks, spools, the dead-letter file, and a worker for each sink.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { Backlog } from '../../delivery/backlog.ts';
import { openDeadLetters } from '../../delivery/dead-letters.ts';
import * as say from '../../delivery/messages.ts';
import { openRelayOutput, type RelayOutput } from '../../delivery/relay-output.ts';
import { createIdentifier, type Sink } from '../../delivery/sink.ts';
import type { SinkMonitor } from '../../delivery/sink-status.ts';
import { hidePath } from '../../delivery/spool/inspect.ts';
import { adoptSpool, countSpooled, type LockedSpool, openSpool } from '../../delivery/spool/open-spool.ts';
import { Worker, type WorkerConfig } from '../../delivery/worker.ts';
import { isAtlantisError } from '../../errors.ts';
import type { WriteFailure } from '../../io/line-writer.ts';
import type { Reporter } from '../../ui/reporter.ts';
import { createSinks, nameRelay, type SinkDeps } from './sinks.ts';
import type { RelayTarget } from './targets.ts';

interface WorkerWatch {
  /** Must be called when records were added or acknowledged. */
  recheck(): void;
  end(): void;
}

/** Bursts exceed the window for a few milliseconds, which is not reported. */
const REPORT_BEHIND_AFTER_MS = 500;

/** Reports when a worker exceeds its window, and when it has caught up. */
function watchWorker(worker: Worker, window: number, clock: Clock, reporter: Reporter): WorkerWatch {
  let cancel: (() => void) | undefined;
  let isReportedBehind = false;
  const reportBehind = (): void => {
    isReportedBehind = true;
    reporter.report(say.saySpooling(worker.sink.name, worker.pending, window));
  };
  return {
    recheck() {
      if (worker.pending > window) {
        if (!isReportedBehind) cancel ??= clock.setTimer(reportBehind, REPORT_BEHIND_AFTER_MS);
        return;
      }
      cancel?.();
      cancel = undefined;
      if (isReportedBehind) reporter.report(say.sayCaughtUp(worker.sink.name));
      isReportedBehind = false;
    },
    end: () => cancel?.(),
  };
}

interface Relay {
  /** For metrics and health checks, in the order of `--to`. */
  readonly sinks: readonly SinkMonitor[];
  /** @param onFailure called once, when a sink or spool has failed for good */
  openOutput(onFailure: (failure: WriteFailure) => void): RelayOutput;
  /**
   * Resolves when every sink was ready once, so that no event is received that cannot be delivered; with a spool, at
   * once.
   *
   * @throws SinkError if one of them has failed for good
   */
  untilReady(): Promise<void>;
  /** Stops the workers and closes everything; draining the output does the same. Can be called again. */
  close(): Promise<void>;
}

/**
 * Starts delivering what an earlier run left in the spools.
 *
 * @throws UsageError, OutputError; then everything is closed again
 */
export async function openRelay(deps: SinkDeps): Promise<Relay> {
  const { config, connection, reporter, io } = deps;
  const { clock, random } = io;
  const { window } = config;
  const isSpooled = config.spool !== undefined;
  const relayName = nameRelay(config);
  const identify = createIdentifier(config.idSteps, relayName);
  // With --redeliver nothing can be lost: the events stay in their file.
  const unspooled = config.redeliver === undefined ? 'while-empty' : 'always';
  const workerConfig: WorkerConfig = {
    window,
    policy: connection,
    givesUpAtStart: isSpooled ? 'never' : unspooled,
  };

  const sinks = await createSinks(deps);
  const { deadLetter } = config;
  const deadLetters =
    deadLetter === undefined ? undefined : openDeadLetters(deadLetter, (record) => reporter.report(record));
  /** Events may have been received: from now on, a sink that stops does not end the run alone. */
  let hasBegun = isSpooled || config.redeliver !== undefined;
  const spools: LockedSpool[] = [];
  const usedFolders = new Set<string>();
  const workers: Worker[] = [];
  const watches: WorkerWatch[] = [];
  const output = openRelayOutput({ workers, clock, reporter, relayName, isSpooled, close });

  function onFault(error: unknown): void {
    if (isAtlantisError(error)) output.fail(error);
    else {
      // A bug: throw it to the catch-all of the process.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  async function openBacklog(sink: Sink, { folder, oldFolders }: RelayTarget): Promise<Backlog> {
    // Read ahead one more window, so that a sink that keeps up never waits for the stream.
    if (config.spool === undefined) return new Backlog(2 * window);
    io.ignoreFileSizeSignal();
    const { path: parent } = config.spool;
    const warn = (message: string): void => reporter.report({ event: 'warning', level: 'warn', message });
    const inParent = (name: string): string => join(parent, name);
    const path = await adoptSpool(inParent(folder), oldFolders.map(inParent), io, warn);
    usedFolders.add(basename(path));
    const locked = await openSpool({ ...config.spool, path }, io, { onFault, warn });
    spools.push(locked);
    const { bytesRepaired, hasLostCursor, end, acknowledged } = locked.spool;
    if (bytesRepaired > 0) reporter.report(say.sayRepaired(say.nameSpool(sink.name), bytesRepaired));
    if (hasLostCursor) reporter.report(say.sayLostCursor(sink.name));
    if (end > acknowledged) reporter.report(say.sayLeftOver(sink.name, end - acknowledged));
    return new Backlog(2 * window, locked.spool);
  }

  function addWorker(sink: Sink, backlog: Backlog): void {
    const worker = new Worker(sink, backlog, workerConfig, {
      clock,
      random,
      report(event) {
        if (event.kind !== 'stopped') reporter.report(say.sayWorkerEvent(sink.name, event, isSpooled));
        else if (hasBegun && workers.some(({ stoppedBy }) => stoppedBy === undefined)) {
          reporter.report(say.saySinkStopped(sink.name, event.fault));
        } else output.fail(say.describeStop(event.fault));
      },
      onChange() {
        watch?.recheck();
        output.recheck();
      },
      deadLetter:
        deadLetters &&
        ((record, why) => {
          const id = identify(record);
          const at = new Date(clock.wallMs()).toISOString();
          deadLetters.append({ at, to: sink.name, reason: io.redactor.redact(why), id }, record);
          reporter.report(say.sayDeadLettered(sink.name, deadLetter ?? '', id, why));
        }),
    });
    const watch = isSpooled ? watchWorker(worker, window, clock, reporter) : undefined;
    if (watch !== undefined) watches.push(watch);
    workers.push(worker);
  }

  /** Closes all files, even if one fails. */
  async function closeFiles(): Promise<void> {
    for (const file of [...spools, deadLetters]) {
      try {
        await file?.close();
      } catch (error) {
        onFault(error);
      }
    }
  }

  try {
    for (const [i, sink] of sinks.entries()) {
      addWorker(sink, await openBacklog(sink, config.targets[i] as RelayTarget));
    }
  } catch (error) {
    await closeFiles();
    throw error;
  }
  if (config.spool !== undefined) warnAboutUnusedSpools(config.spool.path, usedFolders, reporter);
  // Each is caught here, because they are awaited much later.
  const runs = Promise.all(workers.map((worker) => worker.run().catch(onFault)));

  let closing: Promise<void> | undefined;
  function close(): Promise<void> {
    closing ??= closeOnce();
    return closing;
  }
  async function closeOnce(): Promise<void> {
    for (const watch of watches) watch.end();
    for (const worker of workers) worker.stop();
    await runs;
    await closeFiles();
    for (const { sink, backlog, figures, pending } of workers) {
      const left = isSpooled ? pending - backlog.atRisk : 0;
      reporter.report(say.sayDelivered(sink.name, figures, left));
    }
  }

  return {
    sinks: workers,
    openOutput(onFailure) {
      output.listen(onFailure);
      return output;
    },
    async untilReady() {
      if (isSpooled) return;
      await Promise.race([runs, Promise.all(workers.map(({ ready }) => ready))]);
      if (output.failure !== undefined) throw output.failure;
      hasBegun = true;
    },
    close,
  };
}

function warnAboutUnusedSpools(parent: string, used: ReadonlySet<string>, reporter: Reporter): void {
  for (const { name } of readdirSync(parent, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )) {
    if (used.has(name)) continue;
    const records = countSpooled(join(parent, name));
    if (records > 0) reporter.report(say.sayUnusedSpool(join(parent, hidePath(name)), records));
  }
}
