// The agent that reaches the API through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
import type { Agent } from 'node:http';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';

/**
 * An agent for one attempt; `proxyUrl` may carry credentials, which go into Proxy-Authorization only.
 *
 * @param trustedRoots for a proxy that is reached by TLS: PEM that replaces the built-in roots, or undefined
 * @param signal destroys the socket to the proxy: until that has answered nobody else knows it
 * @param keepAlive keeps a tunnel for the next request
 */
export function createConnectAgent(
  proxyUrl: string,
  trustedRoots: readonly string[] | undefined,
  signal: AbortSignal,
  keepAlive = false,
): Agent {
  const ca = trustedRoots === undefined ? {} : { ca: [...trustedRoots] };
  return new TunnelAgent(proxyUrl, { keepAlive, signal, rejectUnauthorized: true, ...ca });
}

class TunnelAgent extends HttpsProxyAgent<string> {
  /**
   * Holds the certificate inside the tunnel to the host of the URL. For an address the library leaves that
   * open, and Node would then accept a certificate for the name of the proxy, or for localhost.
   */
  override connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>
  ): ReturnType<HttpsProxyAgent<string>['connect']> {
    const host = options.host ?? '';
    const identity = {
      checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate),
    };
    return super.connect(request, { ...options, ...identity });
  }
}
