// `stream replay`, from parsed flags to the end: recording → filter → renderer → writer.

import { EXIT } from '../../errors.ts';
import { parseFlags } from '../../flags/definition.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { createLineWriter, isFile, type LineWriter } from '../../io/line-writer.ts';
import { createStop, type Stop, toOutcome } from '../../io/stop.ts';
import { createDamageReport, type DamageReport } from '../../recording/damage-report.ts';
import { type Played, play } from '../../recording/play.ts';
import { readLines } from '../../recording/read-lines.ts';
import type { Renderer } from '../../render/renderer.ts';
import { watchEnds } from '../../session/ends.ts';
import { createRenderer, createSelect, type Select } from '../../session/format.ts';
import { parseStreamFlags, type TailConfig } from '../../settings/stream-config.ts';
import { createReporter, type Reporter, type StatusRecord } from '../../ui/reporter.ts';
import { type Filtered, sayCut, sayEnd } from '../../ui/words.ts';
import { REPLAY_FLAGS, type ReplayFlags } from './flags.ts';

interface Run {
  readonly config: TailConfig;
  readonly isStrict: boolean;
  readonly select: Select;
  readonly renderer: Renderer;
  readonly writer: LineWriter;
  readonly damage: DamageReport;
  readonly stop: Stop;
  events: number;
  /** Whether anything in it is of a recording. */
  isRecording: boolean;
  /** Undefined where there are no filters. */
  filtered: Filtered | undefined;
}

/**
 * Plays a recording, `-` for stdin, to stdout. Ends in 0 at its end, damaged lines or not, unless they are
 * asked to be an error; in 2 where no line is of a recording.
 *
 * @throws UsageError for bad flags and a file that cannot be opened
 */
export async function runReplay(path: string, flags: ReplayFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io);
  const { speed, isStrict } = parseFlags(REPLAY_FLAGS, flags);
  const reporter = createReporter(io, config.log);
  const stop = createStop();
  const writer = createLineWriter(io.stdout, io.clock, (failure) =>
    stop.because({ kind: 'output', failure }),
  );
  if (isFile(io.stdout)) io.ignoreFileSizeSignal();
  const run: Run = {
    config,
    isStrict,
    select: await createSelect(config),
    renderer: await createRenderer(config, io),
    writer,
    damage: createDamageReport(reporter),
    stop,
    events: 0,
    isRecording: false,
    filtered: undefined,
  };
  const startedAtMs = io.clock.monotonicMs();
  const unwatch = watchEnds(config, io, stop, writer);
  try {
    const { signal } = stop;
    const lines = readLines(path, io.stdin, signal);
    for await (const item of play(lines, { speed, clock: io.clock, signal })) {
      await perform(item, run);
      if (stop.reason !== undefined) break;
    }
    await writer.drain();
    return conclude(run, reporter, io, io.clock.monotonicMs() - startedAtMs);
  } finally {
    unwatch();
  }
}

async function perform(item: Played, run: Run): Promise<void> {
  const { config, select, renderer, writer, damage, stop } = run;
  if (item.kind === 'damaged') {
    damage.note(item.line, item.why);
    if (run.isStrict) stop.because({ kind: 'gave-up', exitCode: EXIT.protocol });
    return;
  }
  run.isRecording = true;
  if (item.kind === 'lifecycle') {
    if (config.isEnveloped) await writer.write(Buffer.concat([item.line, Buffer.from('\n')]));
    return;
  }
  const batch = select === undefined ? item.batch : select(item.batch);
  if (select !== undefined) {
    const { received = 0, matched = 0 } = run.filtered ?? {};
    run.filtered = { received: received + item.batch.count, matched: matched + batch.count };
  }
  const count = Math.min(batch.count, (config.limit ?? Number.POSITIVE_INFINITY) - run.events);
  if (count === 0) return;
  const place = { connection: item.connection, firstSeq: run.events + 1 };
  run.events += count;
  await writer.write(renderer.renderEvents(batch, count, place));
  if (run.events === config.limit) stop.because({ kind: 'limit' });
}

const NO_RECORDING: StatusRecord = {
  event: 'error',
  level: 'error',
  message: 'this is no recording: no line of it has an event in its envelope',
  hint: '`atlantis stream tail --record <file>` writes one, and so does `--envelope`',
  figures: { exit_code: EXIT.usage },
};

/** Says how it ended; without a reason to stop that is the end of the recording. */
function conclude(run: Run, reporter: Reporter, io: Io, durationMs: number): Outcome {
  const { config, damage, stop, writer } = run;
  const { reason } = stop;
  if (reason !== undefined) {
    for (const words of sayEnd(reason, config)) reporter.report(words);
  }
  if (writer.bytesCut > 0) reporter.report(sayCut(writer.bytesCut));
  if (reason?.kind === 'gave-up') {
    const message = '--strict: the recording is damaged';
    reporter.report({ event: 'error', level: 'error', message, figures: { exit_code: reason.exitCode } });
  }
  const isOther = reason === undefined && !run.isRecording && damage.count > 0;
  if (isOther) reporter.report(NO_RECORDING);
  reporter.report(damage.summarize(run.events, durationMs, run.filtered));
  const outcome: Outcome =
    reason === undefined ? { exitCode: isOther ? EXIT.usage : EXIT.ok } : toOutcome(reason);
  if ('exitCode' in outcome && writer.bytesCut > 0) io.exitNow(outcome.exitCode);
  return outcome;
}
