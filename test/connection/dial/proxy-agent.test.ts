// The response of a proxy to CONNECT, however it is split on the way.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { MAX_HEADER_BYTES, readProxyResponse } from '../../../src/connection/dial/proxy-agent.ts';

/** A socket that delivers each part in a read of its own, then ends. */
function deliver(parts: readonly string[]): Socket {
  const left = [...parts];
  const socket = new Duplex({
    highWaterMark: 0,
    read() {
      setImmediate(() => this.push(left.length === 0 ? null : Buffer.from(left.shift() ?? '')));
    },
    write: (_chunk, _encoding, done) => done(),
  });
  return socket as Socket;
}

const RESPONSE = 'HTTP/1.1 407 No\r\nX-Filler: x\r\n\r\n';

describe('row 33: the response of a proxy', () => {
  test('is found wherever it is split', async () => {
    for (let at = 1; at < RESPONSE.length; at++) {
      const response = await readProxyResponse(deliver([RESPONSE.slice(0, at), RESPONSE.slice(at)]));
      expect([at, response.statusCode, response.bytes.toString()]).toEqual([at, 407, RESPONSE]);
    }
    expect((await readProxyResponse(deliver([...RESPONSE]))).statusCode).toBe(407);
  });

  test('may be as long as the limit, and no longer', async () => {
    const fill = (bytes: number): string => `HTTP/1.1 200 OK\r\n${'x'.repeat(bytes - 21)}\r\n\r\n`;
    expect((await readProxyResponse(deliver([fill(MAX_HEADER_BYTES)]))).statusCode).toBe(200);
    const socket = deliver([fill(MAX_HEADER_BYTES + 1)]);
    await expect(readProxyResponse(socket)).rejects.toThrow('its response header is too long');
    expect(socket.destroyed).toBe(true);
  });

  test.each([
    ['SSH-2.0-OpenSSH\r\n\r\n', 'not HTTP'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'not HTTP'],
    ['\r\n\r\n', 'not HTTP'],
    ['HTTP/1.1 200 OK\r\n', 'without a response'],
    ['', 'without a response'],
  ])('%j is not one', async (text, message) => {
    const socket = deliver(text === '' ? [] : [text]);
    await expect(readProxyResponse(socket)).rejects.toThrow(message);
    expect(socket.destroyed).toBe(true);
  });
});
