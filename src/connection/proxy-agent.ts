// The agent that reaches the API through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
import type { Agent } from 'node:http';
import { HttpsProxyAgent } from 'https-proxy-agent';

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
): Agent {
  const ca = trustedRoots === undefined ? {} : { ca: [...trustedRoots] };
  return new HttpsProxyAgent(proxyUrl, { keepAlive: false, signal, ...ca });
}
