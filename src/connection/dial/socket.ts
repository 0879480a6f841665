// One attempt to connect, from the name lookup to the 101.
//
// It settles within the connect timeout plus the time to read a refusal, whatever the server does (contract C1).
// When it settles with a cause, its socket is closed (C8).
import { randomUUID } from 'node:crypto';
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import { type Clock, sleep, waitFor } from '../../clock.ts';
import type { DialConfig } from '../config.ts';
import { addKeyOrigin, type Cause } from '../lifecycle.ts';
import { classifyError, describePhase, type Phase } from '../network-errors.ts';
import { type OpenRawSocket, TappedSocket } from '../read/tapped-socket.ts';
import { MIN_SPACING_MS } from '../retry-policy.ts';
import { classifyRefusal, MAX_BODY_MS, readBody } from './refusal.ts';

/** Timeout of the TLS handshake. */
const PROBE_MS = 1_000;

/** The cause, or `plaintext-to-tls` if the port closed a `ws:` connection and speaks TLS. */
export async function recognizeTlsPort(
  cause: Cause,
  streamUrl: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Cause> {
  const url = new URL(streamUrl);
  if (url.protocol !== 'ws:' || cause.kind !== 'reset' || !/hang up/.test(cause.detail)) return cause;
  await sleep(clock, MIN_SPACING_MS + 50, signal);
  if (signal.aborted) return cause;
  const { connect } = await import('node:tls');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const probe = connect({ host, port: Number(url.port || 80), rejectUnauthorized: false });
  const verdict = new Promise<boolean>((resolve) => {
    probe.once('secureConnect', () => resolve(true));
    // An alert is TLS too: for the version, or for a missing client certificate.
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(/ALERT/.test(error.code ?? '')));
  });
  const speaksTls = await waitFor(verdict, PROBE_MS, clock, signal);
  probe.destroy();
  return speaksTls === true
    ? { ...cause, kind: 'plaintext-to-tls', detail: 'it accepts a TLS handshake' }
    : cause;
}

/** A larger message ends the connection with close code 1009 (contract C2). */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/**
 * Timeout for one address of a name while others are left. Node's default of 250 ms skips distant servers; this one
 * survives the loss of a SYN, which is sent again after a second (RFC 6298).
 */
const ADDRESS_TIMEOUT_MS = 1_500;
/** How long a close waits for the close of the server (contract S1). */
export const CLOSE_TIMEOUT_MS = 500;

export interface OpenSocket {
  readonly webSocket: WebSocket;
  /** The socket of `webSocket`, which takes the events out. */
  readonly tap: TappedSocket;
  /** The server's id of the request, or ours. */
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Opens the stream's WebSocket.
 *
 * @param signal ends the attempt at once; it then resolves to undefined
 */
export async function openSocket(
  config: DialConfig,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenSocket | Cause | undefined> {
  const proxy = config.proxyUrl === undefined ? undefined : new URL(config.proxyUrl).host;
  const proxyAbort = new AbortController();
  let tap: TappedSocket | undefined;
  const frames = config.createFrameBuffer?.();
  const addTap = (openRaw: OpenRawSocket): TappedSocket => {
    tap = new TappedSocket(openRaw, frames, MAX_MESSAGE_BYTES);
    return tap;
  };
  const agent = await createProxyAgent(config, addTap, proxyAbort.signal);
  const connect = await loadConnect(config.url);
  if (signal.aborted) return undefined;
  const requestId = randomUUID();
  let phase: Phase = 'lookup';
  const enter = (next: Phase, socket?: Socket): void => {
    phase = next;
    config.observer?.onPhase(next, socket);
  };
  const fail = (error: unknown): Cause => classifyError(error, config.host, phase, proxy);

  let proxyStatus = 0;
  enter('lookup');
  const createConnection: CreateConnection = (where) =>
    addTap((onread) => connect({ ...where, ...(onread && { onread }) }));
  const webSocket = createWebSocket(config, requestId, agent, createConnection, (request) => {
    watchRequest(request, config, proxy !== undefined, enter);
    request.once('proxyConnect', (response: { statusCode: number }) => {
      proxyStatus = response.statusCode;
      if (proxyStatus === 200) enter('tls');
    });
    request.end();
  });
  const outcome = await new Promise<OpenSocket | Cause | undefined>((resolve) => {
    const stop = new AbortController();
    const settle = (result: OpenSocket | Cause | undefined): void => {
      stop.abort();
      resolve(result);
    };
    signal.addEventListener('abort', () => settle(undefined), { signal: stop.signal });
    const cancelDeadline = clock.setTimer(() => settle(timedOut()), config.connectTimeoutMs);
    stop.signal.addEventListener('abort', cancelDeadline);
    const timedOut = (): Cause => ({
      kind: 'timed-out',
      host: config.host,
      detail: `no response within ${config.connectTimeoutMs} ms, ${describePhase(phase, proxy)}`,
      ...(proxy === undefined ? {} : { proxy }),
    });
    webSocket.on('error', (error) => settle(fail(error)));
    webSocket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      cancelDeadline();
      const bodyLimit = clock.setTimer(() => stop.abort(), MAX_BODY_MS);
      void readBody(response, stop.signal).then((body) => {
        bodyLimit();
        const isFromProxy = proxyStatus !== 0 && proxyStatus !== 200;
        const { statusCode: status = 0, headers } = response;
        const refusal = { status, headers, body, proxy, isFromProxy };
        const cause = classifyRefusal(refusal, config.host, clock.wallMs());
        settle(addKeyOrigin(cause, config.keyOrigin));
      });
    });
    let headers: IncomingHttpHeaders = {};
    webSocket.once('upgrade', (response) => {
      headers = response.headers;
      tap?.expectFrames();
    });
    webSocket.on('message', () => tap?.noteMessage());
    webSocket.once('open', () => {
      if (tap === undefined) return;
      // Messages may have arrived with the 101: do not read them before there is a listener.
      webSocket.pause();
      const given = headers['x-request-id'];
      const id = typeof given === 'string' && given !== '' ? given.slice(0, 128) : requestId;
      settle({ webSocket, tap, requestId: id, headers });
    });
  });
  if (outcome !== undefined && 'webSocket' in outcome) return outcome;
  if (proxyStatus === 0) proxyAbort.abort();
  await terminate(webSocket);
  return signal.aborted ? undefined : outcome;
}

/** Destroys the socket, and waits until it is closed. */
export function terminate(webSocket: WebSocket): Promise<void> {
  if (webSocket.readyState === WebSocket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    webSocket.once('close', () => resolve());
    webSocket.terminate();
  });
}

function createWebSocket(
  config: DialConfig,
  requestId: string,
  agent: Agent | undefined,
  createConnection: CreateConnection,
  finishRequest: (request: ClientRequest) => void,
): WebSocket {
  // Missing in the published types, or too narrow there.
  type Options = Omit<ClientOptions, 'createConnection'> & {
    closeTimeout: number;
    autoSelectFamilyAttemptTimeout: number;
    createConnection: unknown;
  };
  const options: Options = {
    headers: {
      'X-API-Key': config.key,
      'X-Request-Id': requestId,
      'User-Agent': config.userAgent,
    },
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // `classify` checks UTF-8 and JSON of every text in one pass (contract C2).
    skipUTF8Validation: true,
    // See `answerPings` in live-stream.ts.
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    autoSelectFamilyAttemptTimeout: Math.min(ADDRESS_TIMEOUT_MS, config.connectTimeoutMs / 2),
    finishRequest,
    createConnection,
    ...(config.mustCheckCertificates === false ? {} : { rejectUnauthorized: true }),
    ...(agent === undefined ? {} : { agent }),
    ...(config.trustedRoots === undefined ? {} : { ca: [...config.trustedRoots] }),
  };
  return new WebSocket(config.url, options as ClientOptions);
}

type Where = TcpNetConnectOpts & ConnectionOptions;
type CreateConnection = (where: Where) => TappedSocket;

/** Connects as ws would, with the same options. Loads TLS only if it is used. */
async function loadConnect(url: string): Promise<(where: Where) => Socket> {
  // `path` is the path of the request; net.connect would take it for a Unix socket.
  if (url.startsWith('ws:')) return (where) => connectTcp({ ...where, path: undefined } as Where);
  const { connect } = await import('node:tls');
  return (where) => {
    const { host = '' } = where;
    return connect({ ...where, path: undefined, servername: isIP(host) === 0 ? host : '' } as Where);
  };
}

/** Loaded only if a proxy is configured, to keep every other start fast. */
async function createProxyAgent(
  { proxyUrl, trustedRoots }: DialConfig,
  addTap: (openRaw: OpenRawSocket) => TappedSocket,
  signal: AbortSignal,
): Promise<Agent | undefined> {
  if (proxyUrl === undefined) return undefined;
  const { createConnectAgent } = await import('./proxy-agent.ts');
  return createConnectAgent(proxyUrl, trustedRoots, signal, { addTap: (socket) => addTap(() => socket) });
}

/** Reports the phases of a request: lookup, TCP, TLS. */
function watchRequest(
  request: ClientRequest,
  config: DialConfig,
  isProxied: boolean,
  enter: (phase: Phase, socket?: Socket) => void,
): void {
  if (isProxied) enter('proxy');
  request.once('socket', (given) => {
    const socket = given instanceof TappedSocket ? given.raw : given;
    if (!isProxied) {
      enter('lookup', socket);
      // An IP address needs no lookup.
      if (isIP(request.host.replace(/^\[|\]$/g, '')) !== 0) enter('connect', socket);
      socket.once('lookup', () => enter('connect', socket));
      socket.once('connect', () => enter(config.url.startsWith('wss:') ? 'tls' : 'upgrade', socket));
    }
    socket.once('secureConnect', () => enter('upgrade', socket));
  });
}
