// `stream tail`, from parsed flags to the end: settings, the source, the session.
import type { Io, Outcome } from '../../io/io.ts';
import type { Recording } from '../../recording/recorder.ts';
import { type CommandStream, openCommandStream } from '../../session/open-service.ts';
import { createRenderer, type OpenOutput, openPrinter } from '../../session/output.ts';
import { loadFilter, runSession } from '../../session/session.ts';
import { parseStreamFlags, type StreamFlags, type TailConfig } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import type { Reporter } from '../../ui/reporter.ts';
import { sayPaused } from '../../ui/stream-messages.ts';
import { type FromConfig, parseFromFlags, parseRecordFlags, type RecordConfig } from './config.ts';
import type { FromFlags, RecordFlags } from './flags.ts';

/** Runs the command. @throws UsageError, CredentialError, StoreError before anything is opened */
export async function runTail(flags: StreamFlags & RecordFlags & FromFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io);
  const record = parseRecordFlags(flags);
  const select = await loadFilter(config);
  const renderer = await createRenderer(config, io);
  const from = parseFromFlags(flags, io.clock.wallMs());
  const stream =
    from === undefined
      ? await openCommandStream(flags, config, select, io)
      : await openOtherStream(from, config, select, io);
  const { source, reporter, status } = stream;
  let recording: Recording | undefined;
  try {
    recording = record === undefined ? undefined : await loadRecording(record, reporter, io);
    const onPaused = (): void => reporter.report(sayPaused());
    const openOutput: OpenOutput = (onFailure) => openPrinter({ renderer, status, onPaused }, io, onFailure);
    const openRecorder = recording?.open;
    const parts = { config, source, openOutput, reporter, status, openRecorder };
    return await runSession(parts, io);
  } finally {
    recording?.release();
    await stream.close();
  }
}

/** A stream of JetStream's: what it needs is loaded only where it is asked for. */
async function openOtherStream(
  from: FromConfig,
  config: TailConfig,
  select: Select,
  io: Io,
): Promise<CommandStream> {
  const { openFromStream } = await import('./jetstream.ts');
  return openFromStream(from, config, select, io);
}

/** Loads what records only where it is asked for. @throws UsageError, OutputError */
async function loadRecording(settings: RecordConfig, reporter: Reporter, io: Io): Promise<Recording> {
  const { prepareRecording } = await import('../../recording/recorder.ts');
  return prepareRecording(settings, reporter, io);
}
