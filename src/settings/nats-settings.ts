// The connection to a NATS server and its credentials, for `relay --to nats://` and `--from`.
import { statSync } from 'node:fs';
import { isAtlantisError, UsageError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { sayNotRead } from '../io/messages.ts';
import { readNamedFile } from '../io/read-file.ts';
import { sayNatsCredentials, sayNoSeed, sayNotACredentialsFile } from './messages.ts';
import type { NatsAddress } from './nats-address.ts';
import type { ConnectionConfig } from './stream-config.ts';
import { readVariable } from './target.ts';

export type NatsCredentials =
  | { readonly kind: 'creds'; readonly content: Buffer }
  | { readonly kind: 'nkey'; readonly seed: Buffer }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

/** The limits of a JetStream stream; sizes in bytes, durations in ms. */
export interface StreamLimits {
  /** 0: unlimited. */
  readonly maxAgeMs: number;
  /** -1: unlimited. */
  readonly maxBytes: number;
  readonly replicas: number;
  readonly dedupeWindowMs: number;
}

/**
 * The credentials from the flag, else NATS_CREDS, NATS_NKEY, NATS_USER with NATS_PASSWORD, or NATS_TOKEN. Secrets are
 * registered with the redactor.
 *
 * @throws UsageError for a file that cannot be read or contains no credentials
 */
export async function readNatsCredentials(
  flag: string | undefined,
  { env, redactor }: Io,
): Promise<{ readonly credentials: NatsCredentials | undefined; readonly source: string }> {
  const read = (name: string): string | undefined => readVariable(env, name);
  const credsPath = flag ?? read('NATS_CREDS');
  if (credsPath !== undefined) {
    const source = flag === undefined ? 'NATS_CREDS' : '--nats-creds';
    const content = await readSecretFile(source, credsPath);
    const secrets = [...content.toString('utf8').matchAll(/-{3,}BEGIN [^-]+-{3,}\s+(\S+)\s/g)];
    if (secrets.length < 2) throw new UsageError(...sayNotACredentialsFile(source, credsPath));
    for (const [, secret = ''] of secrets) redactor.addSecret(secret);
    return { credentials: { kind: 'creds', content }, source };
  }
  const nkeyPath = read('NATS_NKEY');
  if (nkeyPath !== undefined) {
    const seed = (await readSecretFile('NATS_NKEY', nkeyPath)).toString('utf8').trim();
    if (!/^S[A-Z2-7]{50,}$/.test(seed)) throw new UsageError(...sayNoSeed(nkeyPath));
    redactor.addSecret(seed);
    return { credentials: { kind: 'nkey', seed: Buffer.from(seed) }, source: 'NATS_NKEY' };
  }
  const [user, password = '', token] = ['NATS_USER', 'NATS_PASSWORD', 'NATS_TOKEN'].map(read);
  if (user !== undefined) {
    redactor.addSecret(password);
    return { credentials: { kind: 'password', user, password }, source: 'NATS_USER' };
  }
  if (token !== undefined) {
    redactor.addSecret(token);
    return { credentials: { kind: 'token', token }, source: 'NATS_TOKEN' };
  }
  return { credentials: undefined, source: 'none' };
}

async function readSecretFile(source: string, path: string): Promise<Buffer> {
  try {
    return await readNamedFile(path);
  } catch (error) {
    throw new UsageError(...sayNotRead(source, path, error));
  }
}

export interface NatsConfig {
  readonly address: NatsAddress;
  /** Reads the credentials again for the next connection, and returns the previous ones if that fails (contract P5). */
  readonly readCredentials: () => Promise<NatsCredentials | undefined>;
  /** For which servers TLS is required (contract B8): for all, for those on other machines, or for none. */
  readonly tls: 'required' | 'off-loopback' | 'if-offered';
  /** PEM to trust in addition to Node's roots. */
  readonly trustedRoots: readonly string[] | undefined;
  /** Timeout for connecting to each server. */
  readonly connectTimeoutMs: number;
  /** 0 turns pings off. */
  readonly pingIntervalMs: number;
  /** Name of this connection in the server's connection list. */
  readonly clientName: string;
}

interface NatsRequest extends Pick<NatsConfig, 'address' | 'trustedRoots' | 'clientName'> {
  readonly natsCreds: string | undefined;
  readonly allowPlaintext: boolean;
  readonly connection: Pick<ConnectionConfig, 'connectTimeoutMs' | 'pingIntervalMs' | 'caCert'>;
}

/**
 * @returns the configuration, and a message for --verbose about the source of the credentials
 * @throws UsageError for credentials that cannot be used
 */
export async function readNatsSettings(
  { natsCreds, allowPlaintext, connection, ...request }: NatsRequest,
  io: Io,
): Promise<{ readonly nats: NatsConfig; readonly origin: string }> {
  const { credentials, source } = await readNatsCredentials(natsCreds, io);
  const { connectTimeoutMs, pingIntervalMs, caCert } = connection;
  const tlsForNatsUrl = allowPlaintext ? 'if-offered' : caCert === undefined ? 'off-loopback' : 'required';
  const tls = request.address.isTls ? 'required' : tlsForNatsUrl;
  return {
    nats: {
      ...request,
      tls,
      readCredentials: createCredentialsReader(credentials, natsCreds, io),
      connectTimeoutMs,
      pingIntervalMs,
    },
    origin: sayNatsCredentials(request.address.host, source),
  };
}

/** The path of the credentials file; undefined without a file, and for a pipe, which cannot be read again. */
export function findCredentialsFile(flag: string | undefined, env: Io['env']): string | undefined {
  const path = flag ?? (env['NATS_CREDS'] || env['NATS_NKEY']);
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

/** The first connection uses `first`; later ones read the file again. */
function createCredentialsReader(
  first: NatsCredentials | undefined,
  flag: string | undefined,
  io: Io,
): NatsConfig['readCredentials'] {
  let last = first;
  let isFirst = true;
  return async () => {
    const wasFirst = isFirst;
    isFirst = false;
    if (wasFirst || findCredentialsFile(flag, io.env) === undefined) return last;
    try {
      last = (await readNatsCredentials(flag, io)).credentials;
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
    }
    return last;
  };
}
