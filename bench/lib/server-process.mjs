// Starts the benchmark server as a separate process and reports when the events of a connection begin.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encodeFlow } from './flow.mjs';

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url));

/**
 * @returns a handle: `base(flow)` is the base URL for a flow, `stream(flow)` its WebSocket URL;
 *   `nextBegin()` resolves with the monotonic time in ns at which the next connection's first event is written.
 */
export async function startServer() {
  const child = fork(SERVER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.on('exit', (code) => {
    if (code !== 0) throw new Error(`the benchmark server exited with ${code}`);
  });
  let waiting = [];
  const port = await new Promise((resolve) => {
    child.on('message', (message) => {
      if (message.port !== undefined) resolve(message.port);
      else {
        for (const resolveNext of waiting) resolveNext(BigInt(message.upgradedNs));
        waiting = [];
      }
    });
  });
  const base = (flow) => `http://127.0.0.1:${port}${encodeFlow(flow)}`;
  return {
    base,
    stream: (flow) => `${base(flow).replace('http:', 'ws:')}/v1/stream`,
    nextBegin: () => new Promise((resolve) => waiting.push(resolve)),
    stop: () => child.disconnect(),
  };
}
