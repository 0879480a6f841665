// A TCP connection to the simulator, to send bytes that no WebSocket client sends, and to see every byte received.
import { connect, type Socket } from 'node:net';
import { registerCleanup } from '../helpers/cleanup.ts';
import { Watch } from '../helpers/watch.ts';

/** A TCP connection with the bytes that it received. */
export function openRaw(port: number) {
  const watch = new Watch();
  const raw = {
    socket: connect(port, '127.0.0.1'),
    received: Buffer.alloc(0),
    isClosed: false,
    until: <T>(probe: () => T | undefined, what: string) => watch.until(probe, what),
  };
  registerCleanup(() => raw.socket.destroy());
  raw.socket.on('data', (bytes) => {
    raw.received = Buffer.concat([raw.received, bytes]);
    watch.notify();
  });
  raw.socket.on('error', () => undefined);
  raw.socket.on('close', () => {
    raw.isClosed = true;
    watch.notify();
  });
  return raw;
}

/** Asks for the stream. */
export function requestUpgrade(socket: Socket, key: string): void {
  socket.write(
    `GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-API-Key: ${key}\r\n` +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
}

/** A raw connection after the upgrade and the welcome. */
export async function upgradeRaw({ port, exampleKey }: { port: number; exampleKey: string }) {
  const raw = openRaw(port);
  requestUpgrade(raw.socket, exampleKey);
  await raw.until(() => (raw.received.includes('"welcome"') ? true : undefined), 'the welcome');
  return raw;
}
