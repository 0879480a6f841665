// The floor for `wss:`: reads TLS and writes the bytes to stdout unparsed, frame headers included, until the
// server's Close frame.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';

const [, , url] = process.argv;
/** Close with code 1000, the last bytes of the server. */
const CLOSE = Buffer.from([0x88, 0x02, 0x03, 0xe8]);
const { hostname, port, pathname } = new URL(url);
const socket = connect({ host: hostname, port: Number(port) }, () => {
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
});
socket.on('data', (chunk) => {
  if (chunk.subarray(-CLOSE.length).equals(CLOSE)) socket.end();
  if (process.stdout.write(chunk)) return;
  socket.pause();
  process.stdout.once('drain', () => socket.resume());
});
socket.on('end', () => socket.end());
