// Self-test of the raw server: against the independent client `ws`, and against plain sockets.
import { createConnection } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { frame, OPCODE } from './frames.ts';
import { resetConnection } from './reset.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from './scripted-server.ts';

const KEY = `ak_live_${'c0ffee00'.repeat(4)}`;

const HEAD = 'GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\n\r\n';

/** What a plain socket reads after sending a request head, and how the connection ended. */
function readRaw(port: number): Promise<{ text: string; end: string }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(port, '127.0.0.1', () => socket.write(HEAD));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      socket.write('read');
    });
    socket.on('end', () => resolve({ text, end: 'end' }));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ text, end: error.code ?? error.message }));
  });
}

/** What a `ws` client saw until it closed. */
function follow(url: string, act: (client: WebSocket, message: string) => void = () => undefined) {
  const client = new WebSocket(url, { headers: { 'X-API-Key': KEY } });
  const seen = { client, messages: [] as string[], errors: [] as string[], status: 0 };
  client.on('message', (data, isBinary) => {
    const text = isBinary ? `binary:${data.toString()}` : data.toString();
    seen.messages.push(text);
    act(client, text);
  });
  client.on('error', (error: NodeJS.ErrnoException) => seen.errors.push(error.code ?? error.message));
  const closed = new Promise<typeof seen & { code: number; reason: string }>((resolve) => {
    client.on('close', (code, reason) => resolve({ ...seen, code, reason: reason.toString() }));
  });
  return { client, closed };
}

describe('startScriptedServer', () => {
  test('streamHandler: welcome with the prefix of the key, events, text pong, echoed close', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}', '{"n":2}'] }));
    const { closed } = follow(`${server.url}/v1/stream`, (client, message) => {
      if (message === '{"n":2}') client.send('ping');
      if (message === 'pong') client.close(1000, 'done');
    });
    const seen = await closed;
    expect(seen.messages).toEqual([
      '{"type":"welcome","key":"ak_live_c0ffee00"}',
      '{"n":1}',
      '{"n":2}',
      'pong',
    ]);
    expect(seen.code).toBe(1000);
    const attempt = await server.waitForAttempt(1);
    expect(attempt.request?.method).toBe('GET');
    expect(attempt.request?.path).toBe('/v1/stream');
    expect(attempt.request?.headers['x-api-key']).toBe(KEY);
    expect(attempt.request?.raw.endsWith('\r\n\r\n')).toBe(true);
    expect(attempt.closeFrame).toEqual({ code: 1000, reason: 'done' });
    expect(attempt.frames.map((one) => one.opcode)).toEqual([OPCODE.text, OPCODE.close]);
    expect(attempt.bytesReceived).toBeGreaterThan(100);
  });

  test('frames of every size and shape arrive as built', async () => {
    const sizes = [0, 125, 126, 65535, 65536, 200_000];
    await using server = await startScriptedServer(async (peer) => {
      await peer.accept();
      for (const size of sizes) await peer.sendText('x'.repeat(size));
      await peer.sendRaw(frame.fragmented('äöü-fragmented', 3));
      await peer.sendRaw(frame.binary('b'));
      await peer.sendClose(4001, 'bye');
    });
    const seen = await follow(server.url).closed;
    expect(seen.messages.slice(0, sizes.length).map((text) => text.length)).toEqual(sizes);
    expect(seen.messages.slice(sizes.length)).toEqual(['äöü-fragmented', 'binary:b']);
    expect([seen.code, seen.reason]).toEqual([4001, 'bye']);
  });

  test.each([
    ['RSV1', frame.raw({ payload: 'x', rsv1: true }), 'WS_ERR_UNEXPECTED_RSV_1'],
    ['a masked frame', frame.raw({ payload: 'x', mask: true }), 'WS_ERR_UNEXPECTED_MASK'],
    ['opcode 3', frame.raw({ opcode: 3 }), 'WS_ERR_INVALID_OPCODE'],
    ['invalid UTF-8', frame.text(Buffer.from([0xff])), 'WS_ERR_INVALID_UTF8'],
    ['a close code that must not be sent', frame.close(1006), 'WS_ERR_INVALID_CLOSE_CODE'],
    ['an absurd length', frame.raw({ lengthOverride: 2n ** 63n }), 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'],
  ])('wrong bytes are sent unchanged: %s', async (_name, bytes, code) => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.sendRaw(bytes);
    });
    const seen = await follow(server.url).closed;
    expect(seen.errors).toEqual([code]);
    expect(seen.code).toBe(1006);
  });

  test('a wrong accept value and an HTTP refusal reach the client as such', async () => {
    await using server = await startScriptedServer(async (peer, index) => {
      if (index === 0) await peer.accept({ accept: 'nonsense' });
      else await peer.respond(401, { 'Content-Type': 'application/json' }, '{"error":{}}');
    });
    expect((await follow(server.url).closed).errors).toEqual(['Invalid Sec-WebSocket-Accept header']);
    expect((await follow(server.url).closed).errors).toEqual(['Unexpected server response: 401']);
    expect(server.attempts).toHaveLength(2);
    const [first, second] = server.attempts;
    expect((second?.connectedAtMs ?? 0) - (first?.connectedAtMs ?? 0)).toBeGreaterThan(0);
  });

  test('reset is an RST, end is a FIN, and the record says which side ended it', async () => {
    await using server: ScriptedServer = await startScriptedServer(async (peer, index) => {
      await peer.readRequest();
      await peer.sendRaw('hello');
      await server.waitUntil(() => peer.attempt.bytesReceived > HEAD.length || undefined, 'the answer');
      if (index === 0) peer.reset();
      if (index === 1) peer.end();
    });
    expect(await readRaw(server.port)).toEqual({ text: 'hello', end: 'ECONNRESET' });
    expect(await readRaw(server.port)).toEqual({ text: 'hello', end: 'end' });
    const dropped = createConnection(server.port, '127.0.0.1').on('error', () => undefined);
    dropped.write(HEAD);
    await server.waitUntil(() => server.attempts[2]?.request, 'the third request');
    resetConnection(dropped);
    const third = await server.waitUntil(() => server.attempts[2]?.ended, 'the third to end');
    expect(server.attempts[0]?.ended?.how).toBe('server-reset');
    expect(server.attempts[1]?.ended?.how).toBe('server-end');
    expect(third.how).toBe('client-reset');
  });

  test('a frame without mask is refused, a failing script fails close()', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.nextFrame();
    });
    const raw = createConnection(server.port, '127.0.0.1');
    raw.write(Buffer.concat([Buffer.from(HEAD), frame.text('x')]));
    await server.waitUntil(() => server.errors[0], 'the script to fail');
    expect(server.attempts[0]?.request?.headers['a']).toBe('1, 2');
    await expect(server.close()).rejects.toThrow('unmasked');
    raw.destroy();
  });

  test('a client that goes away ends a waiting script without an error', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.nextFrame();
    });
    const raw = createConnection(server.port, '127.0.0.1');
    await server.waitForAttempt(1);
    raw.destroy();
    await server.waitUntil(() => (server.countOpen() === 0 ? true : undefined), 'no open connection');
    expect(server.errors).toEqual([]);
  });

  test('a client that does not read holds the script back', async () => {
    let sent = 0;
    await using server = await startScriptedServer(async (peer) => {
      for (; sent < 1000; sent++) await peer.sendRaw(Buffer.alloc(1 << 20));
    });
    const raw = createConnection(server.port, '127.0.0.1').pause();
    await server.waitForAttempt(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(100);
    raw.destroy();
  });
});
