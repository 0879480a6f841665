// Opens the service, or the built-in simulator, as the source of a command, with the stderr reporter.
import type { Clock } from '../clock.ts';
import type { ConnectionsConfig } from '../connection/config.ts';
import type { Io } from '../io/io.ts';
import { limitLookups } from '../settings/lookup-limit.ts';
import type { KeyListener } from '../settings/renew-key.ts';
import {
  describeSimulatorSource,
  resolveSource,
  type StreamFlags,
  type TailConfig,
} from '../settings/stream-config.ts';
import type { EventStream, Select } from '../stream/event-stream.ts';
import { type PreparedStream, prepareSource } from '../stream/prepare.ts';
import { sayConnected } from '../ui/messages.ts';
import { createReporter, loadLogStyle, type Reporter } from '../ui/reporter.ts';
import { createStatusLine, loadStreamProgress } from '../ui/status-line.ts';
import type { StreamProgress } from '../ui/stream-progress.ts';
import type { LiveSource } from './source.ts';

export interface CommandStream {
  readonly source: LiveSource;
  readonly reporter: Reporter;
  readonly status: StreamProgress;
  /** Closes the simulator, if there is one. */
  close(): Promise<void>;
}

/** Prepares the stream and reports warnings. @throws UsageError, CredentialError, StoreError before it connects */
export async function openCommandStream(
  flags: StreamFlags,
  config: TailConfig,
  select: Select,
  redundancy: ConnectionsConfig,
  io: Io,
): Promise<CommandStream & Pick<PreparedStream, 'settings'>> {
  const simulator =
    config.simulate === undefined
      ? undefined
      : await startBuiltInSimulator(config.simulate, redundancy.connections);
  let reporter: Reporter | undefined;
  try {
    const target =
      simulator === undefined
        ? await resolveSource(
            flags,
            io,
            reportKey(() => reporter),
          )
        : describeSimulatorSource(simulator.url, simulator.exampleKey);
    limitLookups(io, config.connection.connectTimeoutMs, config.timeoutMs, config.durationMs);
    const deadlineMs = findDeadline(config, io.clock);
    const extra = { deadlineMs, select, redundancy };
    const prepared = await prepareSource(config.connection, target, io, extra);
    const reporting = await createReporting(config, io);
    reporter = reporting.reporter;
    for (const warning of target.warnings) {
      reporting.reporter.report({ event: 'warning', level: 'warn', message: warning });
    }
    for (const origin of target.origins) {
      reporting.reporter.report({ event: 'setting', level: 'debug', message: origin });
    }
    const { settings } = prepared;
    return {
      source: createService(prepared, redundancy.connections > 1),
      settings,
      ...reporting,
      close: async () => simulator?.close(),
    };
  } catch (error) {
    await simulator?.close();
    throw error;
  }
}

/** Reports the outcome of reading the key again; by then there is a reporter. */
function reportKey(find: () => Reporter | undefined): KeyListener {
  return {
    onKept: (message, hint) => find()?.report({ event: 'warning', level: 'warn', message, hint }),
    onReplaced: (message) => find()?.report({ event: 'setting', level: 'info', message }),
  };
}

function createService({ settings, open }: PreparedStream, hasSeveralConnections: boolean): LiveSource {
  let stream: EventStream | undefined;
  return {
    kind: 'live',
    host: settings.dial.host,
    get roundTripMs() {
      return stream?.roundTripMs;
    },
    resumesAfterLoss: false,
    hasSeveralConnections,
    get mergeFigures() {
      return stream?.mergeFigures;
    },
    items(signal) {
      stream = open(signal);
      return stream.items();
    },
    sayConnected,
    retryNow: () => stream?.retryNow(),
  };
}

/** Monotonic time in ms at which `--timeout` expires, if it is set. */
export function findDeadline({ timeoutMs }: Pick<TailConfig, 'timeoutMs'>, clock: Clock): number | undefined {
  return timeoutMs === undefined ? undefined : clock.monotonicMs() + timeoutMs;
}

/** The stderr reporter, with a status line on a terminal. */
export async function createReporting(
  { log, readsKeyPresses }: Pick<TailConfig, 'log' | 'readsKeyPresses'>,
  io: Io,
): Promise<{ reporter: Reporter; status: StreamProgress }> {
  const statusLine = createStatusLine(io, log);
  const logStyle = await loadLogStyle(log);
  const reporter = createReporter(io, { ...log, hasTimes: true }, logStyle, statusLine);
  return {
    reporter,
    status: await loadStreamProgress(statusLine, io.clock, {
      style: logStyle,
      signs: io.signs,
      readsKeyPresses,
    }),
  };
}

async function startBuiltInSimulator(
  scenario: string,
  connections: number,
): Promise<{ url: string; exampleKey: string; close(): Promise<void> }> {
  const { startSimulator } = await import('../simulator/server.ts');
  // Several connections need the same events.
  return startSimulator({ scenario: scenario === 'steady' && connections > 1 ? 'shared' : scenario });
}
