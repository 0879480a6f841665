// How to reach a NATS server, the same for a relay that writes to it and for a tail that reads from it.
import type { Io } from '../io.ts';
import type { ConnectionConfig } from './connection-config.ts';
import { type NatsCredentials, readNatsCredentials } from './nats-credentials.ts';
import type { NatsAddress } from './nats-url.ts';

export interface NatsSettings {
  readonly address: NatsAddress;
  readonly credentials: NatsCredentials | undefined;
  /** PEM that replaces the built-in roots, or undefined. */
  readonly trustedRoots: readonly string[] | undefined;
  /** For each server that is tried, up to its readiness, in ms. */
  readonly connectTimeoutMs: number;
  /** 0 turns the pings off. */
  readonly pingIntervalMs: number;
  /** What the server's lists call this connection. */
  readonly clientName: string;
}

/** What the flags say of it. */
export interface NatsRequest
  extends Omit<NatsSettings, 'credentials' | 'connectTimeoutMs' | 'pingIntervalMs'> {
  /** `--nats-creds`, or undefined. */
  readonly natsCreds: string | undefined;
  readonly connection: Pick<ConnectionConfig, 'connectTimeoutMs' | 'pingIntervalMs'>;
}

/**
 * Reads the credentials, which the redactor knows afterwards.
 *
 * @returns the settings, and a sentence for --verbose about where the credentials came from
 * @throws UsageError for credentials that cannot be used
 */
export async function readNatsSettings(
  { natsCreds, connection, ...request }: NatsRequest,
  io: Io,
): Promise<{ readonly nats: NatsSettings; readonly origin: string }> {
  const { credentials, source } = await readNatsCredentials(natsCreds, io);
  const { connectTimeoutMs, pingIntervalMs } = connection;
  return {
    nats: { ...request, credentials, connectTimeoutMs, pingIntervalMs },
    origin: `credentials for ${request.address.host} from ${source}`,
  };
}
