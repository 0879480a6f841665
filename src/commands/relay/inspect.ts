// `stream relay --inspect`: a report about the spools of a relay, or with `--export` the events in one of them.
import { basename, dirname, join } from 'node:path';
import { LIFECYCLE_MARK } from '../../delivery/sink.ts';
import {
  findSpools,
  hidePath,
  inspectSpool,
  type NumberedRecord,
  type SpoolReport,
  viewSpool,
} from '../../delivery/spool/inspect.ts';
import { describeDamage, describeMissing } from '../../delivery/spool/messages.ts';
import { describeSpoolFault } from '../../delivery/spool/segments.ts';
import { EXIT, UsageError } from '../../errors.ts';
import { BatchBuilder } from '../../events/batch.ts';
import { createTimestampReader, DEFAULT_LAG_PATHS } from '../../events/event-time.ts';
import { listGiven, parseFlags } from '../../flags/definition.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { escapeCommands, escapeJsonCommands } from '../../render/ci-commands.ts';
import { makeSafeLine, NDJSON_RENDERER } from '../../render/ndjson.ts';
import { stringifySafe, truncateVisible } from '../../render/sanitize.ts';
import { createReporting } from '../../session/open-service.ts';
import { openPrinter } from '../../session/output.ts';
import { runSession } from '../../session/session.ts';
import type { FileSource } from '../../session/source.ts';
import { parseStreamFlags, type StreamFlags } from '../../settings/stream-config.ts';
import { EventBatch } from '../../stream/items.ts';
import { assertAlone } from './alone.ts';
import { INSPECT_FLAGS, type RelayFlags } from './flags.ts';
import * as say from './messages.ts';
import { INSPECTED, LABELS } from './messages.ts';

const REPORT_VERSION = 1;
const MAX_EVENT_LENGTH = 200;
/** In the text report; JSON lists all of them. */
const MAX_FAULTS = 20;
const MAX_BATCH_ITEMS = 512;

/** Exit 0 if nothing is damaged or missing, otherwise 8. @throws UsageError, OutputError */
export async function runInspection(flags: RelayFlags & StreamFlags, io: Io): Promise<Outcome> {
  const { inspect: path, isJson, isExport } = parseFlags(INSPECT_FLAGS, flags);
  if (path === undefined) {
    throw new UsageError(...say.sayInspectRequired(listGiven(INSPECT_FLAGS, flags)));
  }
  assertAlone('--inspect', INSPECT_FLAGS, say.INSPECTION_IS_ALONE, flags);
  if (isJson && isExport) throw new UsageError(...sayNotCombinable('--json', '--export'));
  const directories = attempt(path, () => findSpools(path));
  if (directories.length === 0) throw new UsageError(...say.sayNoSpool(path));
  if (isExport) return exportSpool(directories, flags, io);
  const reports = directories.map((directory) => attempt(directory, () => inspectSpool(directory)));
  const text = isJson ? formatJson(reports) : reports.map((report) => formatReport(report, io)).join('\n');
  io.writeOut(io.redactor.redact(text));
  return { exitCode: reports.every(({ isHealthy }) => isHealthy) ? EXIT.ok : EXIT.protocol };
}

/** @throws OutputError; UsageError if there is no such directory */
function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UsageError(...say.sayNoSpool(path));
    throw describeSpoolFault(path, error);
  }
}

const showDirectory = (directory: string): string => join(dirname(directory), hidePath(basename(directory)));

const readTimeMs = createTimestampReader(DEFAULT_LAG_PATHS);

const toLine = ({ record: { mark, text } }: NumberedRecord): string =>
  escapeJsonCommands(makeSafeLine(text, mark)).toString();

function formatReport(report: SpoolReport, io: Io): string {
  const { events, lifecycleRecords, pendingBytes, firstEvent, lastEvent, cursor, missing, damage } = report;
  const nowMs = io.clock.wallMs();
  const formatAge = (wallMs: number): string => INSPECTED.ago(wallMs, nowMs - wallMs);
  const { oldestWrittenAtMs: oldestMs, lastWrittenAtMs: lastMs } = report;
  const formatEvent = (event: NumberedRecord | undefined): string => {
    if (event === undefined) return INSPECTED.none;
    const timeMs = readTimeMs(event.record.text);
    const time = timeMs === undefined ? '' : `  ${formatAge(timeMs)}`;
    // Redacted before it is cut, since half a secret is not recognized.
    return INSPECTED.event(
      event.number,
      time,
      truncateVisible(io.redactor.redact(toLine(event)), MAX_EVENT_LENGTH),
    );
  };
  const faults = [
    ...missing.map((one) => [LABELS.missing, describeMissing(one)]),
    ...damage.map((one) => [LABELS.damaged, describeDamage(one)]),
  ];
  const rows = [
    [LABELS.pending, INSPECTED.pending(events, lifecycleRecords, pendingBytes)],
    [LABELS.firstEvent, formatEvent(firstEvent)],
    [LABELS.lastEvent, formatEvent(lastEvent)],
    [
      LABELS.written,
      INSPECTED.written(
        oldestMs === undefined ? undefined : formatAge(oldestMs),
        lastMs === undefined ? INSPECTED.none : formatAge(lastMs),
      ),
    ],
    [LABELS.disk, INSPECTED.disk(report.segments, report.bytesOnDisk)],
    [
      LABELS.cursor,
      cursor === undefined
        ? INSPECTED.noCursor
        : INSPECTED.cursor(cursor.acknowledged, Math.max(0, cursor.unitEnd - cursor.acknowledged)),
    ],
    ...(faults.length === 0 ? [[LABELS.damage, INSPECTED.none]] : faults.slice(0, MAX_FAULTS)),
    ...(faults.length > MAX_FAULTS ? [[LABELS.damaged, INSPECTED.more(faults.length - MAX_FAULTS)]] : []),
  ];
  const lines = rows.map(([label = '', value = '']) => `  ${label.padEnd(12)}${value}`);
  return [showDirectory(report.directory), ...lines]
    .map((line) => `${escapeCommands(io.toDisplay(line))}\n`)
    .join('');
}

/** The texts of events are copied, so the numbers in them stay as received. */
function formatJson(reports: readonly SpoolReport[]): string {
  const isHealthy = reports.every((report) => report.isHealthy);
  const head = stringifySafe({ version: REPORT_VERSION, ok: isHealthy }).slice(0, -1);
  return `${head},"spools":[${reports.map(formatJsonSpool).join(',')}]}\n`;
}

function formatJsonSpool(report: SpoolReport): string {
  const { cursor } = report;
  const writeTime = (wallMs: number | undefined): string | null =>
    wallMs === undefined ? null : new Date(wallMs).toISOString();
  const writeEvent = (event: NumberedRecord | undefined): string =>
    event === undefined ? 'null' : `{"number":${event.number},"event":${toLine(event)}}`;
  const head = stringifySafe({
    path: showDirectory(report.directory),
    ok: report.isHealthy,
    pending_events: report.events,
    pending_lifecycle_records: report.lifecycleRecords,
    pending_bytes: report.pendingBytes,
    segments: report.segments,
    bytes_on_disk: report.bytesOnDisk,
    cursor: cursor === undefined ? null : { acknowledged: cursor.acknowledged, unit_end: cursor.unitEnd },
    oldest_written_at: writeTime(report.oldestWrittenAtMs),
    last_written_at: writeTime(report.lastWrittenAtMs),
    missing: report.missing,
    damage: report.damage,
  });
  return `${head.slice(0, -1)},"first_event":${writeEvent(report.firstEvent)},"last_event":${writeEvent(report.lastEvent)}}`;
}

/** @throws UsageError if the directory contains several spools */
async function exportSpool(
  directories: readonly string[],
  flags: RelayFlags & StreamFlags,
  io: Io,
): Promise<Outcome> {
  const [directory = ''] = directories;
  if (directories.length > 1) throw new UsageError(...say.saySeveralSpools(directories.map(showDirectory)));
  const config = parseStreamFlags(flags, io);
  const { reporter, status } = await createReporting(config, io);
  let faults = 0;
  const report = (message: string): void => {
    faults += 1;
    reporter.report(say.sayFoundInSpool(message));
  };
  const source: FileSource = {
    kind: 'file',
    async *items(signal) {
      const { items, cursor } = attempt(directory, () => viewSpool(directory));
      if (cursor === undefined) report(INSPECTED.lostCursor);
      const pending = items();
      for (let isDone = false; !isDone && !signal.aborted; ) {
        const builder = new BatchBuilder();
        for (let count = 0; count < MAX_BATCH_ITEMS && !isDone; count += 1) {
          const { value: item, done = false } = attempt(directory, () => pending.next());
          isDone = done;
          if (item === undefined) break;
          if (item.kind === 'missing') report(describeMissing(item.missing));
          else if (item.kind === 'damage') report(describeDamage(item.damage));
          else if (item.record.mark !== LIFECYCLE_MARK) builder.add(item.record.text, item.record.mark);
        }
        if (builder.isEmpty) continue;
        const batch = builder.take(io.clock.wallMs());
        yield { kind: 'events', batch: new EventBatch(batch, batch, 0, 1) };
      }
      pending.return(undefined);
    },
    finish: () => ({ exitCode: faults > 0 ? EXIT.protocol : EXIT.ok, errors: [] }),
    summarize: ({ events, durationMs }) => say.sayExported(events, durationMs, faults),
  };
  return runSession(
    {
      config,
      source,
      openOutput: (fail) => openPrinter({ renderer: NDJSON_RENDERER, status }, io, fail),
      reporter,
      status,
    },
    io,
  );
}
