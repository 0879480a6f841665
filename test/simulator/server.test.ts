import { get, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { keyPrefix } from '../../src/io/key.ts';
import { createRedactor } from '../../src/io/redact.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { pauseFor } from '../helpers/watch.ts';
import { connectClient, expectRefusal, openSimulator } from './stream-client.ts';

const OTHER_KEY = 'ak_live_ffffffffffffffffffffffffffffffff';

describe('over HTTP', () => {
  test('/healthz answers without a key', async () => {
    const { url } = await openSimulator();
    const response = await fetch(`${url}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"status":"ok"}');
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/);
  });

  test.each([
    ['/', 404, 'not_found'],
    ['/v1/streams', 404, 'not_found'],
    ['/v1/stream', 401, 'unauthorized'],
  ])('%s answers %i with the error envelope', async (path, status, code) => {
    const { url } = await openSimulator();
    const response = await fetch(`${url}${path}`, { headers: { 'X-Request-Id': 'mine-1' } });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { code, message: expect.any(String) } });
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('x-credit-cost')).toBeNull();
  });

  test('the stream without an upgrade is a bad request', async () => {
    const { url, exampleKey } = await openSimulator();
    const response = await fetch(`${url}/v1/stream`, { headers: { 'X-API-Key': exampleKey } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'bad_request' } });
  });
});

describe('the upgrade', () => {
  test('carries the request id and the credit', async () => {
    const simulator = await openSimulator();
    for (const remaining of ['99999', '99998']) {
      const client = connectClient(simulator, { headers: { 'X-Request-Id': 'mine-2' } });
      await client.untilTexts(1);
      expect(client.headers).toMatchObject({
        'x-request-id': 'mine-2',
        'x-credit-cost': '1',
        'x-credit-remaining': remaining,
      });
    }
  });

  test.each([
    ['no key', ''],
    ['a key in another form', 'sk_live_0123'],
    ['a key with a space', 'ak_live_01 23'],
  ])('%s is answered 401 with the envelope', async (_case, key) => {
    const { status, headers, body } = await expectRefusal(await openSimulator(), { key });
    expect(status).toBe(401);
    expect(JSON.parse(body)).toEqual({ error: { code: 'unauthorized', message: expect.any(String) } });
    expect(headers['x-request-id']).toMatch(/^req_/);
    expect(headers['x-credit-cost']).toBeUndefined();
  });

  test('with a list of keys only those are accepted', async () => {
    const simulator = await openSimulator({ keys: [OTHER_KEY] });
    expect(simulator.exampleKey).toBe(OTHER_KEY);
    expect((await connectClient(simulator).untilTexts(1))[0]).toContain('"welcome"');
    const refused = await expectRefusal(simulator, { key: 'ak_live_0123456789abcdef0123456789abcdef' });
    expect(refused.status).toBe(401);
  });

  test('the prefix of its own key stays readable in messages', async () => {
    const { exampleKey } = await openSimulator();
    const redactor = createRedactor();
    redactor.addSecret(exampleKey);
    const message = `with the key ${keyPrefix(exampleKey)}…`;
    expect(redactor.redact(message)).toBe(message);
  });

  test('a key in the query string does not count', async () => {
    const simulator = await openSimulator();
    const path = `/v1/stream?api_key=${simulator.exampleKey}`;
    expect((await expectRefusal(simulator, { key: '', path })).status).toBe(401);
  });

  test('another path is answered 404 with the envelope', async () => {
    const { status, body } = await expectRefusal(await openSimulator(), { path: '/v2/stream' });
    expect(status).toBe(404);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'not_found' } });
  });

  test('a malformed handshake is answered 400 with the envelope', async () => {
    const { url, exampleKey } = await openSimulator();
    const headers = { 'X-API-Key': exampleKey, Connection: 'Upgrade', Upgrade: 'websocket' };
    const response = await new Promise<IncomingMessage>((resolve) => {
      get(`${url}/v1/stream`, { headers }, resolve);
    });
    expect(response.statusCode).toBe(400);
    expect(JSON.parse(await text(response))).toMatchObject({ error: { code: 'bad_request' } });
  });
});

describe('starting and closing', () => {
  test('close ends every connection, frees the port and can be repeated', async () => {
    const simulator = await startSimulator();
    const clients = [connectClient(simulator), connectClient(simulator)];
    await Promise.all(clients.map((client) => client.untilTexts(1)));
    await Promise.all([simulator.close(), simulator.close()]);
    for (const client of clients) expect(await client.untilClosed()).toBe(1006);
    const again = await openSimulator({ port: simulator.port });
    expect(again.url).toBe(`http://127.0.0.1:${simulator.port}`);
  });

  test('M3: it listens on 127.0.0.1 and nowhere else unless asked', async () => {
    const reach = async (host: string, options?: { host: string }): Promise<boolean> => {
      const { port } = await openSimulator(options);
      const socket = connect(port, host);
      registerCleanup(() => socket.destroy());
      return new Promise((resolve) => {
        socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      });
    };
    // All of 127.0.0.0/8 is loopback on Linux: another address replaces those of the network.
    expect(await reach('127.0.0.1')).toBe(true);
    expect(await reach('127.0.0.2')).toBe(false);
    if (process.platform === 'linux') expect(await reach('127.0.0.2', { host: '0.0.0.0' })).toBe(true);
  });

  test('close does not wait for a client that has not asked anything yet', async () => {
    const simulator = await startSimulator();
    const idle = connect(simulator.port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    const ended = new Promise((resolve) => idle.once('close', resolve));
    idle.on('error', () => undefined);
    await simulator.close();
    await ended;
  });

  test('C9: a port in use is an error with a hint', async () => {
    const taken = createServer();
    registerCleanup(() => taken.close());
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(startSimulator({ port })).rejects.toMatchObject({
      name: 'UsageError',
      message: `the simulator cannot listen on 127.0.0.1:${port}: the port is in use`,
    });
  });

  test.each([
    ['port', { port: 70_000 }],
    ['rate', { ratePerSecond: -1 }],
    ['rate', { ratePerSecond: Number.NaN }],
    ['count', { count: 1.5 }],
    ['types', { types: [] }],
    ['types', { types: ['x'.repeat(65)] }],
    ['keys', { keys: [] }],
    ['scenario', { scenario: 'sunny' }],
    ['scenario', { scenario: 'constructor' }],
    ['scenario', { scenario: 'close-999' }],
  ])('a nonsensical %s is refused, naming it: %j', async (name, options) => {
    await expect(startSimulator(options)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(name),
    });
  });

  test('clients that come and go in mid-stream leave nothing behind', async () => {
    const simulator = await openSimulator({ ratePerSecond: Number.POSITIVE_INFINITY });
    for (let round = 0; round < 10; round++) {
      const client = connectClient(simulator);
      await client.untilTexts(100);
      if (round % 2 === 0) client.socket.terminate();
      else client.socket.close(1000);
      await client.untilClosed();
    }
    await pauseFor(20);
    expect(await connectClient(simulator).untilTexts(2)).toEqual(expect.any(Array));
  });
});
