// Asks an HTTP proxy for a tunnel by CONNECT (contract C6). A bundle of its own.
import { request as requestHttp } from 'node:http';
import type { Socket } from 'node:net';
import { formatAddress } from './address.ts';
import type { UpgradeRefusal } from './refusal.ts';
import type { Endpoint } from './tcp.ts';

/** Limit for the header of the response. Node's own limit for HTTP is 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024;

/** Resolves to the response if the proxy refuses. Credentials in `proxy` are only sent to the proxy. */
export function requestTunnel(
  socket: Socket,
  proxy: URL,
  { host, port }: Endpoint,
): Promise<Pick<UpgradeRefusal, 'status' | 'headers' | 'body'> | undefined> {
  const target = formatAddress(host, port);
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return new Promise((resolve, reject) => {
    const request = requestHttp({
      method: 'CONNECT',
      path: target,
      createConnection: () => socket,
      setHost: false,
      headers: {
        Host: target,
        'Proxy-Connection': 'Keep-Alive',
        ...(login !== ':' && { 'Proxy-Authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
      },
      maxHeaderSize: MAX_HEADER_BYTES,
      // Only the status of a 2xx matters, so its headers may be invalid.
      insecureHTTPParser: true,
    });
    // Otherwise Node asks the proxy to close the connection.
    request.removeHeader('Connection');
    // Emitted for every status.
    request.once('connect', ({ statusCode: status = 0, headers }, _socket, rest) => {
      const isOpen = status >= 200 && status < 300;
      if (isOpen && rest.length > 0) socket.unshift(rest);
      resolve(isOpen ? undefined : { status, headers, body: rest.toString('utf8') });
    });
    request.on('error', reject);
    request.end();
  });
}
