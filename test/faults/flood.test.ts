// A server that sends small frames as fast as it can: timers and signals are heard all the same (contract R2).
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, OPCODE } from '../helpers/frames.ts';
import { type ScriptedServer, startScriptedServer } from '../helpers/scripted-server.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, expectDeath, spawnTail } from './start-tail.ts';

const BLOCK_BYTES = 1024 * 1024;
/** How long the client waits for the answer to its close (S1). */
const CLOSE_MS = 500;
/** Contract R2, the close, and what a busy machine takes to read a pipe. */
const HEARD_MS = 500 + CLOSE_MS + 1_000;

const ping = encodeFrame({ opcode: OPCODE.ping });
const FLOODS: readonly (readonly [string, Buffer])[] = [
  ['pings', ping],
  ['pings with a payload', encodeFrame({ opcode: OPCODE.ping, payload: 'abcdefgh' })],
  ['unsolicited pongs', encodeFrame({ opcode: OPCODE.pong })],
  ['pings and empty binary messages', Buffer.concat([ping, encodeFrame({ opcode: OPCODE.binary })])],
  ['texts that are not JSON', encodeFrame({ opcode: OPCODE.text, payload: 'x' })],
  ['events of one byte', encodeFrame({ opcode: OPCODE.text, payload: '1' })],
];

function startFlood(frames: Buffer): Promise<ScriptedServer> {
  const block = Buffer.concat(Array(Math.ceil(BLOCK_BYTES / frames.length)).fill(frames));
  return startScriptedServer(async (peer) => {
    await peer.accept();
    await peer.welcome();
    await peer.sendText('{"n":1}');
    while (!peer.attempt.ended) await peer.sendRaw(block);
  });
}

describe.each(FLOODS)('row 87 (R2): a flood of %s', (_name, frames) => {
  test('a signal ends it', async () => {
    await using server = await startFlood(frames);
    const child = spawnTail(server.url, ['--json'], { stdout: 'ignore' });
    await child.waitForStderr('connected to');
    await expectDeath(child, 'SIGTERM', HEARD_MS);
  });

  test('--timeout ends it', async () => {
    await using server = await startFlood(frames);
    const child = spawnTail(server.url, ['--json', '--timeout', '2s'], { stdout: 'ignore' });
    await child.waitForStderr('connecting to');
    const startedAtMs = performance.now();
    expect((await endOf(child)).code).toBe(124);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000 + HEARD_MS);
  });
});

test('row 87 (K1): the latest ping of a flood is answered, and the event after it is printed', async () => {
  const pings = Array.from({ length: 200_000 }, (_unused, n) =>
    encodeFrame({ opcode: OPCODE.ping, payload: `${n}` }),
  );
  const { server, first } = await startHandOver(['{"n":1}']);
  const child = spawnTail(server.url, ['--json', '--limit', '2']);
  const peer = await first;
  await peer.sendRaw(Buffer.concat(pings));
  const latest = `${pings.length - 1}`;
  const hasAnswer = (): boolean =>
    peer.attempt.frames.some(
      ({ opcode, payload }) => opcode === OPCODE.pong && payload.toString() === latest,
    );
  await server.waitUntil(() => hasAnswer() || undefined, 'the pong to the latest ping');
  await peer.sendText('{"n":2}');
  expect(await endOf(child)).toMatchObject({ code: 0, stdout: '{"n":1}\n{"n":2}\n' });
});
