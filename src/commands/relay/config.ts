// Flags of `stream relay` → its configuration.
import { type HttpTarget, parseHttpTarget } from '../../delivery/http/http-sink.ts';
import type { StreamLimits } from '../../delivery/nats/jetstream-sink.ts';
import { sha256 } from '../../delivery/sink.ts';
import { UsageError } from '../../errors.ts';
import { type PathStep, parsePath } from '../../events/path.ts';
import { parseWithCaret } from '../../filter/point-at-fault.ts';
import { type Flags, type FlagTable, listGiven, longName, parseFlags, pick } from '../../flags/definition.ts';
import { sayInvalid } from '../../flags/messages.ts';
import { isNatsUrl, type NatsAddress, parseNatsUrl } from '../../settings/nats-address.ts';
import { HEADER_NAME, RELAY_FLAGS, type RelayFlags, type RelayValues } from './flags.ts';
import * as say from './messages.ts';

/** A sink in `--to`; `folder` is the name of the folder of its spool. */
export type RelayTarget =
  | { readonly kind: 'nats'; readonly address: NatsAddress; readonly stream: string; readonly folder: string }
  | { readonly kind: 'http'; readonly target: HttpTarget; readonly folder: string };

function parseTargets({ to, stream, allowHttp }: RelayValues): RelayTarget[] {
  if (to.length === 0) throw new UsageError(...say.sayToRequired());
  const targets = to.map((text): RelayTarget => {
    if (!isNatsUrl(text)) {
      const target = parseHttpTarget('--to', text, allowHttp);
      return { kind: 'http', target, folder: nameFolder(target.name) };
    }
    const address = parseNatsUrl('--to', text);
    const name = address.stream ?? stream;
    if (name === undefined) throw new UsageError(...say.sayNoStreamInTo(address.host));
    return { kind: 'nats', address, stream: name, folder: nameFolder(`${address.servers[0]}/${name}`) };
  });
  if (new Set(targets.map(({ folder }) => folder)).size < targets.length) {
    throw new UsageError(...say.saySinkTwice());
  }
  return targets;
}

/** A readable and unique name. */
function nameFolder(name: string): string {
  const readable = name.replace(/^https?:\/\//, '').replace(/[^A-Za-z0-9._-]+/g, '-');
  return `${readable.slice(0, 60)}-${sha256(name).slice(0, 8)}`;
}

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

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
  /** Undefined: the host name. */
  readonly name: string | undefined;
  readonly window: number;
  readonly spool:
    | { readonly path: string; readonly maxBytes: number; readonly syncEveryMs: number }
    | undefined;
  readonly batch: number;
  readonly sendTimeoutMs: number;
  /** Header → name of the environment variable that has its value. */
  readonly headerVariables: ReadonlyMap<string, string>;
  readonly signature: { readonly header: string; readonly variable: string } | undefined;
  readonly deadLetter: string | undefined;
  /** The dead-letter file to send instead of a stream. */
  readonly redeliver: string | undefined;
}

/** @throws UsageError */
export async function parseRelayFlags(flags: RelayFlags): Promise<RelayConfig> {
  const values = parseFlags(RELAY_FLAGS, flags);
  const { deadLetter, redeliver, signWithEnv, spool, subject } = values;
  const targets = parseTargets(values);
  refuseWithout('--spool <dir>', spool, pick(RELAY_FLAGS, 'spoolMaxBytes', 'spoolSyncMs'), flags);
  refuseWithout('--sign-with-env <NAME>', signWithEnv, pick(RELAY_FLAGS, 'signatureHeader'), flags);
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
    headerVariables: new Map(values.headerEnv.map(parseHeaderVariable)),
    signature: parseSignature(values),
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

/** A subject next to those of the events, with a token that no event type has. */
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

function parseHeaderVariable(text: string): [string, string] {
  const [, header = '', variable = ''] = /^([^=:\s]+)\s*[=:]\s*(\S+)$/.exec(text) ?? [];
  if (HEADER_NAME.test(header) && VARIABLE_NAME.test(variable)) return [header, variable];
  throw new UsageError(...say.sayInvalidHeaderVariable());
}

function parseSignature({ signWithEnv, signatureHeader }: RelayValues): RelayConfig['signature'] {
  if (signWithEnv === undefined) return undefined;
  if (VARIABLE_NAME.test(signWithEnv)) return { header: signatureHeader, variable: signWithEnv };
  throw new UsageError(...say.sayInvalidSecretVariable());
}
