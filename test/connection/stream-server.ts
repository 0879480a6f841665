// A server of the `ws` package on loopback, and the connect loop that connects to it, both in this process.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import type { DialConfig } from '../../src/connection/config.ts';
import {
  type FollowContext,
  type FollowItem,
  followStream,
  openConnection,
} from '../../src/connection/follow.ts';
import type { PolicyConfig } from '../../src/connection/retry-policy.ts';
import { textsOf } from '../../src/events/batch.ts';
import { createFrameBuffer } from '../../src/events/frame-buffer.ts';
import { classifyText } from '../../src/events/scanner.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { Watch } from '../helpers/watch.ts';

export const KEY = 'ak_live_00112233445566778899aabbccddeeff';
export const WELCOME = '{"type":"welcome","key":"ak_live_00112233"}';

/** Handles one connection after the 101. */
type Play = (webSocket: WebSocket, connection: number) => void;

export interface StreamServer {
  readonly port: number;
  /** `ws:` URL of the stream. */
  readonly url: string;
  /** Requests for an upgrade, in order. */
  readonly requests: readonly IncomingMessage[];
  /** The server's end of each connection, in order. */
  readonly webSockets: readonly WebSocket[];
  /** The close code of each ended connection, in the order of their ends. */
  readonly closeCodes: readonly number[];
  /** The number of open sockets, and its maximum so far. */
  readonly openSockets: number;
  readonly mostSockets: number;
  readonly watch: Watch;
}

export interface ServerOptions {
  readonly play?: Play;
  /** Responds instead of upgrading if it returns true. */
  readonly refuse?: (request: IncomingMessage, socket: Socket) => boolean;
  readonly headers?: readonly string[];
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Starts a server that ends with the test. Without a handler it sends the welcome and waits. */
export async function startStreamServer(options: ServerOptions = {}): Promise<StreamServer> {
  const { play = (webSocket) => webSocket.send(WELCOME), refuse, headers = [], answer } = options;
  const watch = new Watch();
  const sockets = new Set<Socket>();
  const requests: IncomingMessage[] = [];
  const webSockets: WebSocket[] = [];
  const closeCodes: number[] = [];
  let mostSockets = 0;

  const upgrader = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  upgrader.on('headers', (lines) => lines.push(...headers));
  const server = createServer(answer);
  server.on('connection', (socket) => {
    sockets.add(socket);
    mostSockets = Math.max(mostSockets, sockets.size);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      watch.notify();
    });
    watch.notify();
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    const connection = requests.push(request);
    watch.notify();
    if (refuse?.(request, socket) === true) {
      // The server must read to notice that the client has ended the connection.
      socket.on('end', () => socket.destroy()).resume();
      return;
    }
    upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined);
      webSocket.once('close', (code) => {
        closeCodes.push(code);
        watch.notify();
      });
      webSockets.push(webSocket);
      play(webSocket, connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}/v1/stream`,
    requests,
    webSockets,
    closeCodes,
    get openSockets() {
      return sockets.size;
    },
    get mostSockets() {
      return mostSockets;
    },
    watch,
  };
}

export interface RunOptions {
  readonly dial?: Partial<DialConfig>;
  readonly policy?: Partial<PolicyConfig>;
  readonly context?: Partial<FollowContext>;
}

/** A run of the connect loop, from which the test pulls items. */
export interface Run extends AsyncIterable<FollowItem> {
  readonly items: readonly FollowItem[];
  abort(): void;
  /** The next item, or undefined when the run has ended. */
  next(): Promise<FollowItem | undefined>;
  /** Pulls until an item of this kind, and returns it; throws if the run ends without one. */
  until<K extends FollowItem['kind']>(kind: K): Promise<Extract<FollowItem, { kind: K }>>;
  /** Pulls until there are `count` events, and returns their texts. */
  takeEvents(count: number): Promise<string[]>;
  /** Stops pulling, like a consumer that leaves its loop. */
  stopPulling(): Promise<void>;
  /** Pulls until the run ends. */
  finish(): Promise<readonly FollowItem[]>;
}

/** Follows a URL with short delays; the run is aborted at the end of the test. */
export function startRun(url: string, { dial = {}, policy = {}, context = {} }: RunOptions = {}): Run {
  const stop = new AbortController();
  const dialSettings: DialConfig = {
    url,
    host: new URL(url).host,
    key: KEY,
    userAgent: 'atlantis-cli/test',
    proxyUrl: undefined,
    trustedRoots: undefined,
    connectTimeoutMs: 5_000,
    keepalive: { pingIntervalMs: 0, pongTimeoutMs: 1_000 },
    classify: classifyText,
    createFrameBuffer,
    ...dial,
  };
  const retryPolicy: PolicyConfig = {
    maxReconnects: Number.POSITIVE_INFINITY,
    retryMinMs: 1,
    retryMaxMs: 1,
    deadlineMs: undefined,
    ...policy,
  };
  const items: FollowItem[] = [];
  const { signal } = stop;
  const clock = context.clock ?? systemClock;
  const generator = followStream(retryPolicy, {
    clock,
    random: () => 0,
    signal,
    connect: (isFirst) => openConnection(dialSettings, { clock, signal }, isFirst),
    ...context,
  });
  const next = async (): Promise<FollowItem | undefined> => {
    const { value } = await generator.next();
    if (value !== undefined) items.push(value);
    return value ?? undefined;
  };
  registerCleanup(async () => {
    stop.abort();
    await generator.return();
  });
  const pull = async (what: string): Promise<FollowItem> => {
    const item = await next();
    if (item === undefined) throw new Error(`ended without ${what}: ${JSON.stringify(items.slice(-3))}`);
    return item;
  };
  return {
    items,
    abort: () => stop.abort(),
    next,
    async until(kind) {
      for (;;) {
        const item = await pull(`"${kind}"`);
        if (isOfKind(item, kind)) return item;
      }
    },
    async takeEvents(count) {
      const texts: string[] = [];
      while (texts.length < count) {
        const item = await pull(`${count} events`);
        if (item.kind === 'events') texts.push(...textsOf(item.batch).map(String));
      }
      return texts;
    },
    async stopPulling() {
      await generator.return();
    },
    async finish() {
      while ((await next()) !== undefined);
      return items;
    },
    async *[Symbol.asyncIterator]() {
      for (let item = await next(); item !== undefined; item = await next()) yield item;
    },
  };
}

function isOfKind<K extends FollowItem['kind']>(
  item: FollowItem,
  kind: K,
): item is Extract<FollowItem, { kind: K }> {
  return item.kind === kind;
}
