// What commands that follow the live stream have in common: the source, be it the service or the built-in
// simulator, and who speaks on stderr.
import type { Clock } from '../clock.ts';
import { chooseResolverOptions } from '../connection/dial/lookup-limit.ts';
import type { Io } from '../io/io.ts';
import {
  describeSimulatorSource,
  resolveSource,
  type StreamFlags,
  type TailConfig,
} from '../settings/stream-config.ts';
import { type PreparedStream, prepareSource } from '../stream/open.ts';
import { createReporter, loadLogStyle, type Reporter } from '../ui/reporter.ts';
import type { StreamStatus } from '../ui/shown-status.ts';
import { createStatusLine } from '../ui/status-line.ts';
import { loadStreamStatus } from '../ui/stream-status.ts';
import type { Select } from './format.ts';
import type { SessionStream, SourceTraits } from './session.ts';

export interface CommandStream {
  /** Opens it, once; it ends when the signal aborts. */
  readonly open: (signal: AbortSignal) => SessionStream;
  /** What is different where it is not the service's; undefined for that. */
  readonly traits?: SourceTraits;
  readonly reporter: Reporter;
  readonly status: StreamStatus;
  /** Ends the simulator, if there is one. */
  close(): Promise<void>;
}

/**
 * Prepares the stream that flags, environment and profile name, and says on stderr what is to be said before it.
 *
 * @throws UsageError, CredentialError, StoreError before anything is connected to
 */
export async function openCommandStream(
  flags: StreamFlags,
  config: TailConfig,
  select: Select,
  io: Io,
): Promise<CommandStream & PreparedStream> {
  const simulator = config.simulate === undefined ? undefined : await startBuiltIn(config.simulate);
  try {
    const source =
      simulator === undefined
        ? await resolveSource(flags, io)
        : describeSimulatorSource(simulator.url, simulator.exampleKey);
    limitLookups(config, io);
    const deadlineMs = findDeadline(config, io.clock);
    const prepared = await prepareSource(config.connection, source, io, { deadlineMs, select });
    const speaker = await createSpeaker(config, io);
    for (const warning of source.warnings) {
      speaker.reporter.report({ event: 'warning', level: 'warn', message: warning });
    }
    for (const origin of source.origins) {
      speaker.reporter.report({ event: 'setting', level: 'debug', message: origin });
    }
    return { ...prepared, ...speaker, close: async () => simulator?.close() };
  } catch (error) {
    await simulator?.close();
    throw error;
  }
}

/** A lookup that hangs must not hold the process when the time of the attempt, or of the run, is over (contract C1). */
function limitLookups(
  { connection, timeoutMs, durationMs }: Pick<TailConfig, 'connection' | 'timeoutMs' | 'durationMs'>,
  io: Io,
): void {
  const { connectTimeoutMs } = connection;
  const options = chooseResolverOptions(
    Math.min(connectTimeoutMs, timeoutMs ?? connectTimeoutMs, durationMs ?? connectTimeoutMs),
  );
  if (options !== undefined) io.setResolverOptions(options);
}

/** Monotonic time in ms at which `--timeout`, counted from now, will be over; undefined where there is none. */
export function findDeadline({ timeoutMs }: Pick<TailConfig, 'timeoutMs'>, clock: Clock): number | undefined {
  return timeoutMs === undefined ? undefined : clock.monotonicMs() + timeoutMs;
}

/** Who speaks on stderr, with a status line on a terminal. */
export async function createSpeaker(
  { log }: Pick<TailConfig, 'log'>,
  io: Io,
): Promise<{ reporter: Reporter; status: StreamStatus }> {
  const statusLine = createStatusLine(io, log);
  const logStyle = await loadLogStyle(log);
  const reporter = createReporter(io, log, logStyle, statusLine);
  return { reporter, status: await loadStreamStatus(statusLine, io.clock, logStyle, io.signs) };
}

async function startBuiltIn(
  scenario: string,
): Promise<{ url: string; exampleKey: string; close(): Promise<void> }> {
  const { startSimulator } = await import('../simulator/server.ts');
  return startSimulator({ scenario });
}
