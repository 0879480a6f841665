// Makes a server listen on an address.
import type { AddressInfo, Server } from 'node:net';
import { formatAddress } from '../connection/dial/address.ts';
import { type ErrorText, UsageError } from '../errors.ts';

/** Resolves with the IP address, and with the chosen port for port 0. @throws UsageError with the text of `sayFault` */
export async function listenOn(
  server: Server,
  host: string,
  port: number,
  sayFault: (address: string, error: NodeJS.ErrnoException) => ErrorText,
): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new UsageError(...sayFault(formatAddress(host, port), error))));
    server.listen(port, host, resolve);
  });
  return server.address() as AddressInfo;
}
