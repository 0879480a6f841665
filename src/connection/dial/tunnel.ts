// Chooses the agent for a proxy, and loads only that.
import type { Agent } from 'node:http';
import type { TunnelOptions } from './proxy-agent.ts';

/**
 * An agent for one attempt; credentials in `proxyUrl` are only sent to the proxy.
 *
 * @param proxyUrl `http:`, `https:`, `socks5:` or `socks5h:`
 * @param trustedRoots for a proxy that is reached over TLS: PEM to trust in addition to Node's roots
 * @param signal destroys the socket to the proxy, which no other code can reach until the proxy has responded
 */
export async function createTunnelAgent(
  proxyUrl: string,
  trustedRoots: readonly string[] | undefined,
  signal: AbortSignal,
  options: TunnelOptions,
): Promise<Agent> {
  const AgentClass = proxyUrl.startsWith('socks')
    ? (await import('./socks-agent.ts')).SocksAgent
    : (await import('./proxy-agent.ts')).TunnelAgent;
  return new AgentClass(proxyUrl, trustedRoots, signal, options);
}
