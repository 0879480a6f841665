// Flags of `stream relay` → its configuration.
import type { StreamLimits } from '../../delivery/nats/jetstream-sink.ts';
import { UsageError } from '../../errors.ts';
import { type PathStep, parsePath } from '../../events/path.ts';
import { parseWithCaret } from '../../filter/point-at-fault.ts';
import { type Flags, type FlagTable, listGiven, longName, parseFlags, pick } from '../../flags/definition.ts';
import { sayInvalid } from '../../flags/messages.ts';
import { RELAY_FLAGS, type RelayFlags, type RelayValues } from './flags.ts';
import * as say from './messages.ts';
import {
  assertSecretsHaveHosts,
  type HeaderVariable,
  parseHeaderVariable,
  parseSecretFile,
  parseSecretVariable,
  parseTargets,
  type RelayTarget,
  type SecretFile,
  type SecretVariable,
} from './targets.ts';

/** Durations in ms, sizes in bytes. */
export interface RelayConfig {
  readonly targets: readonly RelayTarget[];
  readonly subject: string;
  readonly lifecycleSubject: string | undefined;
  /** How `--create` makes a stream. */
  readonly retention: StreamLimits | undefined;
  readonly natsCreds: string | undefined;
  readonly allowPlaintext: boolean;
  /** Path of the id of an event; undefined: always the hash of its text. */
  readonly idSteps: readonly PathStep[] | undefined;
  readonly payload: RelayValues['payload'];
  readonly ceSource: string;
  readonly traceparent: boolean;
  /** Undefined: the host name. */
  readonly name: string | undefined;
  readonly window: number;
  readonly spool:
    | { readonly path: string; readonly maxBytes: number; readonly syncEveryMs: number }
    | undefined;
  readonly batch: number;
  readonly sendTimeoutMs: number;
  readonly headerVariables: readonly HeaderVariable[];
  /** Where the secrets are that sign requests. */
  readonly signingVariables: readonly SecretVariable[];
  readonly signingFiles: readonly SecretFile[];
  readonly deadLetter: string | undefined;
  /** The dead-letter file to send instead of a stream. */
  readonly redeliver: string | undefined;
}

/** @throws UsageError */
export async function parseRelayFlags(
  flags: RelayFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RelayConfig> {
  const values = parseFlags(RELAY_FLAGS, flags);
  const { deadLetter, redeliver, spool, subject } = values;
  const targets = await parseTargets(values, env);
  const headerVariables = values.headerEnv.map(parseHeaderVariable);
  const signingVariables = values.signWithEnv.map(parseSigningVariable);
  const signingFiles = values.signWithFile.map(parseSecretFile);
  assertSecretsHaveHosts('--header-env', headerVariables, targets);
  assertSecretsHaveHosts('--sign-with-env', signingVariables, targets);
  assertSecretsHaveHosts('--sign-with-file', signingFiles, targets);
  refuseWithout('--spool <dir>', spool, pick(RELAY_FLAGS, 'spoolMaxBytes', 'spoolSyncMs'), flags);
  const cloudEvents = values.payload === 'cloudevents' ? values.payload : undefined;
  refuseWithout('--payload cloudevents', cloudEvents, pick(RELAY_FLAGS, 'ceSource'), flags);
  if (deadLetter !== undefined && deadLetter === redeliver) {
    throw new UsageError(...say.sayDeadLettersTwice());
  }
  return {
    ...values,
    targets,
    lifecycleSubject: values.noLifecycle
      ? undefined
      : (values.lifecycleSubject ?? chooseLifecycleSubject(subject)),
    retention: chooseRetention(values, flags),
    idSteps: values.noId ? undefined : await parseIdPath(values.id ?? 'id'),
    spool:
      spool === undefined
        ? undefined
        : { path: spool, maxBytes: values.spoolMaxBytes, syncEveryMs: values.spoolSyncMs },
    headerVariables,
    signingVariables,
    signingFiles,
  };
}

/** Refuses flags of a table that have no effect without another flag. */
function refuseWithout<Table extends FlagTable>(
  needed: string,
  value: string | undefined,
  table: Table,
  flags: Flags<Table>,
): void {
  if (value !== undefined || listGiven(table, flags).length === 0) return;
  const names = Object.values(table).map(({ term }) => longName(term));
  throw new UsageError(...say.sayFlagRequired(names, needed));
}

/** A subject next to those of the events, which no event gets. */
function chooseLifecycleSubject(subject: string): string {
  return subject.includes('{type}') ? subject.replaceAll('{type}', '_lifecycle') : `${subject}._lifecycle`;
}

function chooseRetention(values: RelayValues, flags: RelayFlags): StreamLimits | undefined {
  const { streamMaxAgeMs, streamMaxBytes = -1, streamReplicas, dedupeWindowMs } = values;
  if (!values.create) {
    const table = pick(RELAY_FLAGS, 'streamMaxAgeMs', 'streamMaxBytes', 'streamReplicas', 'dedupeWindowMs');
    if (listGiven(table, flags).length === 0) return undefined;
    throw new UsageError(...say.sayCreateRequired());
  }
  if (streamMaxAgeMs > 0 && dedupeWindowMs > streamMaxAgeMs) {
    throw new UsageError(...say.sayDedupeWindowTooLong());
  }
  return { maxAgeMs: streamMaxAgeMs, maxBytes: streamMaxBytes, replicas: streamReplicas, dedupeWindowMs };
}

function parseIdPath(path: string): Promise<readonly PathStep[]> {
  return parseWithCaret(
    '--id',
    path,
    (text) => {
      const { steps, end } = parsePath(text, 0);
      if (end === text.length && steps.every(({ kind }) => kind !== 'every')) return steps;
      throw new UsageError(...sayInvalid('--id', path, say.AN_ID_PATH));
    },
    say.ID_PATH_ADVICE,
  );
}

function parseSigningVariable(text: string): SecretVariable {
  const secret = parseSecretVariable(text);
  if (secret !== undefined) return secret;
  throw new UsageError(...say.sayInvalidSecretVariable());
}
