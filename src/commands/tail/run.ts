// `stream tail`: settings, source, session.
import { UsageError } from '../../errors.ts';
import { type Flags, listGiven, parseFlags } from '../../flags/definition.ts';
import { sayInvalid } from '../../flags/messages.ts';
import type { DEDUPE_FLAGS } from '../../flags/shared-flags.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { loadMonitor } from '../../monitoring/load-monitor.ts';
import type { Monitor } from '../../monitoring/watcher.ts';
import { ACCEPTED_FILE_NAME, sayRecordRequired, sayRotationRequired } from '../../recording/messages.ts';
import type { Recording } from '../../recording/prepare.ts';
import type { RecordConfig } from '../../recording/recorder.ts';
import { sayPaused } from '../../session/messages.ts';
import { type CommandStream, openCommandStream } from '../../session/open-service.ts';
import { createRenderer, type OpenOutput, openPrinter } from '../../session/output.ts';
import { createSearchCutReport, loadFilter, reportSearchCuts } from '../../session/run-filter.ts';
import { runSession } from '../../session/session.ts';
import { parseMergeFlags } from '../../settings/connections.ts';
import { addDefaults } from '../../settings/defaults.ts';
import { FROM_FLAGS, type FromFlags } from '../../settings/flags.ts';
import { parseStreamFlags, type StreamFlags, type TailConfig } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import type { Reporter } from '../../ui/reporter.ts';
import { RECORD_FLAGS, type RecordFlags } from './flags.ts';

/** Undefined without --record. @throws UsageError */
export function parseRecordFlags(flags: RecordFlags): RecordConfig | undefined {
  const { path, maxBytes, maxAgeMs, keep } = parseFlags(RECORD_FLAGS, flags);
  if (path === undefined) {
    if (maxBytes === undefined && maxAgeMs === undefined && keep === undefined) return undefined;
    throw new UsageError(...sayRecordRequired());
  }
  if (path === '' || path === '-') throw new UsageError(...sayInvalid('--record', path, ACCEPTED_FILE_NAME));
  if (keep !== undefined && maxBytes === undefined && maxAgeMs === undefined) {
    throw new UsageError(...sayRotationRequired());
  }
  return { path, maxBytes, maxAgeMs, keep };
}

/** @throws UsageError, CredentialError, StoreError before anything is opened */
export async function runTail(
  flags: StreamFlags & RecordFlags & FromFlags & Flags<typeof DEDUPE_FLAGS>,
  io: Io,
): Promise<Outcome> {
  const config = parseStreamFlags(flags, io, addDefaults(flags, io));
  const record = parseRecordFlags(flags);
  const select = await loadFilter(config);
  let onCut = (): void => {};
  const renderer = await createRenderer(config, io, () => onCut());
  const redundancy = await parseMergeFlags(flags);
  const stream =
    listGiven(FROM_FLAGS, flags).length === 0
      ? await openCommandStream(flags, config, select, redundancy, io)
      : await openJetStream(flags, config, select, io);
  const { source, reporter, status } = stream;
  reportSearchCuts(select, reporter);
  onCut = createSearchCutReport(reporter, '--highlight', 'not marked');
  let recording: Recording | undefined;
  let monitor: Monitor | undefined;
  try {
    monitor = await loadMonitor(config, reporter, io);
    recording = record === undefined ? undefined : await loadRecording(record, reporter, io);
    const onPaused = (): void => reporter.report(sayPaused());
    const openOutput: OpenOutput = (onFailure) => openPrinter({ renderer, status, onPaused }, io, onFailure);
    const openRecorder = recording?.open;
    const { observers } = monitor;
    const parts = { config, source, openOutput, reporter, status, openRecorder, observers };
    return await runSession(parts, io);
  } finally {
    recording?.release();
    monitor?.close();
    await stream.close();
  }
}

async function openJetStream(
  flags: StreamFlags & FromFlags,
  config: TailConfig,
  select: Select,
  io: Io,
): Promise<CommandStream> {
  const { openFromStream } = await import('../../delivery/from/read-stream.ts');
  return openFromStream(flags, config, select, 'tail', io);
}

/** @throws UsageError, OutputError */
async function loadRecording(settings: RecordConfig, reporter: Reporter, io: Io): Promise<Recording> {
  const { prepareRecording } = await import('../../recording/prepare.ts');
  return prepareRecording(settings, reporter, io);
}
