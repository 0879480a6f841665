// Flags of `stream relay` → where events go and how, read-only.
import { UsageError } from '../errors.ts';
import { parsePath, type Step } from '../events/path.ts';
import { readWord } from '../filter/read-word.ts';
import { parseCount, parseDuration, parseSize } from '../flags/values.ts';
import { parseSubject } from '../settings/nats-subject.ts';
import { parseStreamName } from '../settings/nats-url.ts';
import type { TailFlags } from '../settings/stream-config.ts';
import { parseTargets, type RelayTarget } from './relay-target.ts';

/** As the command line gives them. */
export interface RelayFlags extends TailFlags {
  readonly to?: readonly string[];
  readonly redeliver?: string;
  readonly subject?: string;
  readonly stream?: string;
  readonly create?: boolean;
  readonly streamMaxAge?: string;
  readonly streamMaxBytes?: string;
  readonly streamReplicas?: string;
  readonly dedupeWindow?: string;
  /** False with --no-lifecycle. */
  readonly lifecycle?: boolean;
  readonly lifecycleSubject?: string;
  readonly natsCreds?: string;
  /** False with --no-id. */
  readonly id?: string | false;
  readonly name?: string;
  readonly window?: string;
  readonly spool?: string;
  readonly spoolMax?: string;
  readonly spoolSync?: string;
  readonly batch?: string;
  readonly sendTimeout?: string;
  readonly headerEnv?: readonly string[];
  readonly signWithEnv?: string;
  readonly signatureHeader?: string;
  readonly deadLetter?: string;
  readonly allowHttp?: boolean;
}

/** How a stream is made that is not there. */
export interface StreamRetention {
  readonly maxAgeMs: number;
  /** -1: without a bound. */
  readonly maxBytes: number;
  readonly replicas: number;
  readonly dedupeWindowMs: number;
}

/** Durations in ms, sizes in bytes; undefined: there is none. */
export interface RelayConfig {
  readonly targets: readonly RelayTarget[];
  readonly subject: string;
  readonly lifecycleSubject: string | undefined;
  readonly retention: StreamRetention | undefined;
  readonly natsCreds: string | undefined;
  /** Path of the id of an event. */
  readonly idSteps: readonly Step[] | undefined;
  /** Undefined: the name of this machine. */
  readonly name: string | undefined;
  readonly window: number;
  readonly spool:
    | { readonly path: string; readonly maxBytes: number; readonly syncEveryMs: number }
    | undefined;
  readonly batch: number;
  readonly sendTimeoutMs: number;
  /** Header → name of the environment variable with its value. */
  readonly headerVariables: ReadonlyMap<string, string>;
  readonly signature: { readonly header: string; readonly variable: string } | undefined;
  readonly deadLetter: string | undefined;
  /** The file whose dead letters are sent instead of a stream. */
  readonly redeliver: string | undefined;
}

export const RELAY_DEFAULTS = {
  subject: 'atlantis.{type}',
  maxAge: '168h',
  replicas: '1',
  dedupeWindow: '2m',
  window: '256',
  spoolMax: '1GiB',
  spoolSync: '200ms',
  sendTimeout: '10s',
  signatureHeader: 'X-Atlantis-Signature',
} as const;

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_WINDOW = 65_536;

/** Reads the flags that need no secret and no network. @throws UsageError */
export async function parseRelayFlags(flags: RelayFlags): Promise<RelayConfig> {
  const targets = parseTargets(flags);
  const subject = parseSubject('--subject', flags.subject ?? RELAY_DEFAULTS.subject);
  const window = parseCount('--window', flags.window ?? RELAY_DEFAULTS.window, 1, MAX_WINDOW);
  const { spool, deadLetter, redeliver } = flags;
  if (spool === undefined && (flags.spoolMax !== undefined || flags.spoolSync !== undefined)) {
    throw new UsageError('--spool-max and --spool-sync need --spool', 'add --spool <folder>');
  }
  if (deadLetter !== undefined && deadLetter === redeliver) {
    throw new UsageError(
      '--dead-letter and --redeliver name the same file',
      'give the new dead letters another one',
    );
  }
  return {
    targets,
    subject,
    lifecycleSubject: flags.lifecycle === false ? undefined : chooseLifecycleSubject(flags, subject),
    retention: parseRetention(flags),
    natsCreds: flags.natsCreds,
    idSteps: flags.id === false ? undefined : await parseIdPath(flags.id ?? 'id'),
    name: flags.name === undefined ? undefined : parseStreamName('--name', flags.name),
    window,
    spool:
      spool === undefined
        ? undefined
        : {
            path: spool,
            maxBytes: parseSize('--spool-max', flags.spoolMax ?? RELAY_DEFAULTS.spoolMax),
            syncEveryMs: parseDuration(
              '--spool-sync',
              flags.spoolSync ?? RELAY_DEFAULTS.spoolSync,
              'waits for the disk with every batch',
            ),
          },
    batch: parseCount('--batch', flags.batch ?? '1', 1, MAX_WINDOW),
    sendTimeoutMs: parseDuration('--send-timeout', flags.sendTimeout ?? RELAY_DEFAULTS.sendTimeout),
    headerVariables: new Map((flags.headerEnv ?? []).map(parseHeaderVariable)),
    signature: parseSignature(flags),
    deadLetter,
    redeliver,
  };
}

/** Beside those of the events, under a token that no type becomes by chance. */
function chooseLifecycleSubject({ lifecycleSubject }: RelayFlags, subject: string): string {
  if (lifecycleSubject !== undefined) return parseSubject('--lifecycle-subject', lifecycleSubject);
  return subject.includes('{type}') ? subject.replaceAll('{type}', '_lifecycle') : `${subject}._lifecycle`;
}

function parseRetention(flags: RelayFlags): StreamRetention | undefined {
  const { create, streamMaxAge, streamMaxBytes, streamReplicas, dedupeWindow } = flags;
  if (create !== true) {
    const given = [streamMaxAge, streamMaxBytes, streamReplicas, dedupeWindow];
    if (given.every((value) => value === undefined)) return undefined;
    throw new UsageError(
      '--stream-max-age, --stream-max-bytes, --stream-replicas and --dedupe-window need --create',
      'a stream that is there already is left as it is',
    );
  }
  const retention = {
    maxAgeMs: parseDuration(
      '--stream-max-age',
      streamMaxAge ?? RELAY_DEFAULTS.maxAge,
      'keeps messages for ever',
    ),
    maxBytes: streamMaxBytes === undefined ? -1 : parseSize('--stream-max-bytes', streamMaxBytes),
    replicas: parseCount('--stream-replicas', streamReplicas ?? RELAY_DEFAULTS.replicas, 1, 5),
    dedupeWindowMs: parseDuration('--dedupe-window', dedupeWindow ?? RELAY_DEFAULTS.dedupeWindow),
  };
  if (retention.maxAgeMs > 0 && retention.dedupeWindowMs > retention.maxAgeMs) {
    throw new UsageError(
      '--dedupe-window is longer than --stream-max-age',
      'what is gone cannot be recognised',
    );
  }
  return retention;
}

function parseIdPath(path: string): Promise<readonly Step[]> {
  const advice = 'accepted: a path such as id, data.id or items[0].id';
  return readWord(
    '--id',
    path,
    (text) => {
      const { steps, end } = parsePath(text, 0);
      if (end === text.length && steps.every(({ kind }) => kind !== 'every')) return steps;
      throw new UsageError(`invalid --id "${path.slice(0, 100)}"`, advice);
    },
    advice,
  );
}

function parseHeaderVariable(text: string): [string, string] {
  const [, header = '', variable = ''] = /^([^=:\s]+)\s*[=:]\s*(\S+)$/.exec(text) ?? [];
  if (HEADER_NAME.test(header) && VARIABLE_NAME.test(variable)) return [header, variable];
  throw new UsageError(
    'a --header-env cannot be read',
    'accepted: Header=NAME, where NAME is an environment variable that holds the value',
  );
}

function parseSignature({ signWithEnv, signatureHeader }: RelayFlags): RelayConfig['signature'] {
  if (signWithEnv === undefined) {
    if (signatureHeader === undefined) return undefined;
    throw new UsageError('--signature-header needs --sign-with-env', 'add --sign-with-env <NAME>');
  }
  const header = signatureHeader ?? RELAY_DEFAULTS.signatureHeader;
  if (!VARIABLE_NAME.test(signWithEnv)) {
    throw new UsageError(
      'invalid --sign-with-env',
      'accepted: the name of an environment variable, not the secret',
    );
  }
  if (HEADER_NAME.test(header)) return { header, variable: signWithEnv };
  throw new UsageError(
    `invalid --signature-header "${header.slice(0, 100)}"`,
    'accepted: the name of a header',
  );
}
