// The agent that reaches the API through an HTTP proxy by CONNECT (contract C6). A bundle of its own.
import type { Agent } from 'node:http';
import { HttpsProxyAgent } from 'https-proxy-agent';

/**
 * An agent for one attempt; `proxyUrl` may carry credentials, which go into Proxy-Authorization only.
 *
 * @param signal destroys the socket to the proxy: until that has answered nobody else knows it
 */
export function createConnectAgent(proxyUrl: string, signal: AbortSignal): Agent {
  return new HttpsProxyAgent(proxyUrl, { keepAlive: false, signal });
}
