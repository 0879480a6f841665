// The two clients of the service's own documentation (docs/protocol.md), as programs of their own.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { registerCleanup } from '../helpers/cleanup.ts';
import { findPython } from '../helpers/python.ts';

const JAVASCRIPT_CLIENT = `
import { WebSocket } from 'ws';
const [url, key] = process.argv.slice(1);
const socket = new WebSocket(url, { headers: { 'X-API-Key': key } });
socket.on('open', () => socket.send('ping'));
socket.on('message', (message) => console.log(String(message)));
`;

const PYTHON_CLIENT = `
import sys
from websocket import create_connection
connection = create_connection(sys.argv[1], header=["X-API-Key: " + sys.argv[2]])
print(connection.recv(), flush=True)
connection.send("ping")
while True:
    print(connection.recv(), flush=True)
`;

/** A client to run: its name for people, and its command without URL and key; undefined if it is not installed. */
export interface ReferenceClient {
  readonly name: string;
  readonly command: readonly string[] | undefined;
}

const python = findPython('websocket');

export const REFERENCE_CLIENTS: readonly ReferenceClient[] = [
  {
    name: 'JavaScript, package ws',
    command: [process.execPath, '--input-type=module', '-e', JAVASCRIPT_CLIENT],
  },
  {
    name: 'Python, package websocket-client',
    command: python === undefined ? undefined : [python, '-c', PYTHON_CLIENT],
  },
];

/** Runs a client until it printed `count` lines or ended; its stderr is in `errors`. */
export async function runReferenceClient(
  [program = '', ...args]: readonly string[],
  simulator: { readonly url: string; readonly exampleKey: string },
  count: number,
): Promise<{ readonly lines: readonly string[]; readonly errors: string }> {
  const url = `${simulator.url.replace('http', 'ws')}/v1/stream`;
  const child = spawn(program, [...args, url, simulator.exampleKey], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  registerCleanup(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (lines.push(line) === count) return { lines, errors };
  }
  await ended;
  return { lines, errors };
}
