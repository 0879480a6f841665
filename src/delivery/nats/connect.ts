// One connection to a NATS cluster by the official client, or the cause why there is none; and the causes of the
// errors that the client and JetStream report (docs/errors.md). It does not
// reconnect by itself: its owner knows what was in flight when it ended.
import { JetStreamApiError } from '@nats-io/jetstream';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { untilAborted } from '../../clock.ts';
import type { CauseKind } from '../../connection/cause-table.ts';
import type { Cause } from '../../connection/causes.ts';
import { classifyError } from '../../connection/network-errors.ts';
import type { NatsConfig, NatsCredentials } from '../../settings/nats-settings.ts';

/** What JetStream answers instead of an acknowledgement (server/errors.json of nats-server). */
export interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

const BY_CODE: Readonly<Record<number, CauseKind>> = {
  10059: 'nats-no-stream',
  // The consumer is gone, with its stream or without: the next connection finds out, and creates another.
  10014: 'dropped',
  // Not enabled for the account.
  10039: 'nats-refused',
  // The message went to another stream than the expected one.
  10060: 'nats-other-stream',
  // Subjects that overlap with those of another stream.
  10065: 'nats-other-stream',
};

/** The cause behind an answer of JetStream's that is an error. */
export function classifyApiError(error: ApiError, host: string): Cause {
  const { code = 0, err_code: errCode = 0, description = '' } = error;
  const detail = `${description || 'no reason given'}${errCode === 0 ? '' : `, error ${errCode}`}`;
  const kind = BY_CODE[errCode] ?? (code >= 400 && code < 500 ? 'nats-refused' : 'nats-unavailable');
  return { kind, host, detail };
}

/** The cause behind an error that the client threw, or a connection ended with. */
export function classifyNatsError(error: unknown, host: string): Cause {
  const inner = findInner(error);
  const detail = inner instanceof Error ? inner.message.slice(0, 200) : 'no reason given';
  if (inner instanceof JetStreamApiError) return classifyApiError(inner.apiError(), host);
  if (inner instanceof errors.AuthorizationError || inner instanceof errors.UserAuthenticationExpiredError) {
    return { kind: 'nats-unauthorized', host, detail };
  }
  if (inner instanceof errors.PermissionViolationError) return { kind: 'nats-forbidden', host, detail };
  if (inner instanceof errors.TimeoutError) return { kind: 'timed-out', host, detail: 'waiting for NATS' };
  if (inner instanceof errors.NoRespondersError || isNotEnabled(inner)) {
    return { kind: 'nats-unavailable', host, detail: 'nobody answers for it' };
  }
  if (/unexpected response from server|unable to parse|invalid protocol/i.test(detail)) {
    return { kind: 'not-nats', host, detail };
  }
  if (inner instanceof errors.ConnectionError && inner.message === 'connection refused') {
    return { kind: 'refused', host, detail: 'by every server that was tried' };
  }
  if (/closed connection|disconnected/.test(detail)) return { kind: 'dropped', host, detail };
  return classifyError(inner, host, 'connect');
}

/** The error that says most: the client wraps some in others. */
function findInner(error: unknown): unknown {
  const isWrapper = error instanceof errors.RequestError || error instanceof errors.ConnectionError;
  return isWrapper && error.cause instanceof Error ? findInner(error.cause) : error;
}

/** The client does not hand out this class. */
const isNotEnabled = (error: unknown): boolean =>
  error instanceof Error && error.name === 'JetStreamNotEnabled';

/** A server that let two pings unanswered is gone. */
const UNANSWERED_PINGS = 2;
/** A timer holds no more; used where pings are turned off. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Connects to the first server that answers.
 *
 * @param known further servers, learnt from earlier connections
 * @returns undefined when the signal aborted
 */
export async function connectNats(
  settings: NatsConfig,
  known: readonly string[],
  signal: AbortSignal,
): Promise<NatsConnection | Cause | undefined> {
  const { address, trustedRoots, connectTimeoutMs, pingIntervalMs, clientName } = settings;
  const ca = trustedRoots === undefined ? {} : { ca: trustedRoots.join('\n') };
  const credentials = await settings.readCredentials();
  const options = {
    servers: [...new Set([...address.servers, ...known])],
    name: clientName,
    timeout: connectTimeoutMs,
    pingInterval: pingIntervalMs === 0 ? NEVER_MS : pingIntervalMs,
    maxPingOut: UNANSWERED_PINGS,
    reconnect: false,
    // A stack for each request costs more than the request.
    noAsyncTraces: true,
    ...(credentials === undefined ? {} : { authenticator: createAuthenticator(credentials) }),
  };
  const attempt = address.isTls
    ? connect({ ...options, tls: ca })
    : connectAsOffered(options, trustedRoots === undefined ? undefined : ca);
  try {
    const connection = await untilAborted(attempt, signal);
    if (connection === undefined) attempt.then((late) => late.close()).catch(() => {});
    return connection;
  } catch (error) {
    return classifyNatsError(error, address.host);
  }
}

/**
 * With `nats://`: TLS where the server offers it, which the client does by itself unless there are roots to tell it
 * of. Told of them, it wants TLS of every server.
 */
async function connectAsOffered(
  options: NodeConnectionOptions,
  tls: { readonly ca?: string } | undefined,
): Promise<NatsConnection> {
  if (tls === undefined) return connect(options);
  try {
    return await connect({ ...options, tls });
  } catch (error) {
    if (!isWithoutTls(error)) throw error;
    return connect(options);
  }
}

/** Whether a server was reached that has no TLS. */
function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && (/support 'tls'/.test(error.message) || isWithoutTls(error.cause));
}

function createAuthenticator(credentials: NatsCredentials): Authenticator {
  switch (credentials.kind) {
    case 'creds':
      return credsAuthenticator(credentials.content);
    case 'nkey':
      return nkeyAuthenticator(credentials.seed);
    case 'password':
      return usernamePasswordAuthenticator(credentials.user, credentials.password);
    case 'token':
      return tokenAuthenticator(credentials.token);
  }
}
