// Flags of `stream relay` → its configuration. Each sink of a configuration file is checked here, too.
import type { SpoolConfig } from '../../delivery/spool/spool.ts';
import { UsageError } from '../../errors.ts';
import type { PathStep } from '../../events/path.ts';
import {
  type Flags,
  type FlagTable,
  type FlagValues,
  listGiven,
  longName,
  parseFlags,
  pick,
} from '../../flags/definition.ts';
import { writeDuration } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';
import { parseIdPath } from '../../settings/connections.ts';
import type { StreamLimits } from '../../settings/nats-settings.ts';
import type { TailConfig } from '../../settings/stream-config.ts';
import { RELAY_FLAGS, type RelayFlags, type RelayValues, STREAM_DEDUPE_WINDOW_MS } from './flags.ts';
import * as say from './messages.ts';
import { readEnvSecret, readSigningFile, readSigningVariable } from './secrets.ts';
import {
  assertSecretsHaveHosts,
  parseHeaderVariable,
  parseSecretFile,
  parseSecretVariable,
  parseTargets,
  type RelayTarget,
  type SecretScope,
  type SecretVariable,
} from './targets.ts';

/** Contains secrets. Durations in ms, sizes in bytes. */
export interface SinkConfig {
  /** From a configuration file; undefined: made from the address. */
  readonly name: string | undefined;
  readonly target: RelayTarget;
  /** Undefined: all events of the run. */
  readonly filter: TailConfig['filter'];
  readonly subject: string;
  readonly lifecycleSubject: string | undefined;
  /** The limits of the stream to create; undefined without `--create`. */
  readonly streamLimits: StreamLimits | undefined;
  readonly natsCreds: string | undefined;
  readonly allowPlaintext: boolean;
  readonly window: number;
  /** `path` is the directory of `--spool`, which contains one directory for each sink. */
  readonly spool: SpoolConfig | undefined;
  readonly batch: number;
  readonly sendTimeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The keys that sign each request; empty: no signature. */
  readonly signingKeys: readonly Buffer[];
  readonly payload: RelayValues['payload'];
  readonly ceSource: string;
  readonly traceparent: boolean;
  readonly deadLetter: string | undefined;
  /** PEM to trust for this sink in addition. */
  readonly addedRoots: string | undefined;
}

export interface RelayConfig {
  readonly sinks: readonly SinkConfig[];
  /** Path of the id of an event; undefined: always the hash of its text. */
  readonly idSteps: readonly PathStep[] | undefined;
  /** Undefined: the host name. */
  readonly name: string | undefined;
  /** The dead-letter file to send instead of a stream. */
  readonly redeliver: string | undefined;
}

/** @throws UsageError */
export async function parseRelayFlags(
  flags: RelayFlags,
  io: Pick<Io, 'env' | 'redactor'>,
): Promise<RelayConfig> {
  const values = parseFlags(RELAY_FLAGS, flags);
  const { deadLetter, redeliver } = values;
  const targets = await parseTargets(values, io.env);
  const headers = values.headerEnv.map(parseHeaderVariable);
  const signingVariables = values.signWithEnv.map(parseSigningVariable);
  const signingFiles = values.signWithFile.map(parseSecretFile);
  assertSecretsHaveHosts('--header-env', headers, targets);
  assertSecretsHaveHosts('--sign-with-env', signingVariables, targets);
  assertSecretsHaveHosts('--sign-with-file', signingFiles, targets);
  for (const rule of SINK_RULES) rule(values, flags);
  if (deadLetter !== undefined && deadLetter === redeliver) {
    throw new UsageError(...say.sayDeadLettersTwice());
  }
  const signing = [
    ...signingVariables.map(({ host, variable }) => ({
      host,
      keys: readSigningVariable('--sign-with-env', variable, io),
    })),
    ...(await Promise.all(
      signingFiles.map(async ({ host, path }) => ({
        host,
        keys: await readSigningFile('--sign-with-file', path, io),
      })),
    )),
  ];
  return {
    ...(await parseRunValues(values)),
    redeliver,
    sinks: targets.map((target) => {
      const isForSink = ({ host }: SecretScope): boolean =>
        target.kind === 'http' && (host === undefined || host === target.target.host);
      return {
        ...makeSinkSettings(values),
        name: undefined,
        target,
        filter: undefined,
        addedRoots: undefined,
        headers: Object.fromEntries(
          headers
            .filter(isForSink)
            .map(({ header, variable }) => [header, readEnvSecret(`--header-env ${header}`, variable, io)]),
        ),
        signingKeys: signing.filter(isForSink).flatMap(({ keys }) => keys),
      };
    }),
  };
}

/** The flags that apply to all sinks. */
export const RUN_FLAGS = pick(RELAY_FLAGS, 'name', 'id', 'noId');

/** @throws UsageError */
export async function parseRunValues({
  name,
  id,
  noId,
}: FlagValues<typeof RUN_FLAGS>): Promise<Pick<RelayConfig, 'name' | 'idSteps'>> {
  return { name, idSteps: noId ? undefined : await parseIdPath(id ?? 'id') };
}

/** The flags of a sink, without its address, headers and signatures. */
export const SINK_FLAGS = pick(
  RELAY_FLAGS,
  ...(['window', 'spool', 'spoolMaxBytes', 'spoolSyncMs', 'sendTimeoutMs', 'deadLetter'] as const),
  ...(['stream', 'subject', 'lifecycleSubject', 'noLifecycle', 'create'] as const),
  ...(['streamMaxAgeMs', 'streamMaxBytes', 'streamReplicas', 'dedupeWindowMs'] as const),
  ...(['natsCreds', 'allowPlaintext', 'batch', 'allowHttp'] as const),
  ...(['payload', 'ceSource', 'traceparent'] as const),
);
type SinkValues = FlagValues<typeof SINK_FLAGS>;

/** Each refuses flags of a sink that have no effect, or contradict each other. @throws UsageError */
export const SINK_RULES: readonly ((values: SinkValues, flags: Flags<typeof SINK_FLAGS>) => void)[] = [
  ({ spool }, flags) =>
    refuseWithout('--spool <dir>', spool, pick(SINK_FLAGS, 'spoolMaxBytes', 'spoolSyncMs'), flags),
  ({ payload }, flags) => {
    const isCloudEvents = payload === 'cloudevents' || undefined;
    refuseWithout('--payload cloudevents', isCloudEvents, pick(SINK_FLAGS, 'ceSource'), flags);
  },
  ({ create }, flags) => {
    const table = pick(SINK_FLAGS, 'streamMaxAgeMs', 'streamMaxBytes', 'streamReplicas');
    refuseWithout('--create', create || undefined, table, flags, say.FOR_NEW_STREAMS);
  },
  ({ create, dedupeWindowMs }, flags) => {
    // A flag of the run, so the type of a sink's flags does not have it.
    const isConnectionsGiven = (flags as { connections?: string }).connections !== undefined;
    if (dedupeWindowMs !== undefined && !create && !isConnectionsGiven) {
      throw new UsageError(...say.sayDedupeWindowUnused());
    }
  },
  ({ create, streamMaxAgeMs, dedupeWindowMs }) => {
    if (create && streamMaxAgeMs > 0 && (dedupeWindowMs ?? STREAM_DEDUPE_WINDOW_MS) > streamMaxAgeMs) {
      const fallback = dedupeWindowMs === undefined ? writeDuration(STREAM_DEDUPE_WINDOW_MS) : undefined;
      throw new UsageError(...say.sayDedupeWindowTooLong(fallback));
    }
  },
];

export function makeSinkSettings(
  values: SinkValues,
): Omit<SinkConfig, 'name' | 'target' | 'filter' | 'headers' | 'signingKeys' | 'addedRoots'> {
  const { spool, subject, streamMaxBytes = -1 } = values;
  return {
    subject,
    lifecycleSubject: values.noLifecycle
      ? undefined
      : (values.lifecycleSubject ?? chooseLifecycleSubject(subject)),
    streamLimits: values.create
      ? {
          maxAgeMs: values.streamMaxAgeMs,
          maxBytes: streamMaxBytes,
          replicas: values.streamReplicas,
          dedupeWindowMs: values.dedupeWindowMs ?? STREAM_DEDUPE_WINDOW_MS,
        }
      : undefined,
    natsCreds: values.natsCreds,
    allowPlaintext: values.allowPlaintext,
    window: values.window,
    spool:
      spool === undefined
        ? undefined
        : { path: spool, maxBytes: values.spoolMaxBytes, syncEveryMs: values.spoolSyncMs },
    batch: values.batch,
    sendTimeoutMs: values.sendTimeoutMs,
    deadLetter: values.deadLetter,
    payload: values.payload,
    ceSource: values.ceSource,
    traceparent: values.traceparent,
  };
}

/** Refuses flags of a table that have no effect without another flag. @throws UsageError */
function refuseWithout<Table extends FlagTable>(
  needed: string,
  value: unknown,
  table: Table,
  flags: Flags<Table>,
  why = '',
): void {
  if (value !== undefined || listGiven(table, flags).length === 0) return;
  const names = Object.values(table).map(({ term }) => longName(term));
  throw new UsageError(...say.sayFlagRequired(names, needed, why));
}

/** A subject that resembles those of the events, but is never used for an event. */
function chooseLifecycleSubject(subject: string): string {
  return subject.includes('{type}') ? subject.replaceAll('{type}', '_lifecycle') : `${subject}._lifecycle`;
}

function parseSigningVariable(text: string): SecretVariable {
  const secret = parseSecretVariable(text);
  if (secret !== undefined) return secret;
  throw new UsageError(...say.sayInvalidSecretVariable());
}
