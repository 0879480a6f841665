// The pipeline of a tail: connection → filter → renderer → writer, and what is said about it.
//
// Data is pulled; the only force backwards is an awaited write. Every reason to end goes through one `Stop`.
import { hasPrefix, keyPrefix } from './config/key.ts';
import type { StreamSource, TailConfig } from './config/tail-config.ts';
import { type FollowSettings, follow, type StreamItem } from './connection/follow.ts';
import { watchEnds } from './ends.ts';
import { isAtlantisError, type OutputError } from './errors.ts';
import type { Io, Outcome } from './io.ts';
import { createLineWriter, isFile, type LineWriter } from './output/line-writer.ts';
import type { Batch } from './protocol/batch.ts';
import { writeReadyFile } from './ready-file.ts';
import type { Recorder } from './record/recorder.ts';
import type { LifecycleRecord, Renderer } from './render/renderer.ts';
import { createSilenceWatch } from './silence.ts';
import { createStop, type Stop, type StopReason, toOutcome } from './stop.ts';
import { startTally, type Tally } from './tally.ts';
import type { Reporter } from './ui/reporter.ts';
import type { StreamStatus } from './ui/stream-status.ts';
import * as say from './ui/words.ts';

export interface SessionParts {
  readonly config: TailConfig;
  readonly source: StreamSource;
  readonly settings: FollowSettings;
  /** The events of a batch that are wanted; undefined where all are. */
  readonly select: ((batch: Batch) => Batch) | undefined;
  readonly renderer: Renderer;
  readonly reporter: Reporter;
  readonly status: StreamStatus;
  /** Opens the recording beside the normal output; undefined where there is none. */
  readonly openRecorder?: ((onFailure: (failure: OutputError) => void) => Recorder) | undefined;
}

/** What a run is made of while it goes on. */
interface Run extends SessionParts {
  readonly io: Io;
  readonly stop: Stop;
  readonly writer: LineWriter;
  readonly tally: Tally;
  readonly recorder: Recorder | undefined;
}

/** A reader that blocks for longer is worth a line. */
const PAUSE_WORTH_TELLING_MS = 1_000;

/** Runs a tail to its end; everything it opened is closed when it resolves or rejects. */
export async function runSession(parts: SessionParts, io: Io): Promise<Outcome> {
  const { config, reporter, settings, status } = parts;
  const { clock } = io;
  const stop = createStop();
  const writer = createLineWriter(io.stdout, clock, (failure) => stop.because({ kind: 'output', failure }));
  if (isFile(io.stdout)) io.ignoreFileSizeSignal();
  const tally = startTally(clock, (discarded) => reporter.report(say.sayDiscarded(discarded)));
  const recorder = parts.openRecorder?.((failure) => stop.because({ kind: 'output', failure }));
  const run: Run = { ...parts, io, stop, writer, tally, recorder };
  const silence = createSilenceWatch(config.maxSilenceMs, clock, writer, () =>
    stop.because({ kind: 'silence' }),
  );
  const unwatch = watchEnds(config, io, stop, writer);
  try {
    for await (const item of follow(settings, { clock, random: io.random, signal: stop.signal })) {
      if (item.kind === 'connected') silence.begin();
      if (item.kind === 'lost') silence.end();
      if (item.kind !== 'events') await tell(item, run);
      else if ((await writeEvents(item, run)) > 0) silence.noteEvent();
      if (run.tally.events === config.limit) stop.because({ kind: 'limit' });
      if (stop.reason?.kind === 'limit' || stop.reason?.kind === 'output' || writer.failure !== undefined)
        break;
    }
    status.end();
    return await conclude(run);
  } finally {
    silence.end();
    status.end();
    tally.end();
    recorder?.close();
    unwatch();
  }
}

/** Writes what filters and limit leave of a batch, waiting while the reader of stdout does not keep up. */
async function writeEvents(item: Extract<StreamItem, { kind: 'events' }>, run: Run): Promise<number> {
  const { config, select, renderer, status, tally, recorder } = run;
  if (item.batch.discarded.length > 0) tally.noteDiscarded(item.batch.discarded);
  const batch = select === undefined ? item.batch : select(item.batch);
  const count = Math.min(batch.count, (config.limit ?? Number.POSITIVE_INFINITY) - tally.events);
  // Filters choose what is printed; the recording has every event.
  recorder?.writeEvents(item.batch, select === undefined ? count : item.batch.count, item.connection);
  if (count === 0) return 0;
  const place = { connection: item.connection, firstSeq: tally.events + 1 };
  tally.events += count;
  await write(renderer.renderEvents(batch, count, place), run);
  status.noteEvents(count);
  return count;
}

async function write(lines: Buffer | string, { io, writer, reporter, status }: Run): Promise<void> {
  if (io.stdout.isTty) status.makeWay();
  const blocked = writer.write(lines);
  if (blocked === undefined) return;
  // Who stopped a terminal knows, and could only read it afterwards.
  if (io.stdout.isTty && io.stderr.isTty) return blocked;
  const cancel = io.clock.setTimer(() => reporter.report(say.sayPaused()), PAUSE_WORTH_TELLING_MS);
  await blocked;
  cancel();
}

/** Says what happened to the stream, and keeps count of it. */
async function tell(item: Exclude<StreamItem, { kind: 'events' }>, run: Run): Promise<void> {
  const { config, io, reporter, settings, status, stop, tally } = run;
  const { host } = settings.dial;
  switch (item.kind) {
    case 'connecting':
      reporter.report(say.sayConnecting(host, item.attempt));
      status.connecting(host);
      break;
    case 'connected':
      tally.noteConnected();
      await announce(item, run);
      status.live(item.stream);
      break;
    case 'lost':
      tally.noteLost(item);
      reporter.report(say.sayLost(item));
      if (config.failOnGap) stop.because({ kind: 'gap' });
      break;
    case 'retrying':
      if (stop.reason === undefined) reporter.report(say.sayRetrying(item));
      status.retrying(item.delayMs, item.attempt);
      break;
    case 'gap':
      reporter.report(say.sayGap(item));
      status.noteGap();
      await record(
        { lifecycle: 'gap', from: iso(item.fromMs), to: iso(item.toMs), cause: item.cause.kind },
        run,
      );
      break;
    case 'gave-up':
      if (stop.reason === undefined) reporter.report(say.sayGaveUp(item, io.clock.wallMs()));
      stop.because({ kind: 'gave-up', exitCode: item.exitCode });
      break;
  }
}

async function announce(item: Extract<StreamItem, { kind: 'connected' }>, run: Run): Promise<void> {
  const { config, source, settings, reporter, io, stop } = run;
  const { connection } = item;
  const { acceptedKeyPrefix, requestId } = item.stream;
  const { host } = settings.dial;
  // The service's 16 characters may be all of a short key: then fewer are shown, and it is no mismatch.
  const expected = keyPrefix(source.key);
  const accepted = hasPrefix(source.key, acceptedKeyPrefix) ? expected : acceptedKeyPrefix;
  reporter.report(say.sayConnected(host, accepted, expected, connection, requestId));
  const at = iso(io.clock.wallMs());
  await record({ lifecycle: 'connected', at, connection, host, key_prefix: accepted }, run);
  if (config.readyFile === undefined || connection > 1) return;
  try {
    const content = { connected_at: at, host, key_prefix: accepted, pid: io.pid };
    writeReadyFile(config.readyFile, content, io.pid);
  } catch (error) {
    stop.because({ kind: 'fault', error });
  }
}

/** Writes a lifecycle record where the format has them (contract G2), and into the recording. */
async function record(one: LifecycleRecord, run: Run): Promise<void> {
  run.recorder?.writeLifecycle(one);
  const line = run.renderer.renderLifecycle?.(one);
  if (line !== undefined) await write(line, run);
}

/** Writes what is queued, then says how it ended; the summary is the last word. */
async function conclude(run: Run): Promise<Outcome> {
  const { config, io, reporter, stop, tally, writer } = run;
  const { openGap } = tally;
  if (openGap !== undefined) {
    const from = iso(openGap.lastByteAtMs);
    await record({ lifecycle: 'gap', from, to: null, cause: openGap.cause.kind }, run);
  }
  const [exitCode, signal] = describeOutcome(toOutcome(reasonOf(stop)));
  const end = { reason: reasonOf(stop).kind, events: tally.events, exit_code: exitCode, signal };
  await record({ lifecycle: 'end', at: iso(io.clock.wallMs()), ...end }, run);
  run.recorder?.close();
  await writer.drain();
  // Asked again: while the rest was written a weightier reason may have come.
  const last = reasonOf(stop);
  for (const words of say.sayEnd(last, config, writer.bytesCut)) reporter.report(words);
  if (last.kind === 'fault' && !isAtlantisError(last.error)) throw last.error;
  reporter.report(say.saySummary(tally.summarize(writer.blockedMs)));
  const outcome = toOutcome(last);
  if ('exitCode' in outcome && writer.bytesCut > 0) io.exitNow(outcome.exitCode);
  return outcome;
}

function reasonOf({ reason }: Stop): StopReason {
  return reason ?? { kind: 'fault', error: new Error('the stream ended without a reason') };
}

/** Exit code and signal, one of them null. */
function describeOutcome(outcome: Outcome): [number, null] | [null, string] {
  return 'signal' in outcome ? [null, outcome.signal] : [outcome.exitCode, null];
}

function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
