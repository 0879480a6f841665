// Bun's own WebSocket client. Run by bun with a URL and a way to print: `log` uses console.log for each
// message, as the reference client does; `batch` joins what arrives in one tick, its fastest way.
const [url, way] = process.argv.slice(2);
const socket = new WebSocket(url, { headers: { 'X-API-Key': process.env.ATLANTIS_API_KEY } });
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
