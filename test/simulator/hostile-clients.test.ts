// Clients that violate the protocol only end their own connection.
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { decodeFrame, encodeFrame, OPCODE } from '../helpers/frames.ts';
import { openRaw, upgradeRaw } from './raw-client.ts';
import { connectClient, openSimulator } from './stream-client.ts';

const masked = (opcode: number, payload: string | Uint8Array, fin = true): Buffer =>
  encodeFrame({ opcode, payload, fin, mask: true });

/** Writes these bytes over and over, as fast as they are taken, until the connection is gone. */
function flood(socket: Socket, bytes: Buffer): void {
  const more = (): void => {
    while (socket.writable && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}

const ROWS: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['a frame without a mask', (socket) => socket.write(encodeFrame({ payload: 'ping' }))],
  ['text that is not UTF-8', (socket) => socket.write(masked(OPCODE.text, Buffer.from([0xc3, 0x28])))],
  ['a reserved opcode', (socket) => socket.write(masked(3, 'x'))],
  ['a compressed frame', (socket) => socket.write(encodeFrame({ rsv1: true, mask: true, payload: 'x' }))],
  ['a length of 2^63', (socket) => socket.write(encodeFrame({ mask: true, lengthOverride: 2n ** 63n }))],
  ['a length of 4 GiB', (socket) => socket.write(encodeFrame({ mask: true, lengthOverride: 2n ** 32n }))],
  ['a message of 1 MiB', (socket) => socket.write(masked(OPCODE.binary, Buffer.alloc(1024 * 1024)))],
  [
    'bytes at random',
    (socket) => socket.write(Buffer.from(Array.from({ length: 4_096 }, (_, n) => (n * 7919) % 251))),
  ],
  [
    'a message that never ends, in empty pieces',
    (socket) => {
      socket.write(masked(OPCODE.text, '', false));
      flood(socket, Buffer.concat(new Array<Buffer>(10_000).fill(masked(OPCODE.continuation, '', false))));
    },
  ],
  [
    'a message that never ends, in single bytes',
    (socket) => {
      socket.write(masked(OPCODE.text, 'a', false));
      flood(socket, Buffer.concat(new Array<Buffer>(10_000).fill(masked(OPCODE.continuation, 'a', false))));
    },
  ],
  [
    'a thousand close frames',
    (socket) => socket.write(Buffer.concat(new Array<Buffer>(1_000).fill(masked(OPCODE.close, '')))),
  ],
  ['a half-closed connection', (socket) => socket.end()],
];

describe('a client that sends', () => {
  test.each(ROWS)('%s loses its connection, and no other one is disturbed', async (_name, act) => {
    const simulator = await openSimulator({ ratePerSecond: 500, seed: 1 });
    const bystander = connectClient(simulator);
    await bystander.untilTexts(2);
    const hostile = await upgradeRaw(simulator);
    act(hostile.socket);
    await hostile.until(() => hostile.isClosed || undefined, 'the end of the connection');
    await bystander.untilTexts(bystander.texts.length + 20);
    expect(bystander.closeCode).toBeUndefined();
    await connectClient(simulator).untilTexts(2);
  });
});

test('a close frame reports the protocol error to the client', async () => {
  const simulator = await openSimulator({ ratePerSecond: 0 });
  const hostile = await upgradeRaw(simulator);
  const before = hostile.received.length;
  hostile.socket.write(encodeFrame({ payload: 'ping' }));
  await hostile.until(() => hostile.isClosed || undefined, 'the end of the connection');
  const { frame } = decodeFrame(hostile.received.subarray(before)) ?? {};
  expect([frame?.opcode, frame?.payload.readUInt16BE(0)]).toEqual([OPCODE.close, 1002]);
});

test.each([
  ['TLS on a plaintext port', Buffer.from('1603010200010001fc0303', 'hex'), '400'],
  ['no HTTP', Buffer.from('SSH-2.0-x\r\n\r\n'), '400'],
  ['100 kB of headers', Buffer.from(`GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`), '431'],
])('%s is answered and ended', async (_name, bytes, status) => {
  const raw = openRaw((await openSimulator()).port);
  raw.socket.write(bytes);
  await raw.until(() => raw.isClosed || undefined, 'the end of the connection');
  expect(String(raw.received)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test('two hundred requests that never end do not block others', async () => {
  const simulator = await openSimulator({ ratePerSecond: 500 });
  const slow = Array.from({ length: 200 }, () => openRaw(simulator.port));
  for (const { socket } of slow) socket.write('GET /v1/stream HTTP/1.1\r\nX-A: ');
  await connectClient(simulator).untilTexts(5);
});
