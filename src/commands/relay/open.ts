// Opens what a relay delivers with: sinks, spools, the dead-letter file, and a worker for each sink.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { type Backlog, createMemoryBacklog, createSpooledBacklog } from '../../delivery/backlog.ts';
import { type DeadLetterFile, openDeadLetters } from '../../delivery/dead-letters.ts';
import * as say from '../../delivery/messages.ts';
import { openRelayOutput, type RelayOutput } from '../../delivery/relay-output.ts';
import { createIdentifier, type Sink } from '../../delivery/sink.ts';
import { countSpooled, type LockedSpool, openSpool } from '../../delivery/spool/open-spool.ts';
import type { SpoolRecord } from '../../delivery/spool/record.ts';
import { Worker, type WorkerConfig, type WorkerEvent } from '../../delivery/worker.ts';
import { EXIT, isAtlantisError, SinkError } from '../../errors.ts';
import type { WriteFailure } from '../../io/line-writer.ts';
import type { Reporter } from '../../ui/reporter.ts';
import { createSinks, nameRelay, type SinkDeps } from './sinks.ts';

interface WorkerWatch {
  /** Must be called when records were added or acknowledged. */
  look(): void;
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
    look() {
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

interface SinkPipeline {
  readonly sink: Sink;
  readonly backlog: Backlog;
  readonly locked: LockedSpool | undefined;
}

interface Relay {
  /** @param onFailure called once, when a sink or spool has failed for good */
  readonly openOutput: (onFailure: (failure: WriteFailure) => void) => RelayOutput;
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
  const { config, reporter } = deps;
  const sinks = await createSinks(deps);
  const deadLetters = config.deadLetter === undefined ? undefined : openDeadLetters(config.deadLetter);
  if (deadLetters !== undefined && deadLetters.bytesRepaired > 0) {
    reporter.report(say.sayRepaired('the dead-letter file', deadLetters.bytesRepaired));
  }
  const pipelines: SinkPipeline[] = [];
  /** Faults that occur before there is an output to report them to. */
  const early: unknown[] = [];
  let onFault = (error: unknown): void => void early.push(error);
  try {
    for (const [i, sink] of sinks.entries()) {
      const folder = config.targets[i]?.folder ?? '';
      pipelines.push(await openPipeline(sink, folder, deps, (error) => onFault(error)));
    }
  } catch (error) {
    closeAll(pipelines, deadLetters, onFault);
    throw error;
  }
  if (config.spool !== undefined) warnAboutUnusedSpools(config.spool.path, deps);
  let onFailure = (_failure: WriteFailure): void => {};
  const started = startWorkers(pipelines, deadLetters, deps, (failure) => onFailure(failure));
  const { output, ready, close } = started;
  onFault = started.onFault;
  for (const error of early) onFault(error);
  return {
    openOutput(callback) {
      onFailure = callback;
      if (output.failure !== undefined) callback(output.failure);
      return output;
    },
    async untilReady() {
      if (config.spool !== undefined) return;
      await ready;
      if (output.failure !== undefined) throw output.failure;
    },
    close,
  };
}

async function openPipeline(
  sink: Sink,
  folder: string,
  { config, reporter, io }: SinkDeps,
  onFault: (error: unknown) => void,
): Promise<SinkPipeline> {
  const { spool, window } = config;
  // Read ahead one more window, so that a sink that keeps up never waits for the stream.
  if (spool === undefined) return { sink, backlog: createMemoryBacklog(2 * window), locked: undefined };
  io.ignoreFileSizeSignal();
  const locked = await openSpool({ ...spool, path: join(spool.path, folder) }, io, {
    onFault,
    warn: (message) => reporter.report({ event: 'warning', level: 'warn', message }),
  });
  const { bytesRepaired, hasLostCursor, end, acknowledged } = locked.spool;
  if (bytesRepaired > 0) reporter.report(say.sayRepaired(`the spool of ${sink.name}`, bytesRepaired));
  if (hasLostCursor) reporter.report(say.sayLostCursor(sink.name));
  if (end > acknowledged) reporter.report(say.sayLeftOver(sink.name, end - acknowledged));
  return { sink, backlog: createSpooledBacklog(locked.spool), locked };
}

function warnAboutUnusedSpools(path: string, { config, reporter }: SinkDeps): void {
  const own = new Set(config.targets.map(({ folder }) => folder));
  for (const { name } of readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (own.has(name)) continue;
    const records = countSpooled(join(path, name));
    if (records > 0) reporter.report(say.sayUnusedSpool(join(path, name), records));
  }
}

interface Workers extends Pick<Relay, 'close'> {
  readonly output: RelayOutput;
  /** Resolves when every sink was ready once, or all workers have ended. */
  readonly ready: Promise<unknown>;
  /** Ends the run with an error. */
  readonly onFault: (error: unknown) => void;
}

function startWorkers(
  pipelines: readonly SinkPipeline[],
  deadLetters: DeadLetterFile | undefined,
  { config, connection, reporter, io }: SinkDeps,
  onFailure: (failure: WriteFailure) => void,
): Workers {
  const { clock, random } = io;
  const relayName = nameRelay(config);
  const identify = createIdentifier(config.idSteps, relayName);
  const { window, spool, redeliver } = config;
  const isSpooled = spool !== undefined;
  // With --redeliver nothing can be lost: the events stay in their file.
  const unspooled = redeliver === undefined ? 'while-empty' : 'always';
  const settings: WorkerConfig = {
    window,
    policy: connection,
    givesUpAtStart: isSpooled ? 'never' : unspooled,
  };
  const watches: WorkerWatch[] = [];

  const report = (sink: Sink, event: WorkerEvent): void => {
    if (event.kind === 'ended') {
      const { message, hint, exitCode, exitCodeOnGiveUp } = event.fault;
      output.fail(new SinkError(message, exitCode ?? exitCodeOnGiveUp ?? EXIT.unreachable, hint));
    } else if (event.kind === 'failed') {
      reporter.report(say.saySinkFailed(sink.name, event.fault, event.delayMs, event.attempt));
    } else if (event.kind === 'recovered') reporter.report(say.saySinkRecovered(sink.name));
    else reporter.report(say.sayDamaged(sink.name, event.records));
  };
  const deadLetter = (sink: Sink, record: SpoolRecord, why: string): void => {
    if (deadLetters === undefined) return;
    const id = identify(record);
    const at = new Date(clock.wallMs()).toISOString();
    deadLetters.append({ at, to: sink.name, reason: why, id }, record);
    reporter.report(say.sayDeadLettered(sink.name, deadLetters.path, id, why));
  };
  const workers = pipelines.map(({ sink, backlog }, i) => {
    return new Worker(sink, backlog, settings, {
      clock,
      random,
      report: (event) => report(sink, event),
      onChange() {
        watches[i]?.look();
        output.look();
      },
      deadLetter: deadLetters === undefined ? undefined : (record, why) => deadLetter(sink, record, why),
    });
  });
  if (isSpooled)
    watches.push(...workers.map((worker) => watchWorker(worker, config.window, clock, reporter)));
  const onFault = (error: unknown): void => {
    if (isAtlantisError(error)) output.fail(error);
    else {
      // A bug: throw it to the catch-all of the process.
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeOnce();
    return closing;
  };
  const closeOnce = async (): Promise<void> => {
    for (const watch of watches) watch.end();
    for (const worker of workers) worker.stop();
    await runs;
    closeAll(pipelines, deadLetters, onFault);
    for (const worker of workers) {
      const left =
        worker.backlog.diskFault === undefined && isSpooled ? worker.pending - worker.backlog.atRisk : 0;
      reporter.report(say.sayDelivered(worker.sink.name, worker.figures, left));
    }
  };
  const output = openRelayOutput({ workers, clock, reporter, relayName, isSpooled, close }, onFailure);
  // Each is caught here, because they are awaited much later.
  const runs = Promise.all(workers.map((worker) => worker.run().catch(onFault)));
  const ready = Promise.race([runs, Promise.all(workers.map((worker) => worker.ready))]);
  return { output, ready, close, onFault };
}

/** Closes all of them, even if one fails. */
function closeAll(
  pipelines: readonly SinkPipeline[],
  deadLetters: DeadLetterFile | undefined,
  onFault: (error: unknown) => void,
): void {
  for (const file of [...pipelines.map(({ locked }) => locked), deadLetters]) {
    try {
      file?.close();
    } catch (error) {
      onFault(error);
    }
  }
}
