// The agent that reaches the API through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent, type HttpsProxyAgentOptions } from 'https-proxy-agent';

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

  /**
   * Holds the certificate inside the tunnel to the host of the URL. For an address the library leaves that
   * open, and Node would then accept a certificate for the name of the proxy, or for localhost.
   */
  override async connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    const host = options.host ?? '';
    const identity = {
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
    };
    const socket = await super.connect(request, { ...options, ...identity });
    // The library answers a refusal with a socket that only replays what the proxy said.
    return socket.writable ? (this.#addTap(socket) as Socket) : socket;
  }
}
