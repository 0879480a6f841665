// The agent that reaches a host through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
//
// Sends CONNECT and reads the response itself, with a size limit: https-proxy-agent buffers whatever a proxy sends
// until the end of the header.
import type { ClientRequest } from 'node:http';
import { connect as connectTcp, isIP, isIPv6, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type PeerCertificate,
} from 'node:tls';
import { HttpsProxyAgent, type HttpsProxyAgentOptions } from 'https-proxy-agent';
import { PROXY_FAULTS } from '../messages.ts';
import { isTlsAlert } from '../network-errors.ts';
import { tcpOptions, trustOptions } from './tcp.ts';

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
    const onEnd = (): void =>
      fail(new Error(isTlsAlert(buffer) ? PROXY_FAULTS.wantsTls : PROXY_FAULTS.noResponse));
    const finish = (bytes: Buffer): void => {
      const [, status] = STATUS_LINE.exec(bytes.toString('latin1')) ?? [];
      if (status === undefined) {
        fail(new Error(isTlsAlert(buffer) ? PROXY_FAULTS.wantsTls : PROXY_FAULTS.notHttp));
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
        else if (size === MAX_HEADER_BYTES) fail(new Error(PROXY_FAULTS.tooLong));
        else continue;
        return;
      }
    };
    socket.on('readable', read).on('end', onEnd).on('error', fail).on('close', onEnd);
  });
}

type AddTap = (socket: Socket) => Duplex;

export interface TunnelOptions {
  /** Ms for the whole attempt. */
  readonly connectTimeoutMs: number;
  /** Reuses a tunnel for the next request; default false. */
  readonly keepAlive?: boolean;
  /** Wraps the socket to the host; default the socket itself. */
  readonly addTap?: AddTap;
}

/** A socket through the proxy, or one that replays the proxy's refusal. */
interface Tunnel {
  readonly socket: Socket;
  readonly isRefused?: boolean;
}

export class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #addTap: AddTap;

  /** For the parameters see `createTunnelAgent`. */
  constructor(
    proxyUrl: string,
    trustedRoots: readonly string[] | undefined,
    signal: AbortSignal,
    { connectTimeoutMs, keepAlive = false, addTap = (socket) => socket }: TunnelOptions,
  ) {
    const trust = proxyUrl.startsWith('https:') ? trustOptions(createSecureContext, trustedRoots) : {};
    const options = {
      keepAlive,
      signal,
      rejectUnauthorized: true,
      ...tcpOptions(connectTimeoutMs),
      ...trust,
    };
    super(proxyUrl, options as HttpsProxyAgentOptions<string>);
    this.#addTap = addTap;
  }

  /** A socket to the host of the request, or one that replays the proxy's refusal. */
  override async connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    const host = options.host ?? '';
    const { socket: tunnel, isRefused } = await this.openTunnel(request, host, Number(options.port));
    if (isRefused) return tunnel;
    // The requester adds its listeners first.
    request.once('socket', (socket: Socket) => void setImmediate(() => socket.resume()));
    if (!options.secureEndpoint) return this.#addTap(tunnel) as Socket;
    const { path: _path, port: _port, host: _host, ...tlsOptions } = options;
    const socket = connectTls({
      ...tlsOptions,
      ...(isIP(host) === 0 && { servername: options.servername ?? host }),
      // Verify for the host of the URL. For an IP address Node would use the proxy's name, or localhost.
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
      socket: tunnel,
    });
    return this.#addTap(socket) as Socket;
  }

  /** Emits `proxyConnect` with a status code on the request. */
  protected async openTunnel(request: ClientRequest, host: string, port: number): Promise<Tunnel> {
    const socket = this.#connectToProxy();
    // Other listeners report its errors; this one handles those before and after they listen.
    socket.on('error', () => undefined);
    socket.write(this.#composeConnect(host, port));
    const { statusCode, bytes } = await readProxyResponse(socket);
    request.emit('proxyConnect', { statusCode });
    if (statusCode === 200) return { socket };
    socket.destroy();
    return { socket: createReplaySocket(bytes, request), isRefused: true };
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
