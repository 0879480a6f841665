// `stream replay`: a session with a recording as the source and stdout as the output.
import type { Io, Outcome } from '../../io/io.ts';
import { type PlayFlags, parsePlayFlags } from '../../recording/flags.ts';
import { createReporting } from '../../session/open-service.ts';
import { createRenderer, openPrinter } from '../../session/output.ts';
import { createRecordingSource } from '../../session/recording-source.ts';
import { createSearchCutReport, loadFilter, reportSearchCuts } from '../../session/run-filter.ts';
import { runSession } from '../../session/session.ts';
import { addDefaults } from '../../settings/defaults.ts';
import { parseStreamFlags, type StreamFlags } from '../../settings/stream-config.ts';

/**
 * Exit 0 at the end of the file, 8 at a damaged line with `--strict`, 2 if it is neither a recording nor NDJSON.
 *
 * @param path of the file, `-` for stdin
 * @throws UsageError for bad flags and a file that cannot be opened
 */
export async function runReplay(path: string, flags: StreamFlags & PlayFlags, io: Io): Promise<Outcome> {
  const parsed = parseStreamFlags(flags, io, addDefaults(flags, io));
  // A recording on stdin is not a keyboard.
  const config = { ...parsed, readsKeyPresses: parsed.readsKeyPresses && path !== '-' };
  const pace = parsePlayFlags(flags, io.clock.wallMs());
  const { reporter, status } = await createReporting(config, io);
  const select = await loadFilter(config);
  reportSearchCuts(select, reporter);
  // The envelope and pretty output show the receive time of each event; the other formats do not.
  const joinsTimes = !config.isEnveloped && config.format !== 'pretty';
  const source = createRecordingSource(path, pace, { select, reporter, status, joinsTimes }, io);
  const renderer = await createRenderer(
    config,
    io,
    createSearchCutReport(reporter, '--highlight', 'not marked'),
  );
  return runSession(
    { config, source, openOutput: (fail) => openPrinter({ renderer, status }, io, fail), reporter, status },
    io,
  );
}
