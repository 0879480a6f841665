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
import { DETAILS, describePhase, type Phase } from '../messages.ts';
import { classifyError } from '../network-errors.ts';
import { type OpenRawSocket, TappedSocket } from '../read/tapped-socket.ts';
import { MIN_SPACING_MS } from '../retry-policy.ts';
import { classifyRefusal, MAX_BODY_MS, readBody } from './refusal.ts';
import { tcpOptions, trustOptions } from './tcp.ts';

/** Timeout of the handshake that shows whether a port speaks TLS. */
const PROBE_MS = 1_000;

/** The cause, or `plaintext-to-tls` if the port closed a `ws:` connection and speaks TLS. */
export async function recognizeTlsPort(
  cause: Cause,
  streamUrl: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Cause> {
  const url = new URL(streamUrl);
  if (url.protocol !== 'ws:' || cause.kind !== 'reset') return cause;
  await sleep(clock, MIN_SPACING_MS + 50, signal);
  if (signal.aborted) return cause;
  const { connect } = await import('node:tls');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const where = { host, port: Number(url.port || 80), ...tcpOptions(PROBE_MS, true) };
  const probe = connect({ ...where, rejectUnauthorized: false });
  const verdict = new Promise<boolean>((resolve) => {
    probe.once('secureConnect', () => resolve(true));
    // An alert is TLS too: for the version, or for a missing client certificate.
    probe.on('error', (error) => resolve(/alert number/.test(error.message)));
  });
  const speaksTls = await waitFor(verdict, PROBE_MS, clock, signal);
  probe.destroy();
  return speaksTls === true ? { ...cause, kind: 'plaintext-to-tls', detail: DETAILS.acceptsTls } : cause;
}

/** A larger message ends the connection with close code 1009 (contract C2). */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
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
  const { connect, options: connectOptions } = await loadConnect(config);
  if (signal.aborted) return undefined;
  const requestId = randomUUID();
  let phase: Phase = 'lookup';
  const enter = (next: Phase, socket?: Socket): void => {
    phase = next;
    config.observer?.onPhase(next, socket);
  };
  let hasCipher = false;
  const fail = (error: unknown): Cause => classifyError(error, config.host, phase, proxy, hasCipher);

  let proxyStatus = 0;
  enter('lookup');
  const createConnection: CreateConnection = (where) =>
    addTap((onread) => connect({ ...where, ...(onread && { onread }) }));
  const webSocket = createWebSocket(config, requestId, agent, createConnection, connectOptions, (request) => {
    watchRequest(request, config, proxy !== undefined, enter);
    request.once('socket', () => {
      // The only event between the agreement on a cipher and the end of the handshake.
      tap?.raw.once('keylog', () => {
        hasCipher = true;
      });
    });
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
      detail: DETAILS.noResponse(config.connectTimeoutMs, describePhase(phase, proxy)),
      ...(proxy === undefined ? {} : { proxy }),
    });
    let hasResponse = false;
    webSocket.on('error', (error) => {
      // A parser error after the response is about the bytes that follow it.
      if (!hasResponse) settle(fail(error));
    });
    webSocket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      hasResponse = true;
      cancelDeadline();
      const cancelBodyLimit = clock.setTimer(() => stop.abort(), MAX_BODY_MS);
      void readBody(response, stop.signal).then((read) => {
        cancelBodyLimit();
        const isFromProxy = proxyStatus !== 0 && proxyStatus !== 200;
        const { statusCode: status = 0, headers } = response;
        const refusal = { status, headers, ...read, proxy, isFromProxy };
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
  connectOptions: object,
  finishRequest: (request: ClientRequest) => void,
): WebSocket {
  // Missing in the published types, or too narrow there.
  type Options = Omit<ClientOptions, 'createConnection'> & {
    closeTimeout: number;
    maxFragments: number;
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
    // Only without WebAssembly does ws see fragments. Each costs it an object: this many are some 60 MB.
    maxFragments: 256 * 1024,
    // See `answerPings` in live-stream.ts.
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    finishRequest,
    createConnection,
    ...(config.mustCheckCertificates === false ? {} : { rejectUnauthorized: true }),
    ...(agent === undefined ? {} : { agent }),
    ...connectOptions,
  };
  return new WebSocket(config.url, options as ClientOptions);
}

type Where = TcpNetConnectOpts & ConnectionOptions;
type CreateConnection = (where: Where) => TappedSocket;

interface Connector {
  /** Connects as ws would, with the same options. */
  readonly connect: (where: Where) => Socket;
  readonly options: object;
}

/** Loads TLS only if it is used. */
async function loadConnect(config: DialConfig): Promise<Connector> {
  const { url, connectTimeoutMs, trustedRoots, mustBeLoopback } = config;
  const options = tcpOptions(connectTimeoutMs, mustBeLoopback);
  // `path` is the path of the request; net.connect would take it for a Unix socket.
  if (url.startsWith('ws:')) {
    return { connect: (where) => connectTcp({ ...where, path: undefined } as Where), options };
  }
  const { connect, createSecureContext } = await import('node:tls');
  return {
    connect: (where) => {
      const { host = '' } = where;
      return connect({ ...where, path: undefined, servername: isIP(host) === 0 ? host : '' } as Where);
    },
    options: { ...options, ...trustOptions(createSecureContext, trustedRoots) },
  };
}

/** Loaded only if a proxy is configured, to keep every other start fast. */
async function createProxyAgent(
  { proxyUrl, trustedRoots, connectTimeoutMs }: DialConfig,
  addTap: (openRaw: OpenRawSocket) => TappedSocket,
  signal: AbortSignal,
): Promise<Agent | undefined> {
  if (proxyUrl === undefined) return undefined;
  const { createTunnelAgent } = await import('./tunnel.ts');
  const options = { connectTimeoutMs, addTap: (socket: Socket) => addTap(() => socket) };
  return createTunnelAgent(proxyUrl, trustedRoots, signal, options);
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
