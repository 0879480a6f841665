// `stream replay`: a session with a recording as the source and stdout as the output.
import { EXIT } from '../../errors.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { createDamageReport, type DamageReport } from '../../recording/damage-report.ts';
import { playRecording } from '../../recording/play.ts';
import { readLines } from '../../recording/read-lines.ts';
import { createRenderer, openPrinter } from '../../session/output.ts';
import { type FileSource, loadFilter, runSession } from '../../session/session.ts';
import { parseStreamFlags } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import { EventBatch } from '../../stream/items.ts';
import { createReporter, type StatusRecord } from '../../ui/reporter.ts';
import { NO_STREAM_PROGRESS } from '../../ui/status-line.ts';
import { parseReplayFlags, type ReplayConfig, type ReplayFlags } from './flags.ts';

/**
 * Plays a recording or plain NDJSON, `-` for stdin, to stdout. Exit 0 at its end, 8 at a damaged line with `--strict`,
 * 2 for another file.
 *
 * @throws UsageError for bad flags and a file that cannot be opened
 */
export async function runReplay(path: string, flags: ReplayFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io);
  const reporter = createReporter(io, config.log);
  const select = await loadFilter(config);
  const damage = createDamageReport(reporter);
  const source = createRecordingSource(path, parseReplayFlags(flags, io.clock.wallMs()), select, damage, io);
  const renderer = await createRenderer(config, io);
  const status = NO_STREAM_PROGRESS;
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
  io: Io,
): FileSource {
  return {
    kind: 'file',
    async *items(signal) {
      const lines = readLines(path, io.stdin, signal);
      for await (const item of playRecording(lines, { ...pace, clock: io.clock, signal })) {
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
      return { exitCode: EXIT.protocol, errors: [DAMAGED] };
    },
    summarize: ({ events, durationMs, filtered }) => damage.summarize(events, durationMs, filtered),
  };
}

const DAMAGED: StatusRecord = {
  event: 'error',
  level: 'error',
  message: '--strict: the recording is damaged',
  figures: { exit_code: EXIT.protocol },
};
