// Starts the benchmark server as a separate process and reports when the events of a connection begin.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeFlow } from './flow.mjs';

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url));

/**
 * A server: `base(flow)` is the base URL for a flow, `stream(flow)` its WebSocket URL; `nextBegin()` resolves with the
 * monotonic time in ns at which the next connection's first event is written. `tls` is the same over `wss:`.
 * SSL_CERT_FILE is set to the file with its certificate.
 */
export async function startServer() {
  const child = fork(SERVER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.on('exit', (code) => {
    if (code !== 0) throw new Error(`the benchmark server exited with ${code}`);
  });
  let waiting = [];
  const { port, tlsPort, certificate } = await new Promise((resolve) => {
    child.on('message', (message) => {
      if (message.port !== undefined) resolve(message);
      else {
        for (const resolveNext of waiting) resolveNext(BigInt(message.begunNs));
        waiting = [];
      }
    });
  });
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  process.env.SSL_CERT_FILE = join(directory, 'certificate.pem');
  writeFileSync(process.env.SSL_CERT_FILE, certificate);
  const describeListener = (suffix, listenPort) => {
    const url = (scheme, flow) => `${scheme}${suffix}://127.0.0.1:${listenPort}${encodeFlow(flow)}`;
    return {
      scheme: `ws${suffix}`,
      base: (flow) => url('http', flow),
      stream: (flow) => `${url('ws', flow)}/v1/stream`,
      nextBegin: () => new Promise((resolve) => waiting.push(resolve)),
    };
  };
  return {
    ...describeListener('', port),
    tls: describeListener('s', tlsPort),
    stop() {
      child.disconnect();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
