// One attempt, from the name lookup to the 101: opens a WebSocket or says why it could not. After a hang-up on
// loopback `recognizeTlsPort` finds out whether the port wants TLS.
//
// The only client importer of ws. Promises: it settles within the connect timeout plus the time to read a
// refusal, whatever the server does (contract C1), and when it settles with a cause its socket is gone (C8).
import { randomUUID } from 'node:crypto';
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import { type Clock, sleep } from '../../clock.ts';
import { addKeyOrigin, type Cause } from '../causes.ts';
import type { DialConfig } from '../config.ts';
import { classifyError, describePhase, type Phase } from '../network-errors.ts';
import { MIN_SPACING_MS } from '../policy.ts';
import { type Connect, TappedSocket } from '../read/tapped-socket.ts';
import { classifyRefusal, MAX_BODY_MS, readBody } from './refusal.ts';

/** How long the port may take to answer the TLS handshake. */
const PROBE_MS = 1_000;

/** The cause, or `plaintext-to-tls` where a `ws:` port that hung up speaks TLS. */
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
  const speaksTls = await new Promise<boolean>((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const probe = connect({ host, port: Number(url.port || 80), rejectUnauthorized: false });
    const finish = (verdict: boolean): void => {
      cancel();
      signal.removeEventListener('abort', giveUp);
      probe.destroy();
      resolve(verdict);
    };
    const giveUp = (): void => finish(false);
    const cancel = clock.setTimer(giveUp, PROBE_MS);
    signal.addEventListener('abort', giveUp);
    probe.once('secureConnect', () => finish(true));
    // An alert is TLS too: of a server that wants another version, or a certificate of ours.
    probe.on('error', (error: NodeJS.ErrnoException) => finish(/ALERT/.test(error.code ?? '')));
  });
  return speaksTls ? { ...cause, kind: 'plaintext-to-tls', detail: 'it answers a TLS handshake' } : cause;
}

/** Larger messages are a fault of the connection, close code 1009 (contract C2). */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/**
 * How long one address of a name may take while others are left. Node's own 250 ms give up every address that is
 * farther away than that; this outlives one SYN that got lost and was sent again after a second (RFC 6298).
 */
const ADDRESS_TIMEOUT_MS = 1_500;
/** How long an orderly close waits for the other side (contract S1). */
export const CLOSE_TIMEOUT_MS = 500;

/** A socket that was upgraded. */
export interface OpenSocket {
  readonly webSocket: WebSocket;
  /** The socket of `webSocket`, which hands out events before `webSocket` sees them. */
  readonly tap: TappedSocket;
  /** The id that the server gave the request, or ours. */
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Opens the stream's WebSocket.
 *
 * @param signal ends the attempt at once; the result is then undefined
 */
export async function openSocket(
  settings: DialConfig,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenSocket | Cause | undefined> {
  const proxy = settings.proxyUrl === undefined ? undefined : new URL(settings.proxyUrl).host;
  const asking = new AbortController();
  let tap: TappedSocket | undefined;
  const frames = settings.createFrameBuffer?.();
  const addTap = (connect: Connect): TappedSocket => {
    tap = new TappedSocket(connect, frames, MAX_MESSAGE_BYTES);
    return tap;
  };
  const agent = await createProxyAgent(settings, addTap, asking.signal);
  const connect = await loadConnect(settings.url);
  if (signal.aborted) return undefined;
  const requestId = randomUUID();
  let phase: Phase = 'lookup';
  const enter = (next: Phase, socket?: Socket): void => {
    phase = next;
    settings.observer?.onPhase(next, socket);
  };
  const fail = (error: unknown): Cause => classifyError(error, settings.host, phase, proxy);

  let proxyStatus = 0;
  enter('lookup');
  const createConnection: CreateConnection = (where) =>
    addTap((onread) => connect({ ...where, ...(onread && { onread }) }));
  const webSocket = createWebSocket(settings, requestId, agent, createConnection, (request) => {
    watchRequest(request, settings, proxy !== undefined, enter);
    request.once('proxyConnect', (answer: { statusCode: number }) => {
      proxyStatus = answer.statusCode;
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
    const cancelDeadline = clock.setTimer(() => settle(timedOut()), settings.connectTimeoutMs);
    stop.signal.addEventListener('abort', cancelDeadline);
    const timedOut = (): Cause => ({
      kind: 'timed-out',
      host: settings.host,
      detail: `no answer within ${settings.connectTimeoutMs} ms, ${describePhase(phase, proxy)}`,
      ...(proxy === undefined ? {} : { proxy }),
    });
    webSocket.on('error', (error) => settle(fail(error)));
    webSocket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      cancelDeadline();
      const bodyLimit = clock.setTimer(() => stop.abort(), MAX_BODY_MS);
      void readBody(response, stop.signal).then((body) => {
        bodyLimit();
        const isFromProxy = proxyStatus !== 0 && proxyStatus !== 200;
        const refusal = {
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          proxy,
          isFromProxy,
        };
        const cause = classifyRefusal(refusal, settings.host, clock.wallMs());
        settle(addKeyOrigin(cause, settings.keyOrigin));
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
      // Messages may stand right behind the 101: nothing is read until somebody listens.
      webSocket.pause();
      const given = headers['x-request-id'];
      const id = typeof given === 'string' && given !== '' ? given.slice(0, 128) : requestId;
      settle({ webSocket, tap, requestId: id, headers });
    });
  });
  if (outcome !== undefined && 'webSocket' in outcome) return outcome;
  if (proxyStatus === 0) asking.abort();
  await terminate(webSocket);
  return signal.aborted ? undefined : outcome;
}

/** Ends a socket without politeness and waits until it is gone. */
export function terminate(webSocket: WebSocket): Promise<void> {
  if (webSocket.readyState === WebSocket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    webSocket.once('close', () => resolve());
    webSocket.terminate();
  });
}

function createWebSocket(
  settings: DialConfig,
  requestId: string,
  agent: Agent | undefined,
  createConnection: CreateConnection,
  finishRequest: (request: ClientRequest) => void,
): WebSocket {
  // Missing in the published types, or typed too narrowly.
  type Options = Omit<ClientOptions, 'createConnection'> & {
    closeTimeout: number;
    autoSelectFamilyAttemptTimeout: number;
    createConnection: unknown;
  };
  const options: Options = {
    headers: {
      'X-API-Key': settings.key,
      'X-Request-Id': requestId,
      'User-Agent': settings.userAgent,
    },
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Every text goes through `classify`, which checks UTF-8 in the same pass as JSON (contract C2).
    skipUTF8Validation: true,
    // `answerPings` of live-stream.ts does it.
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    autoSelectFamilyAttemptTimeout: Math.min(ADDRESS_TIMEOUT_MS, settings.connectTimeoutMs / 2),
    finishRequest,
    createConnection,
    ...(settings.mustCheckCertificates === false ? {} : { rejectUnauthorized: true }),
    ...(agent === undefined ? {} : { agent }),
    ...(settings.trustedRoots === undefined ? {} : { ca: [...settings.trustedRoots] }),
  };
  return new WebSocket(settings.url, options as ClientOptions);
}

type Where = TcpNetConnectOpts & ConnectionOptions;
type CreateConnection = (where: Where) => TappedSocket;

/** What connects as ws would, with the same options. TLS is loaded only where it is used. */
async function loadConnect(url: string): Promise<(where: Where) => Socket> {
  // The path is that of the request; here it would be one in the file system.
  if (url.startsWith('ws:')) return (where) => connectTcp({ ...where, path: undefined } as Where);
  const { connect } = await import('node:tls');
  return (where) => {
    const { host = '' } = where;
    return connect({ ...where, path: undefined, servername: isIP(host) === 0 ? host : '' } as Where);
  };
}

/** Loaded only where a proxy is configured: it would cost every other start-up. */
async function createProxyAgent(
  { proxyUrl, trustedRoots }: DialConfig,
  addTap: (connect: Connect) => TappedSocket,
  signal: AbortSignal,
): Promise<Agent | undefined> {
  if (proxyUrl === undefined) return undefined;
  const { createConnectAgent } = await import('./proxy-agent.ts');
  return createConnectAgent(proxyUrl, trustedRoots, signal, { addTap: (socket) => addTap(() => socket) });
}

/** Follows the socket of a request through lookup, TCP and TLS. */
function watchRequest(
  request: ClientRequest,
  settings: DialConfig,
  isProxied: boolean,
  enter: (phase: Phase, socket?: Socket) => void,
): void {
  if (isProxied) enter('proxy');
  request.once('socket', (given) => {
    const socket = given instanceof TappedSocket ? given.raw : given;
    if (!isProxied) {
      enter('lookup', socket);
      // An address is not looked up.
      if (isIP(request.host.replace(/^\[|\]$/g, '')) !== 0) enter('connect', socket);
      socket.once('lookup', () => enter('connect', socket));
      socket.once('connect', () => enter(settings.url.startsWith('wss:') ? 'tls' : 'upgrade', socket));
    }
    socket.once('secureConnect', () => enter('upgrade', socket));
  });
}
