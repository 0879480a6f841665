// The agent that reaches a host through a SOCKS 5 proxy (contract C6). A bundle of its own.
import { lookup } from 'node:dns';
import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { SocksClient } from 'socks';
import { DETAILS } from '../messages.ts';
import { TunnelAgent } from './proxy-agent.ts';

const DEFAULT_PORT = 1080;

/** Refusals that another attempt would not change: of the login, of its method, and by the rules of the proxy. */
const REFUSED = /authentication|NotAllowed/i;

export class SocksAgent extends TunnelAgent {
  protected override async openTunnel(
    request: ClientRequest,
    host: string,
    port: number,
  ): Promise<{ readonly socket: Socket }> {
    const { protocol, username, password } = this.proxy;
    const proxyPort = Number(this.proxy.port || DEFAULT_PORT);
    const socket = connect({ ...this.connectOpts, port: proxyPort });
    // Other listeners report its errors; this one handles those before and after they listen.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    try {
      const address = protocol === 'socks5h:' ? host : await resolveHere(host);
      await SocksClient.createConnection({
        command: 'connect',
        destination: { host: address, port },
        existing_socket: socket,
        proxy: {
          type: 5,
          host: this.proxy.hostname,
          port: proxyPort,
          ...(username !== '' && {
            userId: decodeURIComponent(username),
            password: decodeURIComponent(password),
          }),
        },
      });
    } catch (error) {
      socket.destroy();
      // The error of the library has the password of the proxy in its options.
      const { message } = error as Error;
      throw Object.assign(new Error(message), REFUSED.test(message) && { code: 'ESOCKSREFUSED' });
    }
    request.emit('proxyConnect', { statusCode: 200 });
    return { socket };
  }
}

/** `socks5:` looks a name up on this machine, as curl does. */
async function resolveHere(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const found = await promisify(lookup)(host, { all: true }).catch(() => []);
  if (found[0] !== undefined) return found[0].address;
  throw new Error(DETAILS.notFoundHere(host));
}
