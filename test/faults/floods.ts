// Servers that send small frames as fast as they can.
import { encodeFrame, OPCODE } from '../helpers/frames.ts';
import { type ScriptedServer, startScriptedServer } from '../helpers/scripted-server.ts';

const BLOCK_BYTES = 1024 * 1024;
/** How long the client waits for the answer to its close (S1). */
const CLOSE_MS = 500;
/** The limit of contract R2, the time for the close, and time for a busy machine to read a pipe. */
export const HEARD_MS = 500 + CLOSE_MS + 1_000;

const ping = encodeFrame({ opcode: OPCODE.ping });
export const FLOODS: readonly (readonly [string, Buffer])[] = [
  ['pings', ping],
  ['pings with a payload', encodeFrame({ opcode: OPCODE.ping, payload: 'abcdefgh' })],
  ['unsolicited pongs', encodeFrame({ opcode: OPCODE.pong })],
  ['pings and empty binary messages', Buffer.concat([ping, encodeFrame({ opcode: OPCODE.binary })])],
  ['texts that are not JSON', encodeFrame({ opcode: OPCODE.text, payload: 'x' })],
  ['events of one byte', encodeFrame({ opcode: OPCODE.text, payload: '1' })],
];

export function startFlood(frames: Buffer): Promise<ScriptedServer> {
  const block = Buffer.concat(Array(Math.ceil(BLOCK_BYTES / frames.length)).fill(frames));
  return startScriptedServer(async (peer) => {
    await peer.accept();
    await peer.welcome();
    await peer.sendText('{"n":1}');
    while (!peer.attempt.ended) await peer.sendRaw(block);
  });
}
