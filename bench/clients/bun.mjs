// Bun's WebSocket client. Arguments: a URL and how to print. `log` calls console.log for each message, as the
// reference client does; `batch` joins the messages of one tick, which is the fastest way.
import { readFileSync } from 'node:fs';

const [url, way] = process.argv.slice(2);
const socket = new WebSocket(url, {
  headers: { 'X-API-Key': process.env.ATLANTIS_API_KEY },
  ...(url.startsWith('wss:') && { tls: { ca: readFileSync(process.env.SSL_CERT_FILE) } }),
});
let lines = '';

function flush() {
  process.stdout.write(lines);
  lines = '';
}

socket.onmessage =
  way === 'log'
    ? ({ data }) => console.log(data)
    : ({ data }) => {
        if (lines === '') setImmediate(flush);
        lines += `${data}\n`;
      };
