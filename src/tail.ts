// `stream tail`, from parsed flags to the end: settings, the source, the session.

import { type CommandStream, openCommandStream } from './command-stream.ts';
import { type FromConfig, type FromFlags, parseFromFlags } from './config/from-config.ts';
import { parseRecordFlags, type RecordFlags, type RecordSettings } from './config/record-config.ts';
import { parseTailFlags, type TailConfig, type TailFlags } from './config/tail-config.ts';
import { createRenderer, createSelect, type Select } from './event-form.ts';
import type { OpenOutput } from './event-output.ts';
import type { Io, Outcome } from './io.ts';
import { openPrinter } from './print-events.ts';
import type { Recording } from './record/recording.ts';
import { runSession } from './session.ts';
import type { Reporter } from './ui/reporter.ts';

/** Runs the command. @throws UsageError, CredentialError, StoreError before anything is opened */
export async function runTail(flags: TailFlags & RecordFlags & FromFlags, io: Io): Promise<Outcome> {
  const config = parseTailFlags(flags, io);
  const record = parseRecordFlags(flags);
  const select = await createSelect(config);
  const renderer = await createRenderer(config, io);
  const from = parseFromFlags(flags, io.clock.wallMs());
  const stream =
    from === undefined
      ? await openCommandStream(flags, config, select, io)
      : await openOtherStream(from, config, select, io);
  const { open, traits, reporter, status } = stream;
  let recording: Recording | undefined;
  try {
    recording = record === undefined ? undefined : await loadRecording(record, reporter, io);
    const openOutput: OpenOutput = (onFailure) => openPrinter({ renderer, reporter, status }, io, onFailure);
    const openRecorder = recording?.open;
    const parts = { config, openStream: open, traits, openOutput, reporter, status, openRecorder };
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
  const { openFromStream } = await import('./from-stream.ts');
  return openFromStream(from, config, select, io);
}

/** Loads what records only where it is asked for. @throws UsageError, OutputError */
async function loadRecording(settings: RecordSettings, reporter: Reporter, io: Io): Promise<Recording> {
  const { prepareRecording } = await import('./record/recording.ts');
  return prepareRecording(settings, reporter, io);
}
