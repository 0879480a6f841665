// The agent that reaches the API through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
//
// Reads no more of the answer to CONNECT than an honest proxy would send. The proxy is asked here and not by the library, which keeps all that a proxy sends until its header ends.
import type { Agent } from 'node:http';
import { connect as connectTcp, isIP, isIPv6, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent, type HttpsProxyAgentOptions } from 'https-proxy-agent';

/** A longer header is none. Node's own limit for HTTP is 16 KiB. */
export const MAX_ANSWER_BYTES = 64 * 1024;

const HEADER_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;

interface ProxyAnswer {
  readonly statusCode: number;
  /** All that was read: the header and what came with it. */
  readonly bytes: Buffer;
}

/** The answer, as soon as its header is whole. Rejects when there is none; the socket is then destroyed. */
export function readProxyAnswer(socket: Socket): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.alloc(MAX_ANSWER_BYTES);
    let size = 0;
    const forget = (): void => {
      socket.off('readable', read).off('end', onEnd).off('error', fail).off('close', onEnd);
    };
    const fail = (error: Error): void => {
      forget();
      socket.destroy();
      reject(error);
    };
    const onEnd = (): void => fail(new Error('it hung up without an answer'));
    const finish = (bytes: Buffer): void => {
      const [, status] = STATUS_LINE.exec(bytes.toString('latin1')) ?? [];
      if (status === undefined) {
        fail(new Error('its answer is not HTTP'));
      } else {
        forget();
        resolve({ statusCode: Number(status), bytes });
      }
    };
    const read = (): void => {
      for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null) {
        // The end may lie across two parts.
        const searchFrom = Math.max(0, size - HEADER_END.length + 1);
        size += part.copy(buffer, size);
        const seen = buffer.subarray(0, size);
        const isWhole = seen.includes(HEADER_END, searchFrom);
        if (isWhole) finish(seen);
        else if (size === MAX_ANSWER_BYTES) fail(new Error('its answer is a header without an end'));
        else continue;
        return;
      }
    };
    socket.on('readable', read).on('end', onEnd).on('error', fail).on('close', onEnd);
  });
}

type AddTap = (socket: Socket) => Duplex;

interface ConnectAgentOptions {
  /** Keeps a tunnel for the next request; default false. */
  readonly keepAlive?: boolean;
  /** Makes of a socket to the host the one that is used; default the socket itself. */
  readonly addTap?: AddTap;
}

/**
 * An agent for one attempt; `proxyUrl` may carry credentials, which go into Proxy-Authorization only.
 *
 * @param trustedRoots for a proxy that is reached by TLS: PEM that replaces the built-in roots, or undefined
 * @param signal destroys the socket to the proxy: until that has answered nobody else knows it
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

  /** A socket to the host of the request; what a proxy says instead of opening one is read from a stand-in. */
  override async connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    const host = options.host ?? '';
    const toProxy = this.#reachProxy();
    // Whoever uses it hears of its errors as well; in between, and once it is given up, nobody does.
    toProxy.on('error', () => undefined);
    toProxy.write(this.#composeConnect(host, Number(options.port)));
    const { statusCode, bytes } = await readProxyAnswer(toProxy);
    request.emit('proxyConnect', { statusCode });
    if (statusCode !== 200) {
      toProxy.destroy();
      return replay(bytes, (play) => request.once('socket', play));
    }
    // Once whoever asked listens.
    request.once('socket', (socket: Socket) => void setImmediate(() => socket.resume()));
    if (!options.secureEndpoint) return this.#addTap(toProxy) as Socket;
    const { path: _path, port: _port, host: _host, ...tlsOptions } = options;
    const socket = connectTls({
      ...tlsOptions,
      ...(isIP(host) === 0 && { servername: options.servername ?? host }),
      // The certificate is held to the host of the URL. For an address Node would go by the name of the
      // proxy, or by localhost.
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
      socket: toProxy,
    });
    return this.#addTap(socket) as Socket;
  }

  #reachProxy(): Socket {
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

/** A socket that leads nowhere and brings `bytes`, once `whenListened` calls back: the request goes to nobody. */
function replay(bytes: Buffer, whenListened: (play: (socket: Socket) => void) => void): Socket {
  const standIn = new Socket({ writable: false });
  // Not connected, so Node takes it for closed.
  Object.assign(standIn, { readable: true });
  whenListened((socket) => {
    socket.push(bytes);
    socket.push(null);
  });
  return standIn;
}
