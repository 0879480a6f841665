// Watches a run for --metrics-listen and systemd (contract M4 to M8). Loaded only if one of them is used.
import { describeSinkProblem } from '../delivery/messages.ts';
import type { SinkMonitor, SinkStatus } from '../delivery/sink-status.ts';
import { type Batch, textOf } from '../events/batch.ts';
import { createTimestampReader, DEFAULT_LAG_FIELDS } from '../events/event-time.ts';
import { parsePath } from '../events/path.ts';
import type { ListenAddress } from '../flags/values.ts';
import type { Io } from '../io/io.ts';
import { formatAddress } from '../io/listen.ts';
import { PHASE_PROBLEMS } from '../session/messages.ts';
import type { RunStatus } from '../session/run-status.ts';
import { isLoopbackHost } from '../settings/stream-url.ts';
import type { Reporter } from '../ui/reporter.ts';
import { Latencies } from './latencies.ts';
import { sayListening } from './messages.ts';
import { renderMetrics } from './metrics.ts';
import { type Page, servePages } from './server.ts';
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
  const lag = createLagReader(clock.monotonicMs);
  const listStatuses = (): SinkStatus[] => sinks.map((sink) => sink.status());
  const server = await servePages(host, port, {
    '/metrics': async (accept) => {
      if (run === undefined) return STARTING;
      const { lagMs } = lag;
      const page = await renderMetrics({ run, sinks: listStatuses(), latencies, lagMs, startedAtMs }, accept);
      return { status: 200, ...page };
    },
    '/healthz': () => {
      const stopped = listStatuses().filter(({ state }) => state === 'stopped');
      return toPage('ok', 'failed', stopped.map(describeSinkProblem));
    },
    '/readyz': () => toPage('ready', 'not ready', run?.listProblems() ?? [PHASE_PROBLEMS.starting]),
  });
  const address = formatAddress(host, server.port);
  reporter.report(sayListening(address, isLoopbackHost(new URL(`http://${address}`).hostname)));
  return {
    update(status) {
      run = status;
    },
    noteBatch: lag.noteBatch,
    watch(all) {
      sinks = all;
      for (const sink of all) {
        const counts = new Latencies();
        latencies.set(sink.status().name, counts);
        sink.onAcknowledged = (latencyMs) => counts.note(latencyMs);
      }
    },
    close: server.close,
  };
}

const STARTING: Page = {
  status: 503,
  type: 'text/plain; charset=utf-8',
  body: `${PHASE_PROBLEMS.starting}\n`,
};

function toPage(good: string, bad: string, problems: readonly string[]): Page {
  const isGood = problems.length === 0;
  const body = isGood ? { status: good } : { status: bad, problems };
  return { status: isGood ? 200 : 503, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function createLagReader(monotonicMs: () => number): {
  readonly lagMs: number | undefined;
  noteBatch(batch: Batch): void;
} {
  const readTime = createTimestampReader(DEFAULT_LAG_FIELDS.map((field) => parsePath(field, 0).steps));
  let lagMs: number | undefined;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    get lagMs() {
      return lagMs;
    },
    noteBatch(batch) {
      const nowMs = monotonicMs();
      if (batch.count === 0 || nowMs < nextMs) return;
      nextMs = nowMs + LAG_EVERY_MS;
      const sentAtMs = readTime(textOf(batch, batch.count - 1));
      lagMs = sentAtMs === undefined ? undefined : batch.receivedAtMs - sentAtMs;
    },
  };
}
