// A recording or plain NDJSON as the source of a session.
import { EXIT } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { createDamageReport } from '../recording/damage-report.ts';
import type { ReplayConfig } from '../recording/flags.ts';
import { findLastTime } from '../recording/last-time.ts';
import { sayPlain, sayRecordingDamaged } from '../recording/messages.ts';
import { type PlayConfig, playRecording } from '../recording/play.ts';
import { readLines } from '../recording/read-lines.ts';
import type { Select } from '../stream/event-stream.ts';
import { EventBatch } from '../stream/items.ts';
import type { Reporter } from '../ui/reporter.ts';
import { NO_STREAM_PROGRESS } from '../ui/status-line.ts';
import type { StreamProgress } from '../ui/stream-progress.ts';
import type { FileSource } from './source.ts';

interface RecordingParts {
  readonly select: Select;
  readonly reporter: Reporter;
  readonly status: StreamProgress;
  /** As in PlayConfig. */
  readonly joinsTimes?: boolean;
  /** Called once if the file is plain NDJSON, without receive times. */
  readonly onPlain?: () => void;
}

/** Plays `path`, `-` for stdin. Exit 0 at its end, 8 at a damaged line with `--strict`, 2 if it cannot be played. */
export function createRecordingSource(
  path: string,
  { isStrict, ...pace }: ReplayConfig,
  { select, reporter, status, joinsTimes, onPlain: notePlain }: RecordingParts,
  io: Io,
): FileSource {
  const damage = createDamageReport(reporter);
  const { speed, ratePerSecond, untilMs = Number.POSITIVE_INFINITY } = pace;
  /** With --max-pause, the remaining time is an upper limit: later pauses may be shortened. */
  const createProgress = (): PlayConfig['onWait'] => {
    if (status === NO_STREAM_PROGRESS) return undefined;
    const lastMs = path === '-' || ratePerSecond !== undefined ? undefined : findLastTime(path);
    const endMs = lastMs === undefined ? undefined : Math.min(lastMs, untilMs);
    return (receivedAtMs, delayMs) => {
      const isKnown = endMs !== undefined && receivedAtMs !== undefined;
      const remainingMs = isKnown ? delayMs + Math.max(0, endMs - receivedAtMs) / speed : undefined;
      status.playing?.({ receivedAtMs, delayMs, remainingMs });
    };
  };
  return {
    kind: 'file',
    async *items(signal) {
      const lines = readLines(path, io.stdin, signal);
      const onPlain = (): void => {
        notePlain?.();
        if (ratePerSecond === undefined) reporter.report(sayPlain());
      };
      const config = {
        ...pace,
        path,
        joinsTimes,
        clock: io.clock,
        signal,
        onPlain,
        onWait: createProgress(),
      };
      for await (const item of playRecording(lines, config)) {
        if (item.kind === 'damaged') {
          damage.note(item.line, item.why);
          if (isStrict) return;
          continue;
        }
        if (item.kind === 'lifecycle') {
          yield { kind: 'recorded', line: item.line, gapMs: item.gapMs };
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
    summarize: (figures) => damage.summarize(figures),
  };
}
