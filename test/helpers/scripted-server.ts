// A raw TCP or TLS server on loopback that sends exact bytes: each connection runs the test's script.
//
// It records every attempt. A script that fails makes `close` reject, so a failed assertion in a script fails
// the test; a script that meets a client that is gone just ends. When a script returns, its connection stays.
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { type Attempt, ConnectionEnded } from './attempt.ts';
import { type Lifetime, registerCleanup } from './cleanup.ts';
import { Peer } from './peer.ts';
import { Watch } from './watch.ts';

export type { Attempt } from './attempt.ts';
export { frame } from './frames.ts';
export type { Peer } from './peer.ts';

/** What the server does with one connection; `index` counts from 0. */
export type Script = (peer: Peer, index: number) => Promise<void>;

export interface ScriptedServerOptions {
  /** Key, certificate and the like: speaks TLS. */
  readonly tls?: TlsOptions;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** A listening server made elsewhere (see `netns.ts`), instead of host and port. */
  readonly listener?: Server;
  /** Default: closed after the test. */
  readonly lifetime?: Lifetime;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** `ws://host:port`, or `wss://localhost:port` with TLS. */
  readonly url: string;
  /** Every TCP connection so far, also those that failed in TLS. */
  readonly attempts: readonly Attempt[];
  /** What scripts threw, apart from clients that went away. */
  readonly errors: readonly unknown[];
  /** Changes the script for connections that come from now on. */
  setScript(script: Script): void;
  /** The n-th attempt, counted from 1, as soon as it was made. */
  waitForAttempt(n: number, limitMs?: number): Promise<Attempt>;
  /**
   * Resolves when `probe` gives something; looked at after everything that happens on any connection.
   * Like `waitForAttempt`, rejects at once when a script has failed.
   */
  waitUntil<T>(probe: () => T | undefined, what: string, limitMs?: number): Promise<T>;
  /** Connections that are open now. */
  countOpen(): number;
  /** Stops listening and resets what is open. Rejects with the first error of a script. */
  close(): Promise<void>;
}

/** Starts a server that runs `script` for each connection. */
export async function startScriptedServer(
  script: Script,
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const watch = new Watch();
  const attempts: Attempt[] = [];
  const errors: unknown[] = [];
  const open = new Set<Socket>();
  let current = script;

  const runScript = (socket: Socket | TLSSocket, tcp: Socket, attempt: Attempt): void => {
    const peer = new Peer(socket, tcp, attempt, watch);
    current(peer, attempt.index).catch((error: unknown) => {
      if (!(error instanceof ConnectionEnded)) errors.push(error);
      watch.notify();
    });
  };
  const server = options.listener ?? createTcpServer();
  server.on('connection', (tcp) => {
    const attempt = {
      index: attempts.length,
      connectedAtMs: performance.now(),
      bytesReceived: 0,
      frames: [],
    };
    attempts.push(attempt);
    open.add(tcp);
    tcp.setNoDelay(true);
    tcp.on('error', () => undefined);
    tcp.on('close', () => {
      open.delete(tcp);
      watch.notify();
    });
    if (options.tls) startTls(options.tls, tcp, attempt, watch, runScript);
    else runScript(tcp, tcp, attempt);
    watch.notify();
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (server.listening) resolve();
    else server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    forget();
    closed ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const tcp of open) tcp.destroy();
    }).then(() => {
      if (errors.length > 0) throw errors[0];
    });
    return closed;
  };
  const forget = registerCleanup(close, options.lifetime);

  const waitUntil = <T>(probe: () => T | undefined, what: string | (() => string), limitMs?: number) =>
    watch.until(
      () => {
        const value = probe();
        if (value === undefined && errors.length > 0) throw errors[0];
        return value;
      },
      what,
      limitMs,
    );

  const host = options.tls ? 'localhost' : (options.host ?? '127.0.0.1');
  return {
    port,
    url: `${options.tls ? 'wss' : 'ws'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    attempts,
    errors,
    setScript: (next) => {
      current = next;
    },
    waitForAttempt: (n, limitMs) =>
      waitUntil(
        () => attempts[n - 1],
        () => `attempt ${n} (${attempts.length} so far)`,
        limitMs,
      ),
    waitUntil,
    countOpen: () => open.size,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What `streamHandler` sends and how it ends. */
export interface StreamOptions {
  /** Text of the events, sent after the welcome. */
  readonly events?: Iterable<string> | AsyncIterable<string>;
  /** Runs after the last event; default: the connection stays open until the client closes it. */
  readonly finish?: (peer: Peer, index: number) => unknown;
}

/**
 * A script that behaves like the service: 101, the welcome for the key in X-API-Key, pings answered, a Close
 * echoed, the events (waiting when the client does not read), then `finish`.
 */
export function streamHandler({ events = [], finish }: StreamOptions = {}): Script {
  return async (peer, index) => {
    peer.answerPings();
    peer.answerClose();
    await peer.accept();
    await peer.welcome();
    for await (const event of events) await peer.sendText(event);
    await finish?.(peer, index);
  };
}

/** A TLS server for one connection: so it is known which attempt a failed handshake belongs to. */
function startTls(
  options: TlsOptions,
  tcp: Socket,
  attempt: Attempt,
  watch: Watch,
  runScript: (socket: TLSSocket, tcp: Socket, attempt: Attempt) => void,
): void {
  const server = createTlsServer(options, (socket) => runScript(socket, tcp, attempt));
  server.on('tlsClientError', (error, socket) => {
    attempt.ended ??= { how: 'tls-failure', atMs: performance.now(), error };
    socket.destroy();
    watch.notify();
  });
  server.emit('connection', tcp);
}
