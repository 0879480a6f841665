// Makes a server listen on an address, and says why it cannot.
import type { AddressInfo, Server } from 'node:net';

/** By the system's error code. */
const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine does not have this address',
  ENOTFOUND: 'unknown host name',
};

/** `127.0.0.1:9464`, `[::1]:9464`. */
export function formatAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Resolves with the port, which differs from `port` if that is 0.
 *
 * @param describe makes the error from the reason and the system's code
 * @throws the error that `describe` makes
 */
export async function listenOn(
  server: Server,
  host: string,
  port: number,
  describe: (why: string, code: string) => Error,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code = '', message }: NodeJS.ErrnoException) => {
      reject(describe(`${formatAddress(host, port)}: ${LISTEN_FAULTS[code] ?? message}`, code));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
