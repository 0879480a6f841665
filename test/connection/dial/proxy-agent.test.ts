// What a proxy says to CONNECT, however it is cut on the way.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { MAX_ANSWER_BYTES, readProxyAnswer } from '../../../src/connection/dial/proxy-agent.ts';

/** A socket that brings each part in a read of its own, then ends. */
function bring(parts: readonly string[]): Socket {
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

const ANSWER = 'HTTP/1.1 407 No\r\nX-Filler: x\r\n\r\n';

describe('row 33: the answer of a proxy', () => {
  test('is found wherever it is cut', async () => {
    for (let at = 1; at < ANSWER.length; at++) {
      const answer = await readProxyAnswer(bring([ANSWER.slice(0, at), ANSWER.slice(at)]));
      expect([at, answer.statusCode, answer.bytes.toString()]).toEqual([at, 407, ANSWER]);
    }
    expect((await readProxyAnswer(bring([...ANSWER]))).statusCode).toBe(407);
  });

  test('may be as long as the bound, and no longer', async () => {
    const fill = (bytes: number): string => `HTTP/1.1 200 OK\r\n${'x'.repeat(bytes - 21)}\r\n\r\n`;
    expect((await readProxyAnswer(bring([fill(MAX_ANSWER_BYTES)]))).statusCode).toBe(200);
    const socket = bring([fill(MAX_ANSWER_BYTES + 1)]);
    await expect(readProxyAnswer(socket)).rejects.toThrow('a header without an end');
    expect(socket.destroyed).toBe(true);
  });

  test.each([
    ['SSH-2.0-OpenSSH\r\n\r\n', 'not HTTP'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'not HTTP'],
    ['\r\n\r\n', 'not HTTP'],
    ['HTTP/1.1 200 OK\r\n', 'hung up'],
    ['', 'hung up'],
  ])('%j is none', async (text, words) => {
    const socket = bring(text === '' ? [] : [text]);
    await expect(readProxyAnswer(socket)).rejects.toThrow(words);
    expect(socket.destroyed).toBe(true);
  });
});
