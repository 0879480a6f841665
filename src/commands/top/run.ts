// `stream top`: a session like that of `tail` or `replay`, with a table as the output.
import type { Io, Outcome } from '../../io/io.ts';
import { NO_PAINT } from '../../render/paint.ts';
import { createReporting, openCommandStream } from '../../session/open-service.ts';
import { loadFilter, reportSearchCuts } from '../../session/run-filter.ts';
import { runSession } from '../../session/session.ts';
import type { Source } from '../../session/source.ts';
import { parseMergeFlags } from '../../settings/connections.ts';
import { addTopDefaults } from '../../settings/defaults.ts';
import { parseStreamFlags, type TailConfig } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import { loadLogStyle, type Reporter } from '../../ui/reporter.ts';
import { NO_STREAM_PROGRESS } from '../../ui/status-line.ts';
import { parseTopFlags, type TopConfig } from './config.ts';
import { ConnectionState } from './connection-state.ts';
import { createFactReader } from './event-facts.ts';
import type { TopFlags } from './flags.ts';
import type { FrameParts } from './frame.ts';
import { createTopOutput, LINGER_MS } from './output.ts';
import { Ranking } from './ranking.ts';
import { Timeline } from './timeline.ts';

/**
 * @param path of a recording, `-` for stdin; undefined for a stream
 * @throws UsageError, CredentialError, StoreError before anything is opened
 */
export async function runTop(path: string | undefined, flags: TopFlags, io: Io): Promise<Outcome> {
  const stream = parseStreamFlags(flags, io);
  const config = await parseTopFlags(path, addTopDefaults(flags, io), io);
  const select = await loadFilter(stream);
  const connection = new ConnectionState(io.clock);
  const timeline = new Timeline(config.once === undefined && config.source.kind !== 'file');
  const { source, reporter, close } = await openSource(config, { flags, stream, select, timeline }, io);
  reportSearchCuts(select, reporter);
  const data = {
    by: config.by.map(({ text }) => text),
    ranking: new Ranking(timeline),
    timeline,
    connection,
    source: source.kind === 'live' ? source.host : (path ?? ''),
    isFile: source.kind === 'file',
  };
  const frame = { style: await loadStyle(stream.useColor) };
  let restore = (): void => {};
  const openOutput = createTopOutput(
    { config, data, frame, readFacts: createFactReader(config) },
    io,
    (closeScreen) => {
      restore = closeScreen;
    },
  );
  try {
    // The view has its own keys.
    const sessionConfig = { ...stream, readsKeyPresses: false, watchedPaths: config.watchedPaths };
    return await runSession({ config: sessionConfig, source, openOutput, reporter, status: connection }, io);
  } finally {
    restore();
    await close();
  }
}

interface SourceParts {
  readonly flags: TopFlags;
  readonly stream: TailConfig;
  readonly select: Select;
  readonly timeline: Timeline;
}

interface Opened {
  readonly source: Source;
  readonly reporter: Reporter;
  close(): Promise<void>;
}

/** @throws UsageError, CredentialError, StoreError */
async function openSource(
  { source }: TopConfig,
  { flags, stream, select, timeline }: SourceParts,
  io: Io,
): Promise<Opened> {
  if (source.kind === 'service') {
    const connection = { ...stream.connection, lingerMs: LINGER_MS };
    return openCommandStream(flags, { ...stream, connection }, select, await parseMergeFlags(flags), io);
  }
  if (source.kind === 'jetstream') {
    const { openFromStream } = await import('../../delivery/from/read-stream.ts');
    return openFromStream(flags, stream, select, 'top', io);
  }
  const { createRecordingSource } = await import('../../session/recording-source.ts');
  const { reporter } = await createReporting(stream, io);
  const onPlain = (): void => {
    timeline.hasTimes = false;
  };
  // The remaining time is not shown, so the end of the recording is not searched for.
  const parts = { select, reporter, status: NO_STREAM_PROGRESS, onPlain };
  return {
    source: createRecordingSource(source.path, source.pace, parts, io),
    reporter,
    close: () => Promise.resolve(),
  };
}

async function loadStyle(useColor: boolean): Promise<FrameParts['style']> {
  const { live, waiting, chart } = await loadLogStyle({ useColor });
  const header = useColor
    ? (await import('../../render/style.ts')).createColorStyle('terminal').header
    : NO_PAINT;
  return { live, waiting, chart, header };
}
