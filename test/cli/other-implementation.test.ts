// The command against a server that shares no code with it, on a WebSocket library of another language.
import { expect, test } from '@jest/globals';
import { findWebSocketsPython, startPythonServer } from '../helpers/real-components.ts';
import { startCli } from '../helpers/run-cli.ts';

const KEY = 'ak_live_0123456789abcdeffedcba9876543210';
const EVENTS = [
  '{"type":"large_transfer","amount_raw":115792089237316195423570985008687907853269984665640564039457584007913129639935}',
  '{"type":"address_activity","note":"轉帳 🚀","n":1e400}',
  '[1,2,3]',
  '"pong"',
];
const title = 'events of python3-websockets are printed byte for byte, and pings are answered';
const run = findWebSocketsPython() === undefined ? test.skip : test;

run(findWebSocketsPython() === undefined ? `${title} (python3-websockets is missing)` : title, async () => {
  const server = await startPythonServer({ key: KEY, events: EVENTS });
  const args = ['stream', 'tail', '--url', server.url, '--json', '--ping-interval', '50ms', '--verbose'];
  const tail = startCli(args, { key: KEY });
  await tail.waitForLines(EVENTS.length);
  tail.kill('SIGTERM');
  const { stdout, stderr, signal } = await tail.exit;
  expect(stdout).toBe(`${EVENTS.join('\n')}\n`);
  expect(stderr).toContain('with the key ak_live_01234567…');
  expect(signal).toBe('SIGTERM');
});
