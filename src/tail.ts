// `stream tail`, from parsed flags to the end: settings, the source, the session.

import { openCommandStream } from './command-stream.ts';
import { parseRecordFlags, type RecordFlags, type RecordSettings } from './config/record-config.ts';
import { parseTailFlags, type TailFlags } from './config/tail-config.ts';
import { createRenderer, createSelect } from './event-form.ts';
import type { OpenOutput } from './event-output.ts';
import type { Io, Outcome } from './io.ts';
import { openPrinter } from './print-events.ts';
import type { Recording } from './record/recording.ts';
import { runSession } from './session.ts';
import type { Reporter } from './ui/reporter.ts';

/** Runs the command. @throws UsageError, CredentialError, StoreError before anything is opened */
export async function runTail(flags: TailFlags & RecordFlags, io: Io): Promise<Outcome> {
  const config = parseTailFlags(flags, io);
  const record = parseRecordFlags(flags);
  const select = await createSelect(config);
  const renderer = await createRenderer(config, io);
  const stream = await openCommandStream(flags, config, select, io);
  const { open, reporter, status } = stream;
  let recording: Recording | undefined;
  try {
    recording = record === undefined ? undefined : await loadRecording(record, reporter, io);
    const openOutput: OpenOutput = (onFailure) => openPrinter({ renderer, reporter, status }, io, onFailure);
    const openRecorder = recording?.open;
    return await runSession({ config, openStream: open, openOutput, reporter, status, openRecorder }, io);
  } finally {
    recording?.release();
    await stream.close();
  }
}

/** Loads what records only where it is asked for. @throws UsageError, OutputError */
async function loadRecording(settings: RecordSettings, reporter: Reporter, io: Io): Promise<Recording> {
  const { prepareRecording } = await import('./record/recording.ts');
  return prepareRecording(settings, reporter, io);
}
