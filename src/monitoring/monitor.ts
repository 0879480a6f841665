// Watches a run for --metrics-listen and systemd (contract M4 to M8). Loaded only if one of them is used.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { formatAddress } from '../connection/dial/address.ts';
import { describeSinkProblem } from '../delivery/messages.ts';
import type { SinkMonitor, SinkStatus } from '../delivery/sink-status.ts';
import { RecentLag } from '../events/event-time.ts';
import type { ListenAddress } from '../flags/values.ts';
import type { Io } from '../io/io.ts';
import { listenOn } from '../io/listen.ts';
import { PHASE_PROBLEMS } from '../session/messages.ts';
import type { RunStatus } from '../session/run-status.ts';
import { isLoopbackHost } from '../settings/stream-url.ts';
import type { Reporter } from '../ui/reporter.ts';
import { Latencies } from './latencies.ts';
import { NOT_ALLOWED_BODY, NOT_FOUND_BODY, sayListening, sayMetricsCannotListen } from './messages.ts';
import { type MetricsSource, renderMetrics } from './metrics.ts';
import { createServiceNotifier } from './systemd.ts';
import type { Monitor, MonitorConfig, Watcher } from './watcher.ts';

const LAG_INTERVAL_MS = 1_000;

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
  const lag = new RecentLag(clock, LAG_INTERVAL_MS);
  const listStatuses = (): SinkStatus[] => sinks.map((sink) => sink.status());
  const server = await servePages(host, port, {
    '/metrics': async (accept) => {
      if (run === undefined) return { status: 503, type: TEXT, body: `${PHASE_PROBLEMS.starting}\n` };
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
  // `localhost` may resolve to an address that other machines can reach.
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

function toPage(good: string, bad: string, problems: readonly string[]): Page {
  const isGood = problems.length === 0;
  const body = isGood ? { status: good } : { status: bad, problems };
  return { status: isGood ? 200 : 503, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

// The HTTP server. Its limits keep a client from disturbing the run (docs/faults.md, row 161).

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type ShowPage = (accept: string) => Page | Promise<Page>;

interface PageServer {
  /** An IP address, even if the host is a name. */
  readonly address: string;
  readonly port: number;
  close(): void;
}

/** Enough for Prometheus, a few probes and some browsers. */
const MAX_CONNECTIONS = 32;
const MAX_HEAD_MS = 5_000;
/** Also the limit for a client that does not read its response. */
const MAX_REQUEST_MS = 10_000;
const MAX_HEAD_BYTES = 8 * 1024;
const TEXT = 'text/plain; charset=utf-8';

/** @throws UsageError if it cannot listen on the address */
async function servePages(
  host: string,
  port: number,
  pages: Readonly<Record<string, ShowPage>>,
): Promise<PageServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: MAX_HEAD_MS,
      requestTimeout: MAX_REQUEST_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void answer(pages, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = MAX_REQUEST_MS;
  const { address, port: chosenPort } = await listenOn(server, host, port, sayMetricsCannotListen);
  return {
    address,
    port: chosenPort,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  pages: Readonly<Record<string, ShowPage>>,
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type, body } = await choosePage(pages, method, url.split('?', 1)[0] ?? '', headers.accept);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  // Node leaves out the body of a response to HEAD.
  response.end(body);
}

function choosePage(
  pages: Readonly<Record<string, ShowPage>>,
  method: string | undefined,
  path: string,
  accept = '',
): Page | Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: TEXT, body: NOT_ALLOWED_BODY };
  const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return show === undefined ? { status: 404, type: TEXT, body: NOT_FOUND_BODY } : show(accept);
}
