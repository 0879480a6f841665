// Connects to a NATS cluster with the official client, and turns errors of the client and of JetStream into causes
// (docs/errors.md). The client never reconnects by itself, because its owner knows what was in flight.
import { AsyncLocalStorage } from 'node:async_hooks';
import { JetStreamApiError } from '@nats-io/jetstream';
import {
  type Authenticator,
  credsAuthenticator,
  errors,
  type NatsConnection,
  NatsConnectionImpl,
  nkeyAuthenticator,
  setTransportFactory,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import { MAX_TIMER_MS, untilAborted } from '../../clock.ts';
import type { CauseKind } from '../../connection/cause-table.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { DETAILS } from '../../connection/messages.ts';
import { classifyError } from '../../connection/network-errors.ts';
import type { NatsConfig, NatsCredentials } from '../../settings/nats-settings.ts';
import { NATS_DETAILS } from './messages.ts';
import { NatsTransport, PlaintextError } from './transport.ts';

/** The headers of messages that a relay sends. */
export const HEADERS = {
  /** JetStream drops a message with an id that it already has. */
  id: 'Nats-Msg-Id',
  /** The server refuses a message that another stream would take. */
  expectedStream: 'Nats-Expected-Stream',
  relay: 'Atlantis-Relay',
  /** `lifecycle` for a lifecycle record. */
  kind: 'Atlantis-Kind',
  lifecycle: 'lifecycle',
} as const;

/** See server/errors.json of nats-server. */
export interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

const BY_CODE: Readonly<Record<number, CauseKind>> = {
  10059: 'nats-no-stream',
  // The consumer was deleted, perhaps with its stream. The next connection checks the stream and creates a consumer.
  10014: 'dropped',
  // JetStream is not enabled for the account.
  10039: 'nats-refused',
  // Another stream took the message.
  10060: 'nats-other-stream',
  // The subjects overlap with those of another stream.
  10065: 'nats-other-stream',
};

export function classifyApiError(error: ApiError, host: string): Cause {
  const { code = 0, err_code: errCode = 0, description = '' } = error;
  const detail = NATS_DETAILS.api(description || DETAILS.noReason, errCode);
  const kind = BY_CODE[errCode] ?? (code >= 400 && code < 500 ? 'nats-refused' : 'nats-unavailable');
  return { kind, host, detail };
}

/** @param transport the transport of the last attempt, if the connection is not open yet */
export function classifyNatsError(error: unknown, host: string, transport?: NatsTransport): Cause {
  const inner = findInner(error);
  const detail = inner instanceof Error ? inner.message.slice(0, 200) : DETAILS.noReason;
  if (inner instanceof JetStreamApiError) return classifyApiError(inner.apiError(), host);
  if (inner instanceof errors.AuthorizationError || inner instanceof errors.UserAuthenticationExpiredError) {
    return { kind: 'nats-unauthorized', host, detail };
  }
  if (inner instanceof errors.PermissionViolationError) return { kind: 'nats-forbidden', host, detail };
  if (inner instanceof errors.TimeoutError) return { kind: 'timed-out', host, detail: NATS_DETAILS.waiting };
  if (inner instanceof errors.NoRespondersError || isNotEnabled(inner)) {
    return { kind: 'nats-unavailable', host, detail: NATS_DETAILS.notEnabled };
  }
  // The client throws these two classes for messages that it cannot read.
  const isUnreadable = inner instanceof SyntaxError || inner instanceof TypeError;
  if (isUnreadable || /unexpected response from server|unable to parse|invalid protocol/i.test(detail)) {
    return { kind: 'not-nats', host, detail };
  }
  if (inner instanceof PlaintextError) return { kind: 'nats-no-tls', host, detail };
  if (inner instanceof errors.ConnectionError && inner.message === 'connection refused') {
    return { kind: 'refused', host, detail: NATS_DETAILS.refusedByAll };
  }
  if (/closed connection|disconnected/.test(detail)) return { kind: 'dropped', host, detail };
  return transport?.classify(inner) ?? classifyError(inner, host, 'live');
}

/** The client wraps some errors in others. */
function findInner(error: unknown): unknown {
  const isWrapper = error instanceof errors.RequestError || error instanceof errors.ConnectionError;
  return isWrapper && error.cause instanceof Error ? findInner(error.cause) : error;
}

/** The client does not export this class. */
const isNotEnabled = (error: unknown): boolean =>
  error instanceof Error && error.name === 'JetStreamNotEnabled';

/** The connection is closed after this many pings without a pong. */
const UNANSWERED_PINGS = 2;

/** Undefined when the signal aborted. */
type ConnectNats = (signal: AbortSignal) => Promise<NatsConnection | Cause | undefined>;

/** Connects to the first server that answers: a configured server, or one that the last connection announced. */
export function createConnector(config: NatsConfig): ConnectNats {
  let announced: readonly string[] = [];
  return async (signal) => {
    const connection = await connectOnce(config, announced, signal);
    if (connection !== undefined && !('kind' in connection)) {
      announced = connection.info?.connect_urls ?? announced;
    }
    return connection;
  };
}

async function connectOnce(
  config: NatsConfig,
  announced: readonly string[],
  signal: AbortSignal,
): Promise<NatsConnection | Cause | undefined> {
  const { address, connectTimeoutMs, pingIntervalMs, clientName } = config;
  const credentials = await config.readCredentials();
  const transports: NatsTransport[] = [];
  setTransportFactory({ factory: createTransport });
  const attempt = currentAttempt.run({ config, transports }, () =>
    NatsConnectionImpl.connect({
      servers: [...new Set([...address.servers, ...announced])],
      name: clientName,
      timeout: connectTimeoutMs,
      pingInterval: pingIntervalMs === 0 ? MAX_TIMER_MS : pingIntervalMs,
      maxPingOut: UNANSWERED_PINGS,
      reconnect: false,
      // A stack trace for each request costs more than the request.
      noAsyncTraces: true,
      ...(credentials === undefined ? {} : { authenticator: createAuthenticator(credentials) }),
    }),
  );
  // If a server does not answer in time, the client leaves the socket open, which keeps the process running.
  const abandon = (): void => {
    for (const transport of transports) transport.abandon();
  };
  try {
    const connection = await untilAborted(attempt, signal);
    if (connection !== undefined) {
      limitMessages(connection as NatsConnectionImpl);
      return connection;
    }
    attempt.then((late) => late.close()).catch(() => {});
    abandon();
    return undefined;
  } catch (error) {
    abandon();
    return classifyNatsError(error, address.host, transports.at(-1));
  }
}

/** The attempt that creates a transport. The client has one factory for all connections of the process. */
const currentAttempt = new AsyncLocalStorage<{
  readonly config: NatsConfig;
  readonly transports: NatsTransport[];
}>();

function createTransport(): NodeTransport {
  const attempt = currentAttempt.getStore();
  // Other code in this process may use the client, too.
  if (attempt === undefined) return new NodeTransport();
  const transport = new NatsTransport(attempt.config);
  attempt.transports.push(transport);
  return transport;
}

/** No server can be configured to allow larger messages. */
const MAX_MESSAGE_BYTES = 64 * 2 ** 20;

/** Closes the connection when a message or line is too large; the client itself would gather any size in memory. */
function limitMessages({ protocol }: NatsConnectionImpl): void {
  const { parser } = protocol;
  const parse = parser.parse.bind(parser);
  parser.parse = (bytes) => {
    parse(bytes);
    const size = parser.msgBuf === undefined ? (parser.argBuf?.length ?? 0) : parser.ma.size;
    if (size <= MAX_MESSAGE_BYTES) return;
    parser.parse = () => {};
    void protocol.close(new Error(NATS_DETAILS.tooLarge(size)));
  };
}

export async function untilClosed(connection: NatsConnection, host: string): Promise<Cause> {
  const error = await connection.closed();
  return error instanceof Error
    ? classifyNatsError(error, host)
    : { kind: 'dropped', host, detail: NATS_DETAILS.closedByServer };
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
