// One attempt to open the stream, from the name lookup to the 101.
//
// It settles within the connect timeout plus the time to read a refusal, whatever the server does (contract C1).
// When it settles with a cause, its socket is closed (C8).
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import type { DialConfig } from '../config.ts';
import { addKeyOrigin, type Cause } from '../lifecycle.ts';
import { LingeringReads } from '../read/lingering-reads.ts';
import { TappedSocket } from '../read/tapped-socket.ts';
import { Attempt } from './attempt.ts';
import { connectAs } from './connect.ts';
import { classifyRefusal, MAX_BODY_MS, readBody, readRequestId } from './refusal.ts';

/** A larger message ends the connection with close code 1009 (contract C2). */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** How long a close waits for the close of the server (contract S1). */
export const CLOSE_TIMEOUT_MS = 500;

export interface OpenSocket {
  readonly webSocket: WebSocket;
  /** The socket of `webSocket`, which extracts the events. */
  readonly tap: TappedSocket;
  /** The server's id of the request, or ours if the server sent none. */
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * @param signal ends the attempt at once; the result is then undefined
 * @param isFirst the first attempt of a run, which finds out whether a port that closes the connection speaks TLS
 */
export async function openSocket(
  config: DialConfig,
  clock: Clock,
  signal: AbortSignal,
  isFirst: boolean,
): Promise<OpenSocket | Cause | undefined> {
  const attempt = new Attempt(config, {
    clock,
    signal,
    limitMs: config.connectTimeoutMs,
    onPhase: (phase, socket) => config.observer?.onPhase(phase, socket),
  });
  const frames = config.createFrameBuffer?.();
  const { lingerMs } = config;
  const createLingering =
    lingerMs === undefined
      ? undefined
      : (onReady: () => void) => new LingeringReads(clock, lingerMs, onReady);
  try {
    const tap = await connectAs(attempt, (openRaw) => {
      const created = new TappedSocket(openRaw, frames, MAX_MESSAGE_BYTES, createLingering);
      // `connectAs` reports errors until ws listens.
      return created.on('error', () => undefined);
    });
    const outcome = await upgrade(tap, config, attempt, clock);
    return signal.aborted && !('webSocket' in outcome) ? undefined : outcome;
  } catch (error) {
    if (signal.aborted) return undefined;
    const cause = isFirst ? await attempt.investigate(error) : attempt.classify(error);
    return signal.aborted ? undefined : cause;
  } finally {
    attempt.end();
  }
}

/** Rejects with the error that `attempt` classifies; the socket is then closed. */
async function upgrade(
  tap: TappedSocket,
  config: DialConfig,
  attempt: Attempt,
  clock: Clock,
): Promise<OpenSocket | Cause> {
  const requestId = randomUUID();
  const webSocket = createWebSocket(config, requestId, tap);
  const { signal } = attempt;
  let stopWaiting = (): void => {};
  const outcome = new Promise<OpenSocket | Cause>((resolve, reject) => {
    let hasResponse = false;
    const giveUp = (): void => {
      if (!hasResponse) reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp);
    stopWaiting = () => signal.removeEventListener('abort', giveUp);
    webSocket.on('error', (error) => {
      // A parser error after the response is about the bytes that follow it.
      if (!hasResponse) reject(error);
    });
    webSocket.once('unexpected-response', (_request, response: IncomingMessage) => {
      hasResponse = true;
      attempt.replaceLimit(MAX_BODY_MS);
      void readBody(response, signal).then((read) => {
        const { statusCode: status = 0, headers } = response;
        const refusal = { status, headers, ...read, proxy: attempt.proxy, isFromProxy: false };
        const cause = classifyRefusal(refusal, config.host, clock.wallMs());
        resolve(addKeyOrigin(cause, config.keyOrigin));
      });
    });
    let headers: IncomingHttpHeaders = {};
    webSocket.once('upgrade', (response) => {
      headers = response.headers;
      tap.expectFrames();
    });
    webSocket.on('message', () => tap.noteMessage());
    webSocket.once('open', () => {
      // Messages may have arrived with the 101. They wait until there is a listener.
      webSocket.pause();
      resolve({ webSocket, tap, requestId: readRequestId(headers) || requestId, headers });
    });
  });
  const isOpen = outcome.then(
    (opened) => 'webSocket' in opened,
    () => false,
  );
  if (!(await isOpen)) await terminate(webSocket);
  stopWaiting();
  return outcome;
}

export function terminate(webSocket: WebSocket): Promise<void> {
  if (webSocket.readyState === WebSocket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    webSocket.once('close', () => resolve());
    webSocket.terminate();
  });
}

function createWebSocket(config: DialConfig, requestId: string, tap: TappedSocket): WebSocket {
  // These options are missing in the published types, or too narrow there.
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
    // Without WebAssembly, ws gets the fragments and keeps an object for each of them: about 60 MB at this limit.
    maxFragments: 256 * 1024,
    // See `answerPings` in live-stream.ts.
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    createConnection: () => tap,
  };
  return new WebSocket(config.url, options as ClientOptions);
}
