// A client that only counts frames by their headers, so that it is never the bottleneck.
import { connect } from 'node:net';
import { KEY } from './pipeline.mjs';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Connects to a simulator. `count()` returns the number of messages received; `socket.pause()` makes the client
 * stop reading.
 */
export async function openDrain(port) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(
    `GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `X-API-Key: ${KEY}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  let messages = 0;
  let hasHead = false;
  let rest = Buffer.alloc(0);
  const started = new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (!hasHead) {
        const end = bytes.indexOf(HEAD_END);
        rest = bytes;
        if (end < 0) return;
        hasHead = true;
        bytes = bytes.subarray(end + HEAD_END.length);
        resolve();
      }
      const at = skipFrames(bytes, () => {
        messages += 1;
      });
      rest = bytes.subarray(at);
    });
  });
  await started;
  return { socket, count: () => messages };
}

/** Calls back for each complete frame; returns the offset of the rest. */
function skipFrames(bytes, onFrame) {
  let at = 0;
  while (at + 2 <= bytes.length) {
    let length = bytes[at + 1];
    let head = 2;
    if (length === 126) {
      if (at + 4 > bytes.length) break;
      length = bytes.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      if (at + 10 > bytes.length) break;
      length = Number(bytes.readBigUInt64BE(at + 2));
      head = 10;
    }
    if (at + head + length > bytes.length) break;
    at += head + length;
    onFrame();
  }
  return at;
}
