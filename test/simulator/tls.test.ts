import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { registerCleanup } from '../helpers/cleanup.ts';
import { openSimulator } from './stream-client.ts';

/** Connects with the simulator's own certificate as root, and waits for the end or for `count` messages. */
async function follow(
  simulator: Awaited<ReturnType<typeof openSimulator>>,
  count: number,
  host = '127.0.0.1',
) {
  const texts: string[] = [];
  const socket = new WebSocket(`wss://${host}:${simulator.port}/v1/stream`, {
    headers: { 'X-API-Key': simulator.exampleKey },
    ca: simulator.caCertificate,
  });
  registerCleanup(() => socket.terminate());
  let errorCode: string | undefined;
  socket.on('upgrade', (response) => {
    response.socket.on('error', (error: NodeJS.ErrnoException) => {
      errorCode ??= error.code;
    });
  });
  await new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      if (texts.push(String(data)) === count) resolve();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      errorCode ??= error.code;
    });
    socket.on('close', () => resolve());
  });
  return { texts, errorCode };
}

describe('over TLS', () => {
  test.each(['127.0.0.1', 'localhost'])('the certificate is valid for %s', async (host) => {
    const simulator = await openSimulator({ tls: true, ratePerSecond: 1_000, seed: 1, count: 5 });
    expect(simulator.url).toBe(`https://127.0.0.1:${simulator.port}`);
    const { texts } = await follow(simulator, 6, host);
    expect(texts[0]).toBe('{"type":"welcome","key":"ak_live_01234567"}');
    expect(texts).toHaveLength(6);
  });

  test('/healthz answers, and other clients do not trust the certificate', async () => {
    const simulator = await openSimulator({ tls: true });
    const get = (ca: string | undefined) =>
      new Promise<string>((resolve, reject) => {
        request(`${simulator.url}/healthz`, { ca }, (response) => resolve(text(response)))
          .on('error', reject)
          .end();
      });
    expect(await get(simulator.caCertificate)).toBe('{"status":"ok"}');
    await expect(get(undefined)).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/),
    });
  });

  test('a reset is a TCP reset', async () => {
    // A client that finds data and the reset at the same time, as on a busy machine, reports an end without an error.
    for (let attempt = 1; ; attempt += 1) {
      const simulator = await openSimulator({ tls: true, ratePerSecond: 1_000, seed: 1, scenario: 'drop' });
      const { texts, errorCode } = await follow(simulator, 100);
      expect(texts).toHaveLength(6);
      if (attempt < 10 && errorCode === undefined) continue;
      expect(errorCode).toBe('ECONNRESET');
      return;
    }
  });
});
