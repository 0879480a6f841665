// One connection to a NATS cluster by the official client, or the cause why there is none. It does not reconnect
// by itself: whoever holds it knows what was under way when it ended.
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { untilAborted } from '../clock.ts';
import type { NatsCredentials } from '../config/nats-credentials.ts';
import type { NatsSettings } from '../config/nats-settings.ts';
import type { Cause } from '../connection/causes.ts';
import { classifyNatsError } from './faults.ts';

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
  settings: NatsSettings,
  known: readonly string[],
  signal: AbortSignal,
): Promise<NatsConnection | Cause | undefined> {
  const { address, credentials, trustedRoots, connectTimeoutMs, pingIntervalMs, clientName } = settings;
  const ca = trustedRoots === undefined ? {} : { ca: trustedRoots.join('\n') };
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
