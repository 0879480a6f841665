// Watches a run for --metrics-listen and systemd (contract M4 to M8). Loaded only if one of them is used.
import { formatAddress } from '../connection/dial/address.ts';
import { describeSinkProblem } from '../delivery/messages.ts';
import type { SinkMonitor, SinkStatus } from '../delivery/sink-status.ts';
import { RecentLag } from '../events/event-time.ts';
import type { ListenAddress } from '../flags/values.ts';
import type { Io } from '../io/io.ts';
import { PHASE_PROBLEMS } from '../session/messages.ts';
import type { RunStatus } from '../session/run-status.ts';
import { isLoopbackHost } from '../settings/stream-url.ts';
import type { Reporter } from '../ui/reporter.ts';
import { Latencies } from './latencies.ts';
import { sayListening } from './messages.ts';
import { type MetricsSource, renderMetrics } from './metrics.ts';
import { type Page, servePages, TEXT } from './server.ts';
import { createServiceNotifier } from './systemd.ts';
import type { Monitor, MonitorConfig, Watcher } from './watcher.ts';

/** How often the time of an event is read. */
const LAG_EVERY_MS = 1_000;

/** @throws UsageError if it cannot listen on the address */
export async function openMonitor(
  { metricsListen, connection }: MonitorConfig,
  reporter: Reporter,
  io: Io,
): Promise<Monitor> {
  const watchers = [
    metricsListen && (await openEndpoint(metricsListen, reporter, io)),
    createServiceNotifier(connection, reporter, io),
  ].filter((one) => one !== undefined);
  return {
    observers: watchers,
    watch(sinks) {
      for (const one of watchers) one.watch(sinks);
    },
    noteReload(state) {
      for (const one of watchers) one.noteReload(state);
    },
    close() {
      for (const one of watchers) one.close();
    },
  };
}

async function openEndpoint(
  { host, port }: ListenAddress,
  reporter: Reporter,
  { clock }: Io,
): Promise<Watcher> {
  const startedAtMs = clock.wallMs();
  let sinks: readonly SinkMonitor[] = [];
  const latencies = new Map<string, Latencies>();
  let run: RunStatus | undefined;
  let reload: MetricsSource['reload'] = { isGood: true, atMs: startedAtMs };
  const lag = new RecentLag(clock, LAG_EVERY_MS);
  const listStatuses = (): SinkStatus[] => sinks.map((sink) => sink.status());
  const server = await servePages(host, port, {
    '/metrics': async (accept) => {
      if (run === undefined) return STARTING;
      const page = await renderMetrics(
        { run, sinks: listStatuses(), latencies, lagMs: lag.ms, startedAtMs, reload },
        accept,
      );
      return { status: 200, ...page };
    },
    '/healthz': () => {
      const stopped = listStatuses().filter(({ state }) => state === 'stopped');
      return toPage('ok', 'failed', stopped.map(describeSinkProblem));
    },
    '/readyz': () => toPage('ready', 'not ready', run?.listProblems() ?? [PHASE_PROBLEMS.starting]),
  });
  // The resolver may send `localhost` to an address that other machines can reach.
  const { hostname } = new URL(`http://${formatAddress(server.address, server.port)}`);
  reporter.report(sayListening(formatAddress(host, server.port), isLoopbackHost(hostname)));
  return {
    update(status) {
      run = status;
    },
    noteBatch: (batch) => lag.note(batch, batch.count),
    watch(all) {
      sinks = all;
      for (const sink of all) {
        const counts = latencies.get(sink.status().name) ?? new Latencies();
        latencies.set(sink.status().name, counts);
        sink.onAcknowledged = (latencyMs) => counts.note(latencyMs);
      }
    },
    noteReload(state) {
      if (state === 'done') reload = { isGood: true, atMs: clock.wallMs() };
      if (state === 'failed') reload = { ...reload, isGood: false };
    },
    close: server.close,
  };
}

const STARTING: Page = {
  status: 503,
  type: TEXT,
  body: `${PHASE_PROBLEMS.starting}\n`,
};

function toPage(good: string, bad: string, problems: readonly string[]): Page {
  const isGood = problems.length === 0;
  const body = isGood ? { status: good } : { status: bad, problems };
  return { status: isGood ? 200 : 503, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}
