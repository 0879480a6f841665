// Opens one sink of a relay, with its spool and its worker. Sinks can share a dead-letter file, so no sink closes it.
import { basename, join } from 'node:path';
import { type Clock, sleep } from '../../clock.ts';
import { Backlog } from '../../delivery/backlog.ts';
import type { DeadLetterFile } from '../../delivery/dead-letters.ts';
import * as say from '../../delivery/messages.ts';
import { createIdentifier, type Sink, type SinkFault } from '../../delivery/sink.ts';
import { adoptSpool, type LockedSpool, openSpool } from '../../delivery/spool/open-spool.ts';
import type { SpoolRecord } from '../../delivery/spool/record.ts';
import { Worker, type WorkerConfig } from '../../delivery/worker.ts';
import { reportSearchCuts } from '../../session/run-filter.ts';
import type { Reporter } from '../../ui/reporter.ts';
import type { SinkConfig } from './config.ts';
import { nameRelay, type SinkDeps } from './sinks.ts';

export interface SinkCallbacks {
  readonly givesUpAtStart: WorkerConfig['givesUpAtStart'];
  openDeadLetters(path: string): Pick<DeadLetterFile, 'append'>;
  onFault(error: unknown): void;
  /** The sink has stopped for good. */
  onStopped(worker: Worker, fault: SinkFault): void;
  /** Records were added or acknowledged. */
  onChange(): void;
}

/**
 * - end: the run ends
 * - replaced: a sink with other settings takes over the rest of its backlog
 * - removed: the configuration no longer has it
 * - unused: another sink could not be opened
 */
type CloseReason = 'end' | 'replaced' | 'removed' | 'unused';

export interface OpenSink {
  readonly config: SinkConfig;
  readonly worker: Worker;
  /** The name of its spool's directory in the `--spool` directory; undefined without a spool. */
  readonly spoolName: string | undefined;
  start(): void;
  untilEnd(): Promise<void>;
  /** Waits until everything is acknowledged, at most this long. */
  untilEmpty(ms: number): Promise<void>;
  /** Ends the wait of `untilEmpty`. */
  hurry(): void;
  /** Also reports what was delivered. Can be called again. @returns the records that are not on disk */
  close(why?: CloseReason): Promise<readonly SpoolRecord[]>;
}

/** @throws UsageError, OutputError */
export async function openSink(
  config: SinkConfig,
  sink: Sink,
  deps: SinkDeps,
  callbacks: SinkCallbacks,
): Promise<OpenSink> {
  const { connection, reporter, io } = deps;
  const { clock, random } = io;
  const { window, deadLetter } = config;
  const isSpooled = config.spool !== undefined;
  const identify = createIdentifier(deps.config.idSteps, nameRelay(deps.config));
  const select = await loadSelect(config);
  reportSearchCuts(select, reporter, say.nameSinkFilter(sink.name));
  const deadLetters = deadLetter === undefined ? undefined : callbacks.openDeadLetters(deadLetter);
  const { backlog, locked, spoolName } = await openBacklog(config, sink, deps, callbacks);
  const hurry = new AbortController();
  const givesUpAtStart = isSpooled ? 'never' : callbacks.givesUpAtStart;
  const worker = new Worker(
    sink,
    backlog,
    { window, policy: connection, givesUpAtStart, select },
    {
      clock,
      random,
      report(event) {
        if (event.kind === 'stopped') callbacks.onStopped(worker, event.fault);
        else reporter.report(say.sayWorkerEvent(sink.name, event, isSpooled));
      },
      onChange() {
        watch?.recheck();
        if (worker.pending === 0 && isWaiting) hurry.abort();
        callbacks.onChange();
      },
      deadLetter:
        deadLetters &&
        ((record, why) => {
          const id = identify(record);
          const at = new Date(clock.wallMs()).toISOString();
          deadLetters.append({ at, to: sink.name, reason: io.redactor.redact(why), id }, record);
          reporter.report(say.sayDeadLettered(sink.name, deadLetter ?? '', id, why));
        }),
    },
  );
  const watch = isSpooled ? watchWorker(worker, window, clock, reporter) : undefined;
  let isWaiting = false;
  let run: Promise<void> | undefined;
  let closing: Promise<readonly SpoolRecord[]> | undefined;

  async function closeOnce(why: CloseReason): Promise<readonly SpoolRecord[]> {
    watch?.end();
    worker.stop();
    await run;
    if (backlog.atRisk > 0) backlog.writeToSpool();
    const unwritten = backlog.listUnwritten();
    const left = isSpooled && why !== 'replaced' ? worker.pending - unwritten.length : 0;
    if (why === 'removed') worker.figures.lost += unwritten.length;
    try {
      await locked?.close();
    } catch (error) {
      callbacks.onFault(error);
    }
    if (why !== 'unused') reporter.report(say.sayDelivered(sink.name, worker.figures, left));
    return unwritten;
  }

  return {
    config,
    worker,
    spoolName,
    start() {
      // Errors are caught here, because `run` is awaited much later.
      run ??= worker.run().catch(callbacks.onFault);
    },
    untilEnd: () => run ?? Promise.resolve(),
    async untilEmpty(ms) {
      isWaiting = true;
      if (worker.pending > 0 && worker.stoppedBy === undefined) await sleep(clock, ms, hurry.signal);
    },
    hurry: () => hurry.abort(),
    close(why = 'end') {
      closing ??= closeOnce(why);
      return closing;
    },
  };
}

async function loadSelect({ filter }: SinkConfig): Promise<WorkerConfig['select']> {
  if (filter === undefined) return undefined;
  const { createFilter } = await import('../../filter/filter.ts');
  return createFilter(filter);
}

async function openBacklog(
  { spool, window, target }: SinkConfig,
  sink: Sink,
  { reporter, io }: SinkDeps,
  { onFault }: SinkCallbacks,
): Promise<{ backlog: Backlog; locked?: LockedSpool; spoolName?: string }> {
  // Read ahead one more window, so that a sink that keeps up never waits for the stream.
  if (spool === undefined) return { backlog: new Backlog(2 * window) };
  io.ignoreFileSizeSignal();
  const warn = (message: string): void => reporter.report({ event: 'warning', level: 'warn', message });
  const inParent = (name: string): string => join(spool.path, name);
  const path = await adoptSpool(inParent(target.directory), target.oldDirectories.map(inParent), io, warn);
  const locked = await openSpool({ ...spool, path }, io, { onFault, warn });
  const { bytesRepaired, hasLostCursor, end, acknowledged } = locked.spool;
  if (bytesRepaired > 0) reporter.report(say.sayRepaired(say.nameSpool(sink.name), bytesRepaired));
  if (hasLostCursor) reporter.report(say.sayLostCursor(sink.name));
  if (end > acknowledged) reporter.report(say.sayLeftOver(sink.name, end - acknowledged));
  return { backlog: new Backlog(2 * window, locked.spool), locked, spoolName: basename(path) };
}

interface WorkerWatch {
  /** Must be called when records were added or acknowledged. */
  recheck(): void;
  end(): void;
}

/** In a burst, the backlog exceeds the window for a few milliseconds, which is not reported. */
const REPORT_BEHIND_AFTER_MS = 500;

/** Reports when the backlog of a worker exceeds its window, and when it has caught up. */
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
