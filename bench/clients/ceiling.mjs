// The ceiling: the fastest client that `ws` allows. Lines that arrive together share one write, and reading
// stops while stdout is blocked. It has no validation, keepalive, limits or status.
import WebSocket from 'ws';

const NEWLINE = Buffer.from('\n');
const socket = new WebSocket(process.argv[2], {
  headers: { 'X-API-Key': process.env.ATLANTIS_API_KEY },
  perMessageDeflate: false,
});
let parts = [];
let isWelcome = true;

function flush() {
  const lines = Buffer.concat(parts);
  parts = [];
  if (process.stdout.write(lines)) return;
  socket.pause();
  process.stdout.once('drain', () => socket.resume());
}

socket.on('message', (message) => {
  if (isWelcome) {
    isWelcome = false;
    return;
  }
  if (parts.length === 0) process.nextTick(flush);
  parts.push(message, NEWLINE);
});
