// Starts the benchmark's server as a process of its own and says when a connection's events began.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encodeFlow } from './flow.mjs';

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url));

/**
 * @returns a handle: `base(flow)` is the base URL for a flow, `stream(flow)` its WebSocket URL,
 *   `nextBegin()` resolves with the monotonic ns at which the next connection's first event is written.
 */
export async function startServer() {
  const child = fork(SERVER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.on('exit', (code) => {
    if (code !== 0) throw new Error(`the server of the benchmark ended in ${code}`);
  });
  let waiting = [];
  const port = await new Promise((resolve) => {
    child.on('message', (message) => {
      if (message.port !== undefined) resolve(message.port);
      else {
        for (const tell of waiting) tell(BigInt(message.upgradedNs));
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
