// The agent that reaches the API through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
//
// Sends CONNECT and reads the response itself, with a size limit: https-proxy-agent buffers whatever a proxy sends
// until the end of the header.
import type { Agent, ClientRequest } from 'node:http';
import { connect as connectTcp, isIP, isIPv6, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent, type HttpsProxyAgentOptions } from 'https-proxy-agent';

/** Limit for the header. Node's own limit for HTTP is 16 KiB. */
export const MAX_HEADER_BYTES = 64 * 1024;

const HEADER_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;

interface ProxyResponse {
  readonly statusCode: number;
  /** Everything that was read: the header and what arrived with it. */
  readonly bytes: Buffer;
}

/** Resolves when the header is complete. On failure it rejects and destroys the socket. */
export function readProxyResponse(socket: Socket): Promise<ProxyResponse> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.alloc(MAX_HEADER_BYTES);
    let size = 0;
    const removeListeners = (): void => {
      socket.off('readable', read).off('end', onEnd).off('error', fail).off('close', onEnd);
    };
    const fail = (error: Error): void => {
      removeListeners();
      socket.destroy();
      reject(error);
    };
    const onEnd = (): void => fail(new Error('it closed the connection without a response'));
    const finish = (bytes: Buffer): void => {
      const [, status] = STATUS_LINE.exec(bytes.toString('latin1')) ?? [];
      if (status === undefined) {
        fail(new Error('its response is not HTTP'));
      } else {
        removeListeners();
        resolve({ statusCode: Number(status), bytes });
      }
    };
    const read = (): void => {
      for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null) {
        // The end of the header may be split across two parts.
        const searchFrom = Math.max(0, size - HEADER_END.length + 1);
        size += part.copy(buffer, size);
        const seen = buffer.subarray(0, size);
        const isComplete = seen.includes(HEADER_END, searchFrom);
        if (isComplete) finish(seen);
        else if (size === MAX_HEADER_BYTES) fail(new Error('its response header is too long'));
        else continue;
        return;
      }
    };
    socket.on('readable', read).on('end', onEnd).on('error', fail).on('close', onEnd);
  });
}

type AddTap = (socket: Socket) => Duplex;

interface ConnectAgentOptions {
  /** Reuses a tunnel for the next request; default false. */
  readonly keepAlive?: boolean;
  /** Wraps the socket to the host; default the socket itself. */
  readonly addTap?: AddTap;
}

/**
 * An agent for one attempt; credentials in `proxyUrl` are only sent as Proxy-Authorization.
 *
 * @param trustedRoots for a proxy that is reached by TLS: PEM that replaces the built-in roots
 * @param signal destroys the socket to the proxy, which no other code can reach until the proxy has responded
 */
export function createConnectAgent(
  proxyUrl: string,
  trustedRoots: readonly string[] | undefined,
  signal: AbortSignal,
  { keepAlive = false, addTap = (socket) => socket }: ConnectAgentOptions = {},
): Agent {
  const ca = trustedRoots === undefined ? {} : { ca: [...trustedRoots] };
  return new TunnelAgent(proxyUrl, { keepAlive, signal, rejectUnauthorized: true, ...ca }, addTap);
}

class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #addTap: AddTap;

  constructor(proxyUrl: string, options: HttpsProxyAgentOptions<string>, addTap: AddTap) {
    super(proxyUrl, options);
    this.#addTap = addTap;
  }

  /** A socket to the host of the request, or one that replays the proxy's refusal. */
  override async connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    const host = options.host ?? '';
    const toProxy = this.#connectToProxy();
    // Other listeners report its errors; this one handles those before and after they listen.
    toProxy.on('error', () => undefined);
    toProxy.write(this.#composeConnect(host, Number(options.port)));
    const { statusCode, bytes } = await readProxyResponse(toProxy);
    request.emit('proxyConnect', { statusCode });
    if (statusCode !== 200) {
      toProxy.destroy();
      return createReplaySocket(bytes, request);
    }
    // The requester adds its listeners first.
    request.once('socket', (socket: Socket) => void setImmediate(() => socket.resume()));
    if (!options.secureEndpoint) return this.#addTap(toProxy) as Socket;
    const { path: _path, port: _port, host: _host, ...tlsOptions } = options;
    const socket = connectTls({
      ...tlsOptions,
      ...(isIP(host) === 0 && { servername: options.servername ?? host }),
      // Verify for the host of the URL. For an IP address Node would use the proxy's name, or localhost.
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
      socket: toProxy,
    });
    return this.#addTap(socket) as Socket;
  }

  #connectToProxy(): Socket {
    const where = this.connectOpts;
    if (this.proxy.protocol !== 'https:') return connectTcp(where);
    const { host = '' } = where;
    return connectTls({ ...where, ...(isIP(host) === 0 && { servername: host }) });
  }

  #composeConnect(host: string, port: number): string {
    const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    const { username, password } = this.proxy;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return [
      `CONNECT ${target} HTTP/1.1`,
      ...(login === ':' ? [] : [`Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}`]),
      `Host: ${target}`,
      `Proxy-Connection: ${this.keepAlive ? 'Keep-Alive' : 'close'}`,
      '\r\n',
    ].join('\r\n');
  }
}

/** An unconnected socket that delivers `bytes` once the request has it, and discards the request. */
function createReplaySocket(bytes: Buffer, request: ClientRequest): Socket {
  const replaySocket = new Socket({ writable: false });
  // Node considers an unconnected socket closed.
  Object.assign(replaySocket, { readable: true });
  request.once('socket', (socket: Socket) => {
    socket.push(bytes);
    socket.push(null);
  });
  return replaySocket;
}
