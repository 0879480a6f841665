// The two clients of the service's own documentation (protocol.md), run as programs of their own.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '@jest/globals';
import { registerCleanup } from '../helpers/cleanup.ts';
import { findPython } from '../helpers/python.ts';
import { openSimulator } from './stream-client.ts';

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

/** Runs a client against a fresh simulator and returns the first `count` lines of its output. */
async function collectLines(command: string, args: readonly string[], count: number): Promise<string[]> {
  const simulator = await openSimulator({ seed: 1, ratePerSecond: 100, count: 5 });
  const url = `${simulator.url.replace('http', 'ws')}/v1/stream`;
  const child = spawn(command, [...args, url, simulator.exampleKey], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    if (lines.push(line) === count) return lines;
  }
  throw new Error(`the client ended after ${lines.length} lines: ${errors}`);
}

function expectStream(lines: readonly string[]): void {
  expect(lines[0]).toBe('{"type":"welcome","key":"ak_live_01234567"}');
  expect(lines).toContain('pong');
  const events = lines.slice(1).filter((line) => line !== 'pong');
  expect(events).toHaveLength(5);
  for (const event of events) expect(JSON.parse(event)).toMatchObject({ type: expect.any(String) });
}

describe('the reference clients', () => {
  test('JavaScript, package ws: welcome, pong and every event', async () => {
    expectStream(await collectLines(process.execPath, ['--input-type=module', '-e', JAVASCRIPT_CLIENT], 7));
  });

  const python = findPython('websocket');
  if (python) {
    test('Python, package websocket-client: the first recv() is the welcome', async () => {
      expectStream(await collectLines(python, ['-c', PYTHON_CLIENT], 7));
    });
  } else {
    test.skip('Python, package websocket-client: SKIPPED, no python3 with websocket-client here', () => {});
  }
});
