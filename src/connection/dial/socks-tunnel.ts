// Asks a SOCKS 5 proxy for a tunnel (contract C6). A bundle of its own.
import { lookup } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { SocksClient } from 'socks';
import { MAX_TIMER_MS } from '../../clock.ts';
import { DETAILS } from '../messages.ts';
import type { Endpoint } from './tcp.ts';

/** Refusals that another attempt would not change: of the login, of its method, and by the rules of the proxy. */
const REFUSED = /authentication|NotAllowed/i;

/** Resolves when the tunnel is open. */
export async function requestTunnel(
  socket: Socket,
  proxy: URL,
  { host, port }: Endpoint,
): Promise<undefined> {
  const { protocol, hostname, username, password } = proxy;
  try {
    const address = protocol === 'socks5h:' ? host : await resolveHere(host);
    await SocksClient.createConnection({
      command: 'connect',
      destination: { host: address, port },
      existing_socket: socket,
      // The time limit of the attempt replaces it.
      timeout: MAX_TIMER_MS,
      proxy: {
        type: 5,
        // Not used, since the socket is connected.
        host: hostname,
        port: 1080,
        ...(username !== '' && {
          userId: decodeURIComponent(username),
          password: decodeURIComponent(password),
        }),
      },
    });
  } catch (error) {
    // The error of the library has the password of the proxy in its options.
    const { message } = error as Error;
    throw Object.assign(new Error(message), REFUSED.test(message) && { code: 'ESOCKSREFUSED' });
  }
}

/** `socks5:` looks a name up on this machine, as curl does. */
async function resolveHere(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const found = await promisify(lookup)(host, { all: true }).catch(() => []);
  if (found[0] !== undefined) return found[0].address;
  throw new Error(DETAILS.notFoundHere(host));
}
