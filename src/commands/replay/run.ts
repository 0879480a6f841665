// `stream replay`: a session with a recording as the source and stdout as the output.
import { EXIT } from '../../errors.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { createDamageReport, type DamageReport } from '../../recording/damage-report.ts';
import { findLastTime } from '../../recording/last-time.ts';
import { type PlayConfig, playRecording } from '../../recording/play.ts';
import { readLines } from '../../recording/read-lines.ts';
import { createRenderer, openPrinter } from '../../session/output.ts';
import { loadFilter, reportCuts } from '../../session/run-filter.ts';
import { type FileSource, runSession } from '../../session/session.ts';
import { addDefaults } from '../../settings/defaults.ts';
import { parseStreamFlags } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import { EventBatch } from '../../stream/items.ts';
import { createReporter, loadLogStyle } from '../../ui/reporter.ts';
import { createStatusLine, loadStreamProgress, NO_STREAM_PROGRESS } from '../../ui/status-line.ts';
import type { StreamProgress } from '../../ui/stream-progress.ts';
import { parseReplayFlags, type ReplayConfig, type ReplayFlags } from './flags.ts';
import { sayRecordingDamaged } from './messages.ts';

/**
 * Plays a recording or plain NDJSON, `-` for stdin, to stdout. Exit 0 at its end, 8 at a damaged line with `--strict`,
 * 2 for another file.
 *
 * @throws UsageError for bad flags and a file that cannot be opened
 */
export async function runReplay(path: string, flags: ReplayFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io, addDefaults(flags, io));
  const statusLine = createStatusLine(io, config.log);
  const logStyle = await loadLogStyle(config.log);
  const reporter = createReporter(io, config.log, logStyle, statusLine);
  const status = await loadStreamProgress(statusLine, io.clock, logStyle, io.signs);
  const select = await loadFilter(config);
  reportCuts(select, reporter);
  const damage = createDamageReport(reporter);
  const source = createRecordingSource(
    path,
    parseReplayFlags(flags, io.clock.wallMs()),
    select,
    damage,
    status,
    io,
  );
  const renderer = await createRenderer(config, io);
  return runSession(
    { config, source, openOutput: (fail) => openPrinter({ renderer, status }, io, fail), reporter, status },
    io,
  );
}

function createRecordingSource(
  path: string,
  { isStrict, ...pace }: ReplayConfig,
  select: Select,
  damage: DamageReport,
  status: StreamProgress,
  io: Io,
): FileSource {
  const { speed, ratePerSecond, untilMs = Number.POSITIVE_INFINITY } = pace;
  /** Pauses that --max-pause will shorten are not known, so it is an upper limit with that flag. */
  const createProgress = (): PlayConfig['onWait'] => {
    if (status === NO_STREAM_PROGRESS) return undefined;
    const lastMs = path === '-' || ratePerSecond !== undefined ? undefined : findLastTime(path);
    const endMs = lastMs === undefined ? undefined : Math.min(lastMs, untilMs);
    return (receivedAtMs, delayMs) => {
      const isKnown = endMs !== undefined && receivedAtMs !== undefined;
      const remainingMs = isKnown ? delayMs + Math.max(0, endMs - receivedAtMs) / speed : undefined;
      status.playing({ receivedAtMs, delayMs, remainingMs });
    };
  };
  return {
    kind: 'file',
    async *items(signal) {
      const lines = readLines(path, io.stdin, signal);
      const config = { ...pace, clock: io.clock, signal, onWait: createProgress() };
      for await (const item of playRecording(lines, config)) {
        if (item.kind === 'damaged') {
          damage.note(item.line, item.why);
          if (isStrict) return;
          continue;
        }
        if (item.kind === 'lifecycle') {
          yield { kind: 'recorded', line: item.line };
          continue;
        }
        const { batch, connection } = item;
        const wanted = select === undefined ? batch : select(batch);
        yield { kind: 'events', batch: new EventBatch(batch, wanted, connection, 1) };
      }
    },
    finish() {
      if (damage.count === 0 || !isStrict) return { exitCode: EXIT.ok, errors: [] };
      return { exitCode: EXIT.protocol, errors: [sayRecordingDamaged()] };
    },
    summarize: ({ events, durationMs, filtered }) => damage.summarize(events, durationMs, filtered),
  };
}
