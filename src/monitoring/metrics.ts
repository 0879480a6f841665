// The metrics page. Its values are counted elsewhere, and read when the page is requested. docs/relay.md has a table of
// all metrics.
import { Counter, Gauge, type Metric, Registry, type RegistryContentType } from 'prom-client';
import type { SinkStatus } from '../delivery/sink-status.ts';
import type { RunStatus } from '../session/run-status.ts';
import { VERSION } from '../version.ts';
import type { Latencies } from './latencies.ts';

export interface MetricsSource {
  readonly run: RunStatus;
  readonly sinks: readonly SinkStatus[];
  /** By the name of the sink. */
  readonly latencies: ReadonlyMap<string, Latencies>;
  /** Lag of the last sampled event; undefined if it has no timestamp. */
  readonly lagMs: number | undefined;
  readonly startedAtMs: number;
  /** `isGood` is about the last reload, `atMs` about the last one that succeeded. */
  readonly reload: { readonly isGood: boolean; readonly atMs: number };
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number | undefined, labels?: Labels];

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Undefined values are left out. */
  read(source: MetricsSource): readonly Sample[];
}

const gauge = (name: string, help: string, read: Family['read']): Family => ({
  name,
  type: 'gauge',
  help,
  read,
});
const counter = (name: string, help: string, read: Family['read']): Family => ({
  name: `${name}_total`,
  type: 'counter',
  help,
  read,
});

const ofSinks =
  (value: (sink: SinkStatus) => number | undefined): Family['read'] =>
  ({ sinks }) =>
    sinks.map((sink) => [value(sink), { sink: sink.name }]);

/** 1 for the current state of a sink, 0 for all others. */
const statesOf =
  <const Name extends 'state' | 'circuit'>(name: Name, states: readonly SinkStatus[Name][]): Family['read'] =>
  ({ sinks }) =>
    sinks.flatMap((sink) =>
      states.map((state): Sample => [Number(sink[name] === state), { sink: sink.name, [name]: state }]),
    );

const one =
  (value: (source: MetricsSource) => number | undefined): Family['read'] =>
  (source) => [[value(source)]];

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000);

const FAMILIES: readonly Family[] = [
  gauge('atlantis_build_info', 'Version of atlantis; always 1.', () => [[1, { version: VERSION }]]),
  gauge(
    'atlantis_start_time_seconds',
    'Start of the run, in seconds since the epoch.',
    one(({ startedAtMs }) => seconds(startedAtMs)),
  ),
  gauge(
    'atlantis_config_reload_success',
    '1 unless the last reload of the configuration failed.',
    one(({ reload }) => Number(reload.isGood)),
  ),
  gauge(
    'atlantis_config_reload_time_seconds',
    'Time at which the current configuration was loaded, in seconds since the epoch.',
    one(({ reload }) => seconds(reload.atMs)),
  ),
  gauge(
    'atlantis_ready',
    '1 if /readyz answers 200.',
    one(({ run }) => Number(run.listProblems().length === 0)),
  ),
  gauge(
    'atlantis_stream_connected',
    '1 if the stream is live.',
    one(({ run }) => Number(run.phase.kind === 'live')),
  ),
  gauge(
    'atlantis_stream_live_connections',
    'Connections that are live; up to --connections, and one more during a handover.',
    one(({ run }) => run.tally.live),
  ),
  counter(
    'atlantis_stream_connections',
    'Connections that received the welcome.',
    one(({ run }) => run.tally.connections),
  ),
  counter(
    'atlantis_stream_reconnects',
    'Connections that replaced a lost one.',
    one(({ run }) => run.tally.summarize(0).reconnects),
  ),
  counter(
    'atlantis_stream_gaps',
    'Gaps that have ended.',
    one(({ run }) => run.tally.gaps),
  ),
  counter(
    'atlantis_stream_gap_seconds',
    'Total duration of the gaps that have ended.',
    one(({ run }) => seconds(run.tally.gapMs)),
  ),
  gauge(
    'atlantis_stream_open_gap_seconds',
    'Duration so far of the current gap; 0 if there is none.',
    one(({ run }) => seconds(run.tally.openGap?.durationMs ?? 0)),
  ),
  counter(
    'atlantis_events_received',
    'Events received, before filtering, without duplicates from other connections.',
    one(({ run }) => {
      const { events, filtered } = run.tally.summarize(0);
      return filtered?.received ?? events;
    }),
  ),
  counter(
    'atlantis_events_duplicate',
    'Duplicates of events from other connections, which were dropped.',
    one(({ run }) => run.mergeFigures?.duplicates ?? 0),
  ),
  counter(
    'atlantis_events_missed',
    'Events that a live connection did not deliver although another one did.',
    one(({ run }) => run.mergeFigures?.missed ?? 0),
  ),
  counter(
    'atlantis_events_forgotten',
    'Events that were forgotten before the end of --dedupe-window, because of the memory limit.',
    one(({ run }) => run.mergeFigures?.forgotten ?? 0),
  ),
  counter(
    'atlantis_events_filtered',
    'Events that did not match the filters.',
    one(({ run }) => {
      const { filtered } = run.tally.summarize(0);
      return filtered === undefined ? 0 : filtered.received - filtered.matched;
    }),
  ),
  counter('atlantis_messages_discarded', 'Messages that are not events, by reason.', ({ run }) => {
    const { discarded } = run.tally.summarize(0);
    const reasons = new Map([...DISCARD_REASONS.map((reason) => [reason, 0] as const), ...discarded]);
    return [...reasons].map(([reason, count]): Sample => [count, { reason }]);
  }),
  gauge(
    'atlantis_event_lag_seconds',
    'Time from the timestamp of an event to its receipt; sampled once a second.',
    one(({ lagMs }) => seconds(lagMs)),
  ),
  counter(
    'atlantis_output_paused_seconds',
    'Time for which reading was paused because the output was full.',
    one(({ run }) => seconds(run.output.blockedMs)),
  ),
  gauge(
    'atlantis_sink_state',
    '1 for the current state of the sink.',
    statesOf('state', ['delivering', 'spooling', 'retrying', 'stopped']),
  ),
  gauge(
    'atlantis_sink_circuit',
    '1 for the current state of the circuit breaker of the sink.',
    statesOf('circuit', ['closed', 'half-open', 'open']),
  ),
  counter(
    'atlantis_sink_events_acknowledged',
    'Events that the sink acknowledged, including duplicates.',
    ofSinks(({ acknowledged }) => acknowledged),
  ),
  counter(
    'atlantis_sink_events_duplicate',
    'Events that the sink acknowledged as duplicates.',
    ofSinks(({ duplicates }) => duplicates),
  ),
  counter(
    'atlantis_sink_events_refused',
    'Events that the sink refused for good.',
    ofSinks(({ refused }) => refused),
  ),
  counter(
    'atlantis_sink_dead_letters',
    'Refused events that were written to the dead-letter file.',
    ofSinks(({ deadLetters }) => deadLetters),
  ),
  counter(
    'atlantis_sink_messages_lost',
    'Messages for the sink that were damaged in its spool, or for which it had no room after it had stopped.',
    ofSinks(({ lost }) => lost),
  ),
  gauge(
    'atlantis_sink_pending_messages',
    'Messages that the sink has not acknowledged, in memory and in the spool.',
    ofSinks(({ pendingRecords }) => pendingRecords),
  ),
  gauge(
    'atlantis_sink_pending_bytes',
    'Size of the messages that the sink has not acknowledged.',
    ofSinks(({ pendingBytes }) => pendingBytes),
  ),
  gauge(
    'atlantis_sink_oldest_pending_seconds',
    'Age of the oldest message that the sink has not acknowledged; 0 if there is none.',
    ofSinks(({ oldestAgeMs }) => seconds(oldestAgeMs)),
  ),
  gauge(
    'atlantis_sink_spool_bytes',
    'Size of the spool on disk.',
    ofSinks(({ spoolBytes }) => spoolBytes),
  ),
  gauge(
    'atlantis_sink_spool_room_bytes',
    'Free space in the spool, up to --spool-max.',
    ofSinks(({ spoolRoomBytes }) => spoolRoomBytes),
  ),
  gauge(
    'atlantis_sink_last_acknowledgement_time_seconds',
    'Time of the last acknowledgement, in seconds since the epoch.',
    ofSinks(({ lastAcknowledgementAt }) => seconds(lastAcknowledgementAt)),
  ),
];

/** Exported as 0 from the start, so that rate() includes the first increase. */
const DISCARD_REASONS = ['binary', 'not JSON', 'too large'] as const;

const LATENCY = 'atlantis_sink_batch_latency_seconds';
const LATENCY_HELP = 'Time from sending a batch, or a single message, to its acknowledgement.';

/** OpenMetrics 1.0. A client that accepts only `text/plain` gets the older format of Prometheus. */
export async function renderMetrics(
  source: MetricsSource,
  accept: string,
): Promise<{ readonly type: string; readonly body: string }> {
  const isOld = accept.includes('text/plain') && !accept.includes('openmetrics');
  const type = isOld ? Registry.PROMETHEUS_CONTENT_TYPE : Registry.OPENMETRICS_CONTENT_TYPE;
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(type);
  for (const { name, type, help, read } of FAMILIES) {
    const samples = read(source).filter(([value]) => value !== undefined);
    if (samples.length === 0) continue;
    const labelNames = Object.keys(samples[0]?.[1] ?? {});
    const options = { name, help, labelNames, registers: [registry] };
    if (type === 'counter') {
      const metric = new Counter(options);
      for (const [value = 0, labels = {}] of samples) metric.inc(labels, value);
    } else {
      const metric = new Gauge(options);
      for (const [value = 0, labels = {}] of samples) metric.set(labels, value);
    }
  }
  if (source.latencies.size > 0) registry.registerMetric(toHistogram(source.latencies));
  return { type, body: await registry.metrics() };
}

/** The Histogram of prom-client cannot be made from existing counts. */
function toHistogram(latencies: MetricsSource['latencies']): Metric {
  const values = [...latencies].flatMap(([sink, counts]) => [
    ...counts.listBuckets().map(([le, value]) => ({
      metricName: `${LATENCY}_bucket`,
      labels: { sink, le },
      value,
    })),
    { metricName: `${LATENCY}_sum`, labels: { sink }, value: counts.sumMs / 1_000 },
    { metricName: `${LATENCY}_count`, labels: { sink }, value: counts.count },
  ]);
  const metric = { name: LATENCY, help: LATENCY_HELP, type: 'histogram', values, aggregator: 'sum' };
  return { name: LATENCY, get: () => Promise.resolve(metric) } as unknown as Metric;
}
