// The pipeline of a tail: connection → renderer → writer, and what is said about it.
//
// Data is pulled; the only force backwards is an awaited write. Every reason to end goes through one `Stop`.
import { keyPrefix } from './config/key.ts';
import type { StreamSource, TailConfig } from './config/tail-config.ts';
import { type FollowSettings, follow, type StreamItem } from './connection/follow.ts';
import { isAtlantisError } from './errors.ts';
import type { Io, Outcome } from './io.ts';
import { createLineWriter, isFile, type LineWriter } from './output/line-writer.ts';
import type { Batch } from './protocol/messages.ts';
import { writeReadyFile } from './ready-file.ts';
import { createSilenceWatch } from './silence.ts';
import { createStop, type Stop, type StopReason, toOutcome } from './stop.ts';
import { startTally, type Tally } from './tally.ts';
import type { Reporter } from './ui/reporter.ts';
import type { StatusLine } from './ui/status-line.ts';
import * as say from './ui/words.ts';

/** The first `count` events of a batch as whole lines. */
export type Render = (batch: Batch, count: number) => Buffer | string;

export interface SessionParts {
  readonly config: TailConfig;
  readonly source: StreamSource;
  readonly settings: FollowSettings;
  readonly render: Render;
  readonly reporter: Reporter;
  readonly statusLine: StatusLine;
}

/** After a signal what is queued has this long to be written (contract O6). */
const DRAIN_AFTER_SIGNAL_MS = 2_000;
/** A reader that blocks for longer is worth a line. */
const PAUSE_WORTH_TELLING_MS = 1_000;
/** After a fault of our own the process ends within this time, come what may. */
const END_AFTER_FAULT_MS = 3_000;

/** Runs a tail to its end; everything it opened is closed when it resolves. */
export async function runSession(parts: SessionParts, io: Io): Promise<Outcome> {
  const { config, reporter, settings, statusLine } = parts;
  const { clock } = io;
  const stop = createStop();
  const tally = startTally(clock);
  const writer = createLineWriter(io.stdout, clock, (failure) => stop.because({ kind: 'output', failure }));
  if (isFile(io.stdout)) io.ignoreFileSizeSignal();
  const silence = createSilenceWatch(config.maxSilenceMs, clock, writer, () =>
    stop.because({ kind: 'silence' }),
  );
  const undo = [
    watchSignals(io, stop, writer),
    watchFaults(io, stop),
    armEnds(config, io, stop, writer),
    silence.end,
  ];

  let wasLive = false;
  for await (const item of follow(settings, { clock, random: io.random, signal: stop.signal })) {
    switch (item.kind) {
      case 'events':
        await writeBatch(item.batch, parts, io, writer, tally);
        silence.noteEvents(item.batch.texts.length);
        break;
      case 'connecting':
        reporter.report(say.sayConnecting(settings.dial.host, item.attempt));
        statusLine.show(`connecting to ${settings.dial.host}`);
        break;
      case 'connected':
        wasLive = false;
        statusLine.clear();
        tally.noteConnected();
        silence.begin();
        announce(item, parts, io, stop);
        break;
      case 'lost':
        wasLive = true;
        tally.noteLost();
        silence.end();
        reporter.report(say.sayLost(item));
        if (config.failOnGap) stop.because({ kind: 'gap' });
        break;
      case 'retrying':
        if (stop.reason === undefined) reporter.report(say.sayRetrying(item, wasLive));
        statusLine.show(`waiting for attempt ${item.attempt}`);
        wasLive = false;
        break;
      case 'gap':
        reporter.report(say.sayGap(item));
        break;
      case 'gave-up':
        if (stop.reason === undefined) reporter.report(say.sayGaveUp(item, clock.wallMs()));
        stop.because({ kind: 'gave-up', exitCode: item.exitCode });
        break;
    }
    if (tally.events === config.limit) stop.because({ kind: 'limit' });
    if (stop.reason?.kind === 'limit' || writer.failure !== undefined) break;
  }

  statusLine.clear();
  await writer.drain();
  for (const one of undo) one();
  return conclude(parts, io, stop.reason, writer, tally);
}

/** Writes what the limit leaves of a batch, waiting while the reader of stdout does not keep up. */
async function writeBatch(
  batch: Batch,
  { config, render, reporter }: SessionParts,
  io: Io,
  writer: LineWriter,
  tally: Tally,
): Promise<void> {
  if (batch.discarded.length > 0) {
    const told = tally.noteDiscarded(batch.discarded);
    if (told !== undefined) reporter.report(say.sayDiscarded(told));
  }
  const count = Math.min(batch.texts.length, (config.limit ?? Number.POSITIVE_INFINITY) - tally.events);
  if (count === 0) return;
  tally.events += count;
  const blocked = writer.write(render(batch, count));
  if (blocked === undefined) return;
  const cancel = io.clock.setTimer(() => reporter.report(say.sayPaused()), PAUSE_WORTH_TELLING_MS);
  await blocked;
  cancel();
}

function announce(
  { connection, stream }: Extract<StreamItem, { kind: 'connected' }>,
  { config, source, settings, reporter }: SessionParts,
  io: Io,
  stop: Stop,
): void {
  const { host } = settings.dial;
  const { acceptedKeyPrefix, requestId } = stream;
  reporter.report(say.sayConnected(host, acceptedKeyPrefix, keyPrefix(source.key), connection, requestId));
  if (config.readyFile === undefined || connection > 1) return;
  try {
    const connectedAt = new Date(io.clock.wallMs()).toISOString();
    const content = { connected_at: connectedAt, host, key_prefix: acceptedKeyPrefix, pid: io.pid };
    writeReadyFile(config.readyFile, content, io.pid);
  } catch (error) {
    stop.because({ kind: 'fault', error });
  }
}

/** The first signal ends the run in order, a second one at once (contract S1). */
function watchSignals(io: Io, stop: Stop, writer: LineWriter): () => void {
  let isSecond = false;
  return io.onSignal((signal) => {
    if (isSecond) io.dieBySignal(signal);
    isSecond = true;
    stop.because({ kind: 'signal', signal });
    writer.cutAfter(DRAIN_AFTER_SIGNAL_MS);
  });
}

/** A bug ends the run with what was queued written (contract S2). */
function watchFaults(io: Io, stop: Stop): () => void {
  return io.onUncaught((error) => {
    stop.because({ kind: 'fault', error });
    io.clock.setTimer(() => io.exitNow(1), END_AFTER_FAULT_MS);
  });
}

function armEnds(config: TailConfig, io: Io, stop: Stop, writer: LineWriter): () => void {
  const undo: (() => void)[] = [];
  if (config.durationMs !== undefined) {
    undo.push(io.clock.setTimer(() => stop.because({ kind: 'duration' }), config.durationMs));
  }
  if (config.timeoutMs !== undefined) {
    const expire = (): void => {
      stop.because({ kind: 'timeout' });
      writer.cutAfter(DRAIN_AFTER_SIGNAL_MS);
    };
    undo.push(io.clock.setTimer(expire, config.timeoutMs));
  }
  return () => {
    for (const cancel of undo) cancel();
  };
}

/** Says how it ended; the summary is the last word. */
function conclude(
  { config, reporter }: SessionParts,
  io: Io,
  reason: StopReason | undefined,
  writer: LineWriter,
  tally: Tally,
): Outcome {
  const last: StopReason = reason ?? { kind: 'fault', error: new Error('the stream ended without a reason') };
  if (last.kind === 'fault' && !isAtlantisError(last.error)) throw last.error;
  const words = say.sayEnd(last, config, writer.bytesCut);
  for (const record of words) reporter.report(record);
  reporter.report(say.saySummary(tally.summarize(writer.blockedMs)));
  const outcome =
    last.kind === 'fault' && isAtlantisError(last.error)
      ? { exitCode: last.error.exitCode }
      : toOutcome(last);
  if ('exitCode' in outcome && writer.bytesCut > 0) io.exitNow(outcome.exitCode);
  return outcome;
}
