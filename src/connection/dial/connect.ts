// Opens every connection: to the service, an HTTP sink or NATS, directly or through a proxy, with or without TLS.
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { RouteConfig } from '../config.ts';
import type { OpenRawSocket } from '../read/tapped-socket.ts';
import { type Attempt, TunnelRefusedError } from './attempt.ts';
import { type Endpoint, parseEndpoint, tcpOptions } from './tcp.ts';

/** Opens the socket that the caller uses (with TLS, the TLS socket), and returns it as `raw`. */
type CreateSocket<T> = (open: OpenRawSocket) => T;
type WithSocket = { readonly raw: Socket };
/** Called for each socket as soon as it exists. */
type Track = (socket: Socket) => void;

/**
 * Resolves to a socket that is ready for a request; else destroys it and rejects with an error for `attempt.classify`.
 */
export async function connect(attempt: Attempt): Promise<Socket> {
  const { raw } = await connectAs(attempt, (open) => ({ raw: open(undefined) }));
  return raw;
}

/** `connect` for a caller that wraps the socket, needs it while it connects, or sets its `onread` option. */
export function connectAs<T extends WithSocket>(attempt: Attempt, create: CreateSocket<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal } = attempt;
    let current: Socket | undefined;
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', giveUp);
      current?.destroy();
      reject(error);
    };
    const giveUp = (): void => fail(signal.reason);
    const track: Track = (socket) => {
      current = socket;
      // Prevents a crash while no other listener is attached.
      socket.on('error', () => undefined);
      if (signal.aborted) socket.destroy();
    };
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    else {
      open(attempt, create, track).then((opened) => {
        signal.removeEventListener('abort', giveUp);
        resolve(opened);
      }, fail);
    }
  });
}

/** Starts TLS on a connected socket. The certificate must be for `host`. */
export async function secure(attempt: Attempt, socket: Socket, host: string): Promise<TLSSocket> {
  attempt.enter('tls', socket);
  const startTls = await loadTls(attempt);
  const secured = startTls({ socket, host });
  await once(secured, 'secureConnect', { signal: attempt.signal });
  attempt.enter('response', secured);
  return secured;
}

async function open<T extends WithSocket>(
  attempt: Attempt,
  create: CreateSocket<T>,
  track: Track,
): Promise<T> {
  const { route, signal, proxy } = attempt;
  const target = parseEndpoint(route.url);
  const readyPhase = /^wss?:/.test(route.url) ? 'upgrade' : 'response';
  attempt.enter('lookup');
  if (proxy !== undefined) {
    const tunnel = await openTunnel(attempt, target, track);
    attempt.enter(target.isSecure ? 'tls' : readyPhase, tunnel);
    if (!target.isSecure) return create(() => tunnel);
    const startTls = await loadTls(attempt);
    const opened = create(() => startTls({ socket: tunnel, host: target.host }));
    track(opened.raw);
    await once(opened.raw, 'secureConnect', { signal });
    attempt.enter(readyPhase, opened.raw);
    return opened;
  }
  const openRaw = await loadOpen(attempt, target, route);
  signal.throwIfAborted();
  const opened = create(openRaw);
  const { raw } = opened;
  track(raw);
  attempt.enter('lookup', raw);
  // An IP address needs no lookup.
  if (isIP(target.host) !== 0) attempt.enter('connect', raw);
  raw.once('lookup', () => attempt.enter('connect', raw));
  raw.once('connect', () => attempt.enter(target.isSecure ? 'tls' : readyPhase, raw));
  await once(raw, target.isSecure ? 'secureConnect' : 'connect', { signal });
  if (target.isSecure) attempt.enter(readyPhase, raw);
  return opened;
}

async function openTunnel(attempt: Attempt, target: Endpoint, track: Track): Promise<Socket> {
  const { signal, proxy } = attempt;
  const proxyUrl = new URL(attempt.route.proxyUrl ?? '');
  const endpoint = parseEndpoint(proxyUrl.href);
  const openRaw = await loadOpen(attempt, endpoint);
  // Loaded only if a proxy is configured, to keep every other start fast.
  const { requestTunnel } = proxyUrl.protocol.startsWith('socks')
    ? await import('./socks-tunnel.ts')
    : await import('./http-tunnel.ts');
  signal.throwIfAborted();
  const socket = openRaw(undefined);
  track(socket);
  attempt.enter('proxy', socket);
  await once(socket, endpoint.isSecure ? 'secureConnect' : 'connect', { signal });
  const refusal = await requestTunnel(socket, proxyUrl, target);
  if (refusal !== undefined) throw new TunnelRefusedError({ ...refusal, proxy, isFromProxy: true });
  return socket;
}

async function loadOpen(
  attempt: Attempt,
  endpoint: Endpoint,
  { mustBeLoopback, usedAddresses }: Pick<RouteConfig, 'mustBeLoopback' | 'usedAddresses'> = {},
): Promise<OpenRawSocket> {
  const { host, port, isSecure } = endpoint;
  const options = tcpOptions(attempt.route.connectTimeoutMs, mustBeLoopback, usedAddresses);
  const startTls = isSecure ? await loadTls(attempt) : undefined;
  return (onread) => {
    const where = { host, port, noDelay: true, ...options, ...(onread && { onread }) };
    return startTls?.(where) ?? connectTcp(where);
  };
}

type StartTls = (where: ConnectionOptions & { readonly host: string }) => TLSSocket;

/** Imports node:tls only if it is used. */
async function loadTls(attempt: Attempt): Promise<StartTls> {
  const { connect: connectTls, createSecureContext } = await import('node:tls');
  const { trustedRoots, mustCheckCertificates = true } = attempt.route;
  // The option `ca` would replace the store that Node uses: its own roots, or the store of --use-openssl-ca.
  const secureContext = trustedRoots && createSecureContext();
  for (const pem of trustedRoots ?? []) secureContext?.context.addCACert(pem);
  return (where) =>
    attempt.watchHandshake(
      connectTls({
        ...where,
        ...(secureContext && { secureContext }),
        ...(mustCheckCertificates && { rejectUnauthorized: true }),
        // For an IP address, Node verifies the certificate against `host`.
        servername: isIP(where.host) === 0 ? where.host : '',
      }),
    );
}
