// `stream tail`, from parsed flags to the end: settings, the source, the session.

import { parseRecordFlags, type RecordFlags, type RecordSettings } from './config/record-config.ts';
import {
  describeSimulatorSource,
  parseTailFlags,
  resolveSource,
  type TailFlags,
} from './config/tail-config.ts';
import { createRenderer, createSelect } from './event-form.ts';
import type { OpenOutput } from './event-output.ts';
import type { Io, Outcome } from './io.ts';
import { openPrinter } from './print-events.ts';
import type { Recording } from './record/recording.ts';
import { runSession } from './session.ts';
import { prepareSource } from './stream-source.ts';
import { createReporter, loadLogStyle, type Reporter } from './ui/reporter.ts';
import { createStatusLine } from './ui/status-line.ts';
import { createStreamStatus } from './ui/stream-status.ts';

/** Runs the command. @throws UsageError, CredentialError, StoreError before anything is opened */
export async function runTail(flags: TailFlags & RecordFlags, io: Io): Promise<Outcome> {
  const config = parseTailFlags(flags, io);
  const record = parseRecordFlags(flags);
  const select = await createSelect(config);
  const renderer = await createRenderer(config, io);
  const simulator = config.simulate === undefined ? undefined : await startBuiltIn(config.simulate);
  let recording: Recording | undefined;
  try {
    const source =
      simulator === undefined
        ? await resolveSource(flags, io)
        : describeSimulatorSource(simulator.url, simulator.exampleKey);
    const deadlineMs = config.timeoutMs === undefined ? undefined : io.clock.monotonicMs() + config.timeoutMs;
    const { open } = await prepareSource(config.connection, source, io, { deadlineMs, select });
    const statusLine = createStatusLine(io, config.log);
    const logStyle = await loadLogStyle(config.log);
    const reporter = createReporter(io, config.log, logStyle, statusLine);
    const status = createStreamStatus(statusLine, io.clock, logStyle);
    for (const warning of source.warnings) {
      reporter.report({ event: 'warning', level: 'warn', message: warning });
    }
    for (const origin of source.origins)
      reporter.report({ event: 'setting', level: 'debug', message: origin });
    recording = record === undefined ? undefined : await loadRecording(record, reporter, io);
    const openOutput: OpenOutput = (onFailure) => openPrinter({ renderer, reporter, status }, io, onFailure);
    const openRecorder = recording?.open;
    return await runSession({ config, openStream: open, openOutput, reporter, status, openRecorder }, io);
  } finally {
    recording?.release();
    await simulator?.close();
  }
}

async function startBuiltIn(
  scenario: string,
): Promise<{ url: string; exampleKey: string; close(): Promise<void> }> {
  const { startSimulator } = await import('./simulator/server.ts');
  return startSimulator({ scenario });
}

/** Loads what records only where it is asked for. @throws UsageError, OutputError */
async function loadRecording(settings: RecordSettings, reporter: Reporter, io: Io): Promise<Recording> {
  const { prepareRecording } = await import('./record/recording.ts');
  return prepareRecording(settings, reporter, io);
}
