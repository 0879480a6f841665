// `stream replay`, from parsed flags to the end: a recording as the source, stdout as the output, one session.
import { EXIT } from '../../errors.ts';
import { parseFlags } from '../../flags/definition.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { createDamageReport, type DamageReport } from '../../recording/damage-report.ts';
import { play } from '../../recording/play.ts';
import { readLines } from '../../recording/read-lines.ts';
import { createRenderer, createSelect, type Select } from '../../session/format.ts';
import { openPrinter } from '../../session/output.ts';
import { runSession } from '../../session/session.ts';
import type { FileSource } from '../../session/source.ts';
import { parseStreamFlags } from '../../settings/stream-config.ts';
import { EventBatch } from '../../stream/items.ts';
import { createReporter, type StatusRecord } from '../../ui/reporter.ts';
import { NO_STREAM_PROGRESS } from '../../ui/status-line.ts';
import { REPLAY_FLAGS, type ReplayFlags } from './flags.ts';

/**
 * Plays a recording, `-` for stdin, to stdout. Ends in 0 at its end, damaged lines or not, unless they are
 * asked to be an error; in 2 where no line is of a recording.
 *
 * @throws UsageError for bad flags and a file that cannot be opened
 */
export async function runReplay(path: string, flags: ReplayFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io);
  const reporter = createReporter(io, config.log);
  const source = createRecordingSource(
    { path, ...parseFlags(REPLAY_FLAGS, flags), select: await createSelect(config) },
    createDamageReport(reporter),
    io,
  );
  const renderer = await createRenderer(config, io);
  const status = NO_STREAM_PROGRESS;
  return runSession(
    { config, source, openOutput: (fail) => openPrinter({ renderer, status }, io, fail), reporter, status },
    io,
  );
}

interface RecordingConfig {
  readonly path: string;
  /** How much faster than it was recorded; Infinity for no waits at all. */
  readonly speed: number;
  /** Ends at the first damaged line. */
  readonly isStrict: boolean;
  readonly select: Select;
}

function createRecordingSource(
  { path, speed, isStrict, select }: RecordingConfig,
  damage: DamageReport,
  io: Io,
): FileSource {
  let isRecording = false;
  return {
    kind: 'file',
    async *items(signal) {
      const lines = readLines(path, io.stdin, signal);
      for await (const item of play(lines, { speed, clock: io.clock, signal })) {
        if (item.kind === 'damaged') {
          damage.note(item.line, item.why);
          if (isStrict) return;
          continue;
        }
        isRecording = true;
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
      if (damage.count === 0) return { exitCode: EXIT.ok, errors: [] };
      if (isStrict) return { exitCode: EXIT.protocol, errors: [DAMAGED] };
      return isRecording
        ? { exitCode: EXIT.ok, errors: [] }
        : { exitCode: EXIT.usage, errors: [NO_RECORDING] };
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

const NO_RECORDING: StatusRecord = {
  event: 'error',
  level: 'error',
  message: 'this is no recording: no line of it has an event in its envelope',
  hint: '`atlantis stream tail --record <file>` writes one, and so does `--envelope`',
  figures: { exit_code: EXIT.usage },
};
