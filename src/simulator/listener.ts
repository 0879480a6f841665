// The HTTP or HTTPS server under the simulator, and the TCP connections under it.
//
// A reset is a matter of TCP: under TLS it takes the socket below, which Node does not hand out, so it is found
// by the address of the other side.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { UsageError } from '../errors.ts';
import type { ServerCertificate } from './certificate.ts';

export interface Listener {
  readonly server: Server;
  /** Base URL; "every address" is reached by way of loopback. Only after listen(). */
  url(): string;
  /** @throws UsageError if the address cannot be listened on */
  listen(port: number, host: string): Promise<number>;
  /** Ends a connection by a TCP reset, whatever lies above TCP. */
  reset(socket: Socket): void;
  /** Ends every connection at once; resolves when the port is free again. */
  close(): Promise<void>;
}

/** Why an address cannot be listened on, and what can be done. */
const WORDS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EADDRINUSE: ['the port is in use', '--port 0 (in a program: port: 0) picks a free one'],
  EACCES: [
    'this port is not for every user',
    'take one from 1024 on, or --port 0 (in a program: port: 0) for a free one',
  ],
  EADDRNOTAVAIL: ['this machine has no such address', '0.0.0.0 is every address of the machine'],
  ENOTFOUND: ['there is no such host name', 'give an address of this machine'],
};

const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** A server that is not listening yet; with a certificate it speaks TLS and nothing else. */
export function createListener(
  certificate: ServerCertificate | undefined,
  answer: RequestListener,
): Listener {
  const server =
    certificate === undefined ? createServer(answer) : createTlsServer({ ...certificate }, answer);
  const connections = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket);
    connections.set(address, socket);
    // A client that goes away is nobody's fault here; 'close' follows and cleans up.
    socket.on('error', () => undefined);
    socket.once('close', () => connections.delete(address));
  });
  server.on('secureConnection', (socket: Socket) => socket.on('error', () => undefined));

  return {
    server,
    url() {
      const { address, port } = server.address() as AddressInfo;
      const scheme = certificate === undefined ? 'http' : 'https';
      if (address === '0.0.0.0') return `${scheme}://127.0.0.1:${port}`;
      if (address === '::') return `${scheme}://[::1]:${port}`;
      return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
    },
    async listen(port, host) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => {
          const [why, hint] = WORDS[error.code ?? ''] ?? [error.message];
          const address = host.includes(':') ? `[${host}]` : host;
          reject(new UsageError(`the simulator cannot listen on ${address}:${port}: ${why}`, hint));
        });
        server.listen(port, host, resolve);
      });
      return (server.address() as AddressInfo).port;
    },
    reset(socket) {
      (connections.get(addressOf(socket)) ?? socket).resetAndDestroy();
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of connections.values()) socket.destroy();
      });
    },
  };
}
