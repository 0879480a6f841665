// A loopback port without a listener. No fixed port is free on every machine.
import { type AddressInfo, createServer } from 'node:net';

/** Finds a port that was free a moment ago. */
export function findClosedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
