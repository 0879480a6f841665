// One run: pulls from a source, applies the limit, writes to an output, and reports what happens.
//
// The only back-pressure is an awaited write. Every reason to end goes through one `Stop`.
import { untilAborted } from '../clock.ts';
import { isAtlantisError, type OutputError } from '../errors.ts';
import type { Io, Outcome } from '../io/io.ts';
import { createStop, type Stop, type StopReason, toOutcome } from '../io/stop.ts';
import type { Recorder } from '../recording/recorder.ts';
import type { LifecycleRecord } from '../render/renderer.ts';
import type { TailConfig } from '../settings/stream-config.ts';
import { type Connected, type EventBatch, type Events, pump, type StreamItem } from '../stream/items.ts';
import * as say from '../ui/messages.ts';
import type { Reporter } from '../ui/reporter.ts';
import type { StreamProgress } from '../ui/stream-progress.ts';
import type { EventWatch, WatchConfig } from './event-watch.ts';
import { NO_REASON, sayDiscarded, sayEnd, sayFailure, saySummary } from './messages.ts';
import type { OpenOutput, Output } from './output.ts';
import { clearReadyFile, createReadyFile } from './ready-file.ts';
import { loadEventWatch } from './run-filter.ts';
import { type RunObserver, RunTracker } from './run-status.ts';
import type { Recorded, Source } from './source.ts';
import { createSilenceWatch, type SilenceWatch, watchStopTriggers } from './stop-triggers.ts';
import { Tally } from './tally.ts';

type SessionConfig = Pick<
  TailConfig,
  'filter' | 'limit' | 'durationMs' | 'timeoutMs' | 'maxSilenceMs' | 'failOnGap' | 'readyFile'
> &
  Partial<Pick<TailConfig, 'readsKeyPresses'>> &
  WatchConfig;

interface SessionParts {
  readonly config: SessionConfig;
  readonly source: Source;
  readonly openOutput: OpenOutput;
  readonly reporter: Reporter;
  readonly status: StreamProgress;
  readonly openRecorder?: ((onFailure: (failure: OutputError) => void) => Recorder) | undefined;
  /** Nothing is pulled before it resolves; if it rejects, the output has already failed. */
  readonly untilReady?: () => Promise<void>;
  readonly observers?: readonly RunObserver[];
}

interface Run extends SessionParts {
  readonly io: Io;
  readonly stop: Stop;
  readonly output: Output;
  readonly tally: Tally;
  readonly tracker: RunTracker;
  readonly recorder: Recorder | undefined;
  readonly watch: EventWatch | undefined;
}

/** Runs to the end; closes everything it opened before it resolves or rejects. */
export async function runSession(parts: SessionParts, io: Io): Promise<Outcome> {
  const { config, reporter, status } = parts;
  const { clock } = io;
  const watch = await loadEventWatch(config, clock, reporter);
  if (config.readyFile !== undefined) clearReadyFile(config.readyFile);
  const stop = createStop();
  const opened = parts.openOutput(
    (failure) => stop.because({ kind: 'output', failure }),
    () => stop.because({ kind: 'duration' }),
  );
  const keys = config.readsKeyPresses ? (await import('./keys.ts')).openKeys(parts, stop, io) : undefined;
  const output = keys === undefined ? opened : keys.pause.wrap(opened);
  const tally = new Tally(clock, (reasons) => reporter.report(sayDiscarded(reasons)));
  const recorder = parts.openRecorder?.((failure) => stop.because({ kind: 'output', failure }));
  const tracker = trackRun(parts, { output, tally }, stop, io);
  const run: Run = { ...parts, io, stop, output, tally, tracker, recorder, watch };
  const silence = createSilenceWatch(config.maxSilenceMs, clock, output, () =>
    stop.because({ kind: 'silence' }),
  );
  const unwatch = watchStopTriggers(config, io, stop, output);
  try {
    await pullItems(run, silence);
    status.end?.();
    return await conclude(run);
  } finally {
    silence.end();
    tracker.stop();
    status.end?.();
    tally.end();
    watch?.end();
    recorder?.close();
    keys?.close();
    unwatch();
  }
}

function trackRun(parts: SessionParts, run: Pick<Run, 'output' | 'tally'>, stop: Stop, io: Io): RunTracker {
  const { readyFile } = parts.config;
  const onFault = (error: unknown): void => stop.because({ kind: 'fault', error });
  const own = readyFile === undefined ? [] : [createReadyFile(readyFile, io.pid, onFault)];
  return new RunTracker(
    { ...run, source: parts.source },
    [...own, ...(parts.observers ?? [])],
    io.clock,
    stop.signal,
  );
}

async function pullItems(run: Run, silence: SilenceWatch): Promise<void> {
  const { config, io, output, reporter, source, status, stop, tally } = run;
  if (run.untilReady !== undefined)
    await untilAborted(
      run.untilReady().catch(() => {}),
      stop.signal,
    );
  if (stop.reason !== undefined) return;
  const gaveUp = await pump<StreamItem | Recorded>(source.items(stop.signal), async (item) => {
    if (item.kind === 'connected' && tally.isDisconnected) silence.begin();
    if (item.kind === 'lost' && item.others === undefined) silence.end();
    if (item.kind === 'events') run.tracker.note(item);
    if (item.kind === 'recorded') {
      if (item.gapMs !== undefined) {
        status.noteGap?.();
        tally.noteGap(item.gapMs);
      }
      await output.writeRecorded?.(item.line);
    } else if (item.kind !== 'events') await noteItem(item, run);
    else if ((await deliver(item.batch, run)) > 0) silence.noteEvent();
    if (tally.events === config.limit) stop.because({ kind: 'limit' });
    const { reason } = stop;
    return reason?.kind !== 'limit' && reason?.kind !== 'output' && output.failure === undefined;
  });
  if (gaveUp === undefined) return;
  if (stop.reason === undefined) reporter.report(say.sayGaveUp(gaveUp, io.clock.wallMs()));
  stop.because({ kind: 'gave-up', exitCode: gaveUp.exitCode });
}

/** Writes the events that pass the filters and the limit, and returns their number. */
async function deliver(batch: EventBatch, run: Run): Promise<number> {
  const { received, wanted, connection } = batch;
  const { config, source, status, stop, tally, recorder, output } = run;
  const isAcknowledged = source.kind === 'live' && source.acknowledge !== undefined;
  const count = Math.min(wanted.count, (config.limit ?? Number.POSITIVE_INFINITY) - tally.events);
  // The recording has every event, even those that the filters drop.
  recorder?.writeEvents(received, config.filter === undefined ? count : received.count, connection);
  if (config.filter !== undefined) {
    tally.noteFiltered(received.count, wanted.count);
    status.noteReceived?.(received.count);
  }
  run.watch?.note(received, wanted);
  if (wanted !== received) received.release?.();
  // An event that could not be recorded is not delivered either.
  if (stop.reason?.kind === 'output') return 0;
  if (count === 0) {
    if (isAcknowledged) source.acknowledge?.(batch, 0, false);
    return 0;
  }
  const place = { connection, firstSeq: tally.events + 1 };
  tally.events += count;
  // Before the write, which releases the memory of the batch.
  status.noteLag?.(wanted, count);
  await output.writeEvents(wanted, count, place);
  status.noteEvents?.(count);
  if (isAcknowledged) {
    await output.flush();
    if (output.failure === undefined) source.acknowledge?.(batch, count, tally.events === config.limit);
  }
  return count;
}

async function noteItem(item: Exclude<StreamItem, Events>, run: Run): Promise<void> {
  const { config, io, reporter, status, stop, source, tally, tracker } = run;
  if (source.kind === 'file') return;
  const { host, resumesAfterLoss } = source;
  if (item.kind !== 'connected') tracker.note(item);
  switch (item.kind) {
    case 'connecting':
      reporter.report(say.sayConnecting(host, item));
      if (item.others === undefined) status.connecting?.(host);
      break;
    case 'connected':
      tally.noteConnected(item.isAdditional);
      reporter.report(source.sayConnected(item));
      await recordConnected(item, run);
      tracker.note(item);
      status.live?.(source);
      status.noteConnections?.(tally.live);
      break;
    case 'discarded':
      tally.noteDiscarded(item.reasons);
      break;
    case 'lost':
      tally.noteLost(item, !resumesAfterLoss);
      reporter.report(say.sayLost(item, io.clock.wallMs()));
      status.noteConnections?.(tally.live);
      if (item.others !== undefined) break;
      status.lost?.(!resumesAfterLoss);
      if (config.failOnGap && !resumesAfterLoss) stop.because({ kind: 'gap' });
      break;
    case 'retrying':
      if (stop.reason === undefined) reporter.report(say.sayRetrying(item));
      if (item.others === undefined) status.retrying?.(item.delayMs, item.attempt);
      break;
    case 'gap':
      reporter.report(say.sayGap(item));
      // The status line has counted this gap at the loss, unless the stream seemed to be live.
      if (!tally.takeCountedGap()) status.noteGap?.();
      tally.noteGap(item.durationMs);
      if (config.failOnGap) stop.because({ kind: 'gap' });
      await record(
        { lifecycle: 'gap', from: iso(item.fromMs), to: iso(item.toMs), cause: item.cause.kind },
        run,
      );
      break;
    case 'notice':
      reporter.report(say.sayNotice(item));
      if (item.what === 'handover') tally.live = 1;
      break;
  }
}

function recordConnected({ connection, host, keyPrefix, atMs }: Connected, run: Run): Promise<void> {
  return record({ lifecycle: 'connected', at: iso(atMs), connection, host, key_prefix: keyPrefix }, run);
}

/** Writes a lifecycle record to the output (contract G2) and to the recording. */
async function record(one: LifecycleRecord, run: Run): Promise<void> {
  run.recorder?.writeLifecycle(one);
  await run.output.writeLifecycle(one);
}

/** Flushes the output, reports how the run ended, and prints the summary. */
async function conclude(run: Run): Promise<Outcome> {
  const { config, io, output, reporter, source, stop, tally } = run;
  if (source.kind === 'live') await recordEnd(run);
  run.watch?.finish(source.kind === 'file' && stop.reason === undefined);
  run.recorder?.close();
  await output.drain();
  // Read only now, since a reason with a higher priority may have come while the output drained.
  const { reason } = stop;
  const finish = reason === undefined && source.kind === 'file' ? source.finish() : undefined;
  for (const one of finish?.errors ??
    sayEnd(reasonOf(stop), config, tally.events, output.listProblems?.()[0]))
    reporter.report(one);
  // A failed output is reported even if a signal or a limit came first.
  if (reason?.kind !== 'output' && isAtlantisError(output.failure)) {
    reporter.report(sayFailure(output.failure));
  }
  const cut = output.sayCut();
  if (cut !== undefined) reporter.report(cut);
  if (reason?.kind === 'fault' && !isAtlantisError(reason.error)) throw reason.error;
  const { openGap } = tally;
  if (openGap !== undefined) {
    reporter.report(say.sayOpenGap(openGap.loss, openGap.durationMs, io.clock.wallMs()));
  }
  const merged = source.hasSeveralConnections ? source.mergeFigures : undefined;
  const figures = { ...tally.summarize(output.blockedMs), merged };
  reporter.report(source.kind === 'live' ? saySummary(figures) : source.summarize(figures));
  const outcome = finish === undefined ? toOutcome(reasonOf(stop)) : { exitCode: finish.exitCode };
  if ('exitCode' in outcome && cut !== undefined) io.exitNow(outcome.exitCode);
  return outcome;
}

/** Writes the records of an open gap and of the end (contract G2). */
async function recordEnd(run: Run): Promise<void> {
  const { io, stop, tally } = run;
  const { openGap } = tally;
  if (openGap !== undefined) {
    const { lastByteAtMs, cause } = openGap.loss;
    await record({ lifecycle: 'gap', from: iso(lastByteAtMs), to: null, cause: cause.kind }, run);
  }
  const { gaps } = tally.summarize(0);
  const [exitCode, signal] = describeOutcome(toOutcome(reasonOf(stop)));
  const end = { reason: reasonOf(stop).kind, events: tally.events, gaps, exit_code: exitCode, signal };
  await record({ lifecycle: 'end', at: iso(io.clock.wallMs()), ...end }, run);
}

function reasonOf({ reason }: Stop): StopReason {
  return reason ?? { kind: 'fault', error: new Error(NO_REASON) };
}

function describeOutcome(outcome: Outcome): [number, null] | [null, string] {
  return 'signal' in outcome ? [null, outcome.signal] : [outcome.exitCode, null];
}

function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
