// A local server that speaks the protocol of the service (docs/protocol.md). The scenario decides which events and
// faults a connection gets.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { KEY_PREFIX_LENGTH } from '../connection/config.ts';
import { formatAddress } from '../connection/dial/address.ts';
import { listenOn } from '../io/listen.ts';
import type { ServerCertificate } from './certificate.ts';
import { createEventGenerator, drawHex, type EventSource, limitEvents } from './events.ts';
import { ONLY_WEBSOCKET, saySimulatorCannotListen } from './messages.ts';
import { checkOptions, type SimulatorOptions } from './options.ts';
import { performTimeline } from './perform.ts';
import { createRandom, createVirtualClock } from './random.ts';
import { buildRefusal, type Refusal, type Step, serializeAnswer } from './scenarios.ts';
import { SharedFeed } from './shared-feed.ts';
import { openWire } from './wire.ts';

interface Listener {
  readonly server: Server;
  /** Base URL, with loopback for a wildcard address; only after `listen`. */
  url(): string;
  /** @throws UsageError if it cannot listen on the address */
  listen(port: number, host: string): Promise<number>;
  /** Ends a connection with a TCP reset, also under TLS. */
  reset(socket: Socket): void;
  close(): Promise<void>;
}

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function createListener(certificate: ServerCertificate | undefined, answer: RequestListener): Listener {
  const server =
    certificate === undefined ? createServer(answer) : createTlsServer({ ...certificate }, answer);
  const connections = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket);
    connections.set(address, socket);
    // Clients may disconnect; 'close' follows and cleans up.
    socket.on('error', () => undefined);
    socket.once('close', () => connections.delete(address));
  });
  server.on('secureConnection', (socket: Socket) => socket.on('error', () => undefined));

  return {
    server,
    url() {
      const { address, port } = server.address() as AddressInfo;
      const scheme = certificate === undefined ? 'http' : 'https';
      if (address === '0.0.0.0') return `${scheme}://127.0.0.1:${port}`;
      if (address === '::') return `${scheme}://[::1]:${port}`;
      return `${scheme}://${formatAddress(address, port)}`;
    },
    listen: async (port, host) => (await listenOn(server, host, port, saySimulatorCannotListen)).port,
    reset(socket) {
      (connections.get(addressOf(socket)) ?? socket).resetAndDestroy();
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of connections.values()) socket.destroy();
      });
    },
  };
}

export type { SimulatorOptions } from './options.ts';

export interface Simulator {
  /** Base URL, such as `http://127.0.0.1:8787`; https with `tls`. */
  readonly url: string;
  readonly port: number;
  /** An accepted key. */
  readonly exampleKey: string;
  /** With `tls`, the certificate (PEM) that clients must trust. */
  readonly caCertificate: string | undefined;
  /** Ends every connection at once; resolves when the port is free again. */
  close(): Promise<void>;
}

const EXAMPLE_KEY = 'ak_live_0123456789abcdeffedcba9876543210';
/** Contract P2: `ak_` and printable ASCII without spaces. */
const WELL_FORMED_KEY = /^ak_[\x21-\x7e]+$/;
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024;
const STREAM_CREDIT_COST = 1;

/**
 * Starts a simulator. It prints nothing, and listens on loopback by default.
 *
 * @throws UsageError if an option is out of range, the scenario is unknown, or listening on the address fails
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = checkOptions(options);
  const { port, host, ratePerSecond, count, keys, types, seed, isSeeded, scenario } = settings;
  const requestIds = createRandom(seed, 'request-id');
  const refusedKeys = new Map<string, Refusal>();
  const attempts = new Map<string, number>();
  let connections = 0;
  let creditLeft = 100_000;

  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: MAX_CLIENT_MESSAGE_BYTES,
  });

  function getRequestId({ headers }: IncomingMessage): string {
    const sent = headers['x-request-id'];
    return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : `req_${drawHex(requestIds, 12)}`;
  }

  function isAcceptedKey(key: unknown): key is string {
    return typeof key === 'string' && (keys ? keys.includes(key) : WELL_FORMED_KEY.test(key));
  }

  function findRefusal({ method, url = '', headers }: IncomingMessage): Refusal | undefined {
    if (method !== 'GET' || url.split('?', 1)[0] !== '/v1/stream') return { status: 404 };
    const key = headers['x-api-key'];
    if (!isAcceptedKey(key)) return { status: 401 };
    return refusedKeys.get(key);
  }

  function answerRequest(request: IncomingMessage, response: ServerResponse): void {
    const requestId = getRequestId(request);
    if (request.method === 'GET' && request.url?.split('?', 1)[0] === '/healthz') {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('X-Request-Id', requestId);
      response.end('{"status":"ok"}');
      return;
    }
    const refusal = findRefusal(request) ?? { status: 400, message: ONLY_WEBSOCKET };
    const { status, headers, body } = buildRefusal(refusal, requestId);
    response.writeHead(status, headers).end(body);
  }

  function endWith(socket: Socket, request: IncomingMessage, refusal: Refusal): void {
    socket.once('finish', () => socket.destroy());
    socket.end(serializeAnswer(buildRefusal(refusal, getRequestId(request))));
  }

  function createSource(index: number, name = 'connection'): EventSource {
    const source = createEventGenerator({
      random: createRandom(seed, name, index),
      clock: isSeeded ? createVirtualClock(index, ratePerSecond) : Date.now,
      types,
    });
    return limitEvents(source, count);
  }

  const feed = new SharedFeed(createSource(0, 'shared'), ratePerSecond);

  function acceptUpgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    steps: readonly Step[],
  ): void {
    const key = String(request.headers['x-api-key']);
    webSockets.handleUpgrade(request, socket, head, (client) => {
      creditLeft -= STREAM_CREDIT_COST;
      const index = connections++;
      const context = {
        wire: openWire(client, socket, () => listener.reset(socket)),
        source: createSource(index),
        welcomeText: JSON.stringify({ type: 'welcome', key: key.slice(0, KEY_PREFIX_LENGTH) }),
        ratePerSecond,
        subscribe: (signal: AbortSignal) => feed.subscribe(signal),
        noteEvents: (texts: readonly string[]) => settings.onEvents(index, texts),
        refuseKey: (refusal: Refusal) => void refusedKeys.set(key, refusal),
      };
      void performTimeline(context, steps);
    });
  }

  function answerUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const refuse = (reason: Refusal): void => endWith(socket, request, reason);
    const refusal = findRefusal(request);
    if (refusal) {
      refuse(refusal);
      return;
    }
    const key = String(request.headers['x-api-key']);
    const attempt = attempts.get(key) ?? 0;
    attempts.set(key, attempt + 1);
    const act = scenario.getAct(attempt, createRandom(seed, 'act', attempt));
    if ('refuse' in act) refuse(act.refuse);
    else acceptUpgrade(request, socket, head, act.steps);
  }

  webSockets.on('headers', (headers, request) => {
    headers.push(
      `X-Request-Id: ${getRequestId(request)}`,
      `X-Credit-Cost: ${STREAM_CREDIT_COST}`,
      `X-Credit-Remaining: ${creditLeft - STREAM_CREDIT_COST}`,
    );
  });
  webSockets.on('wsClientError', (_error, socket, request) => {
    endWith(socket as Socket, request, { status: 400 });
  });

  const certificate = settings.tls ? (await import('./certificate.ts')).makeCertificate(host) : undefined;
  const listener = createListener(certificate, answerRequest);
  listener.server.on('upgrade', (request, socket, head) => answerUpgrade(request, socket as Socket, head));
  const boundPort = await listener.listen(port, host);

  let closed: Promise<void> | undefined;
  return {
    url: listener.url(),
    port: boundPort,
    exampleKey: keys?.[0] ?? EXAMPLE_KEY,
    caCertificate: certificate?.cert,
    close() {
      webSockets.close();
      closed ??= listener.close();
      return closed;
    },
  };
}
